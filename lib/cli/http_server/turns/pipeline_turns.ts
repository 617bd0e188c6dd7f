/**
 * Shares the event loop between pipelined requests and all other work. Without it, many pipelined requests can be handled
 * in one turn of the event loop, in which no other connection is read.
 */
import { EVENT_LOOP, type EventLoop } from "../time_limit.ts";

/** Milliseconds per turn of the event loop in which all connections together handle pipelined requests. */
const SLICE_MS = 4;

export class PipelineTurns {
  readonly #loop: EventLoop;
  /** Connections that wait, in their order. */
  readonly #waiting: (() => void)[] = [];
  /** When the slice of time is used up. */
  #sliceEnd = 0;
  /** Cancels the timer of the next slice. */
  #cancel = () => {};

  constructor(loop: EventLoop = EVENT_LOOP) {
    this.#loop = loop;
  }

  /** Resolves when a connection may handle its next pipelined request: immediately until the time slice is used up. */
  next(): Promise<void> {
    if (this.#loop.now() < this.#sliceEnd) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      if (this.#waiting.length === 1) this.#cancel = this.#loop.after(0, () => this.#begin());
    });
  }

  /** Resolves the waits of all connections, which are closed. */
  close(): void {
    this.#cancel();
    this.#sliceEnd = Infinity;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Starts a slice with the connection that has waited longest. The others wait for later turns. */
  #begin(): void {
    if (this.#waiting.length === 0) return;
    this.#sliceEnd = this.#loop.now() + SLICE_MS;
    this.#waiting.shift()?.();
    if (this.#waiting.length > 0) this.#cancel = this.#loop.after(0, () => this.#begin());
  }
}
