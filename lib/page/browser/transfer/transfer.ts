/** The transfers of this tab. They continue while the page shows something else; closing the tab needs a confirmation. */
import { useEffect, useState } from "preact/hooks";
import { Meter } from "./meter.ts";

/** Milliseconds between two updates of what is shown, also of a transfer that has stalled. */
const UPDATE_INTERVAL = 100;

const listeners = new Set<() => void>();
const running = new Set<PageTransfer>();

/** What a transfer does. It returns what is shown after its success. */
export type TransferWork = (
  signal: AbortSignal,
  onProgress: (transferred: number) => void,
) => Promise<string>;

/** A transfer that has started. */
export class PageTransfer {
  readonly total: number | null;
  readonly meter = new Meter();
  status: "running" | "done" | "failed" | "canceled" = "running";
  /** What is shown instead of numbers while it runs. */
  note = "";
  /** What is shown after its success. */
  result = "";
  /** Why it has failed. */
  error: unknown = null;
  /** Fulfilled when it has ended, in whatever way. */
  readonly ended: Promise<void>;
  readonly #controller = new AbortController();

  constructor(total: number | null, work: TransferWork) {
    this.total = total;
    if (running.size === 0) addEventListener("beforeunload", confirmUnload);
    running.add(this);
    this.ended = this.#run(work).finally(() => {
      running.delete(this);
      if (running.size === 0) removeEventListener("beforeunload", confirmUnload);
      notify();
    });
    notify();
  }

  cancel(): void {
    this.#controller.abort(new DOMException("canceled", "AbortError"));
  }

  /** Shows a text while it runs. */
  say(note: string): void {
    this.note = note;
    notify();
  }

  async #run(work: TransferWork): Promise<void> {
    const { signal } = this.#controller;
    let transferred = 0;
    const timer = setInterval(() => {
      this.meter.add(transferred, performance.now());
      notify();
    }, UPDATE_INTERVAL);
    try {
      this.result = await work(signal, (bytes) => transferred = bytes);
      this.status = "done";
    } catch (error) {
      this.status = signal.aborted ? "canceled" : "failed";
      this.error = error;
    } finally {
      clearInterval(timer);
    }
  }
}

/** Whether a transfer is running. */
export function isTransferring(): boolean {
  return running.size > 0;
}

/** Cancels all transfers, and waits until they have cleaned up. */
export async function cancelTransfers(): Promise<void> {
  const all = [...running];
  for (const transfer of all) transfer.cancel();
  await Promise.all(all.map(({ ended }) => ended));
}

/** Renders a component again when a transfer changes. */
export function useTransfers(): void {
  const [, setCount] = useState(0);
  useEffect(() => {
    const listener = () => setCount((count) => count + 1);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, []);
}

function notify(): void {
  for (const listener of listeners) listener();
}

function confirmUnload(event: BeforeUnloadEvent): void {
  event.preventDefault();
}
