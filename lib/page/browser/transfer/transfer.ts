/** The transfers of this tab. They continue while the page shows something else; closing the tab needs a confirmation. */
import { useEffect, useState } from "preact/hooks";
import { Meter } from "./meter.ts";

/** Milliseconds between two updates of what is shown, also of a transfer that has stalled. */
const UPDATE_INTERVAL = 100;

const listeners = new Set<() => void>();
let running = 0;

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
  readonly #controller = new AbortController();

  constructor(total: number | null, work: TransferWork) {
    this.total = total;
    if (running++ === 0) addEventListener("beforeunload", confirmUnload);
    this.#run(work).finally(() => {
      if (--running === 0) removeEventListener("beforeunload", confirmUnload);
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
