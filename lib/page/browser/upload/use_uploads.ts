/** The files and URLs that become images, one line each. */
import { useEffect, useRef, useState } from "preact/hooks";
import { PageTransfer } from "../transfer/transfer.ts";
import type { User } from "../gateway.ts";
import { formatOf, imageNameFor, inspectFile } from "./inspect_file.ts";
import { importUrl } from "./import_url.ts";
import { type ChosenImage, uploadFile } from "./upload_file.ts";

/** Number of uploads that run at the same time. Browsers open six connections, which other requests need, too. */
const MAX_RUNNING = 2;

/** A line. */
export interface UploadItem extends ChosenImage {
  readonly key: number;
  /** A file, or the URL of an image. */
  readonly source: File | string;
  /** Why a file should not be uploaded as it is; null while it is inspected. */
  readonly warning: string | null;
  readonly transfer: PageTransfer | null;
}

/** The lines, and what can be done with them. */
export interface Uploads {
  readonly items: readonly UploadItem[];
  add(sources: Iterable<File | string>): void;
  change(key: number, values: Partial<UploadItem>): void;
  remove(key: number): void;
  /** Starts all lines that were not started yet. */
  start(): void;
}

let lastKey = 0;

/** The lines, also while the page shows the form to sign in. */
let lines: readonly UploadItem[] = [];

/** Removes all lines: the next user has not chosen these files. */
export function forgetUploads(): void {
  lines = [];
}

/** @param onStored called after an image was stored */
export function useUploads(user: User, onStored: () => void): Uploads {
  const [items, show] = useState(lines);
  const setItems = (change: (items: readonly UploadItem[]) => readonly UploadItem[]) =>
    show(lines = change(lines));
  const stored = useRef(onStored);
  stored.current = onStored;

  const change = (key: number, values: Partial<UploadItem>) =>
    setItems((items) => items.map((item) => item.key === key ? { ...item, ...values } : item));

  const add = (sources: Iterable<File | string>) => {
    for (const source of sources) {
      const key = ++lastKey;
      const isFile = typeof source !== "string";
      const path = isFile ? source.name : URL.parse(source)?.pathname.split("/").at(-1) ?? "";
      const chosen = { name: imageNameFor(path), disk_format: formatOf(path) };
      const line = { key, source, ...chosen, warning: isFile ? null : "", transfer: null };
      setItems((items) => [...items, line]);
      if (!isFile) continue;
      inspectFile(source).then(
        (found) => change(key, found),
        () => change(key, { warning: "it cannot be read" }),
      );
    }
  };

  const start = () =>
    setItems((items) => items.map((item) => item.transfer === null ? started(item) : item));
  const started = (item: UploadItem): UploadItem => ({
    ...item,
    transfer: newTransfer(user, item, () => stored.current()),
  });

  useEffect(() => {
    // The browser would leave the page and open the file.
    const allow = (event: DragEvent) => {
      if (event.dataTransfer?.types.includes("Files")) event.preventDefault();
    };
    const drop = (event: DragEvent) => {
      allow(event);
      add(event.dataTransfer?.files ?? []);
    };
    addEventListener("dragover", allow);
    addEventListener("drop", drop);
    return () => {
      removeEventListener("dragover", allow);
      removeEventListener("drop", drop);
    };
  }, []);

  const remove = (key: number) => setItems((items) => items.filter((item) => item.key !== key));
  return { items, add, change, remove, start };
}

function newTransfer(user: User, item: UploadItem, onStored: () => void): PageTransfer {
  const { source, name, disk_format } = item;
  const chosen = { name, disk_format };
  const work = async (signal: AbortSignal, onSent: (sent: number) => void) => {
    if (typeof source === "string") {
      const onStatus = (status: string) => transfer.say(status);
      await importUrl(user, chosen, source, { signal, onStatus });
      onStored();
      return "Imported";
    }
    const end = await turn(signal);
    try {
      const onProgress = (sent: number) => {
        onSent(sent);
        if (sent === source.size) transfer.say("Sent. Glance is storing the data …");
      };
      const compared = await uploadFile(user, chosen, source, { signal, onProgress });
      onStored();
      return `Uploaded, and its ${compared} is right`;
    } finally {
      end();
    }
  };
  const transfer: PageTransfer = new PageTransfer(
    typeof source === "string" ? null : source.size,
    work,
  );
  return transfer;
}

let running = 0;
const waiting: (() => void)[] = [];

/** Waits until there are few enough uploads; returns what ends this one. */
async function turn(signal: AbortSignal): Promise<() => void> {
  while (running >= MAX_RUNNING && !signal.aborted) {
    await new Promise<void>((resolve) => {
      waiting.push(resolve);
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
  }
  signal.throwIfAborted();
  running++;
  return () => {
    running--;
    for (const wake of waiting.splice(0)) wake();
  };
}
