/**
 * Shares the event loop between large responses and all other work. The runtime writes to a socket at once while its
 * buffer has room, which is megabytes for each client, so many downloads can start in one turn of the event loop, in which
 * no other connection is read.
 */
import { EVENT_LOOP, type EventLoop } from "../time_limit.ts";

/** Bytes of large responses that all connections together write in a turn of the event loop: several milliseconds. */
const TURN_BYTES = 8 * 1024 * 1024;

/** Bytes after which the end of the turn is awaited. Most turns write less; a timer in each would cost CPU time. */
const AWAITED_BYTES = TURN_BYTES / 2;

export class WriteTurns {
  readonly #loop: Pick<EventLoop, "after">;
  /** Writes that wait, in their order. */
  readonly #waiting: (() => void)[] = [];
  /** Bytes that were written since the last turn that was awaited. */
  #count = 0;
  /** Cancels the timer of the next turn; null if there is none. */
  #cancel: (() => void) | null = null;

  constructor(loop: Pick<EventLoop, "after"> = EVENT_LOOP) {
    this.#loop = loop;
  }

  /** Calls `write`, which writes up to `bytes` bytes: in this turn if they are not too many, else in a later one. */
  run<Result>(bytes: number, write: () => Promise<Result>): Promise<Result> {
    const counted = () => {
      this.#count += bytes;
      if (this.#count >= AWAITED_BYTES) this.#awaitTurn();
      return write();
    };
    if (this.#count < TURN_BYTES) return counted();
    return new Promise((resolve) => void this.#waiting.push(() => resolve(counted())));
  }

  /** Calls all writes, whose connections are closed. */
  close(): void {
    this.#cancel?.();
    this.#count = -Infinity;
    for (const write of this.#waiting.splice(0)) write();
  }

  #awaitTurn(): void {
    this.#cancel ??= this.#loop.after(0, () => this.#begin());
  }

  /** Starts a turn with the writes that have waited longest. */
  #begin(): void {
    this.#cancel = null;
    this.#count = 0;
    while (this.#count < TURN_BYTES && this.#waiting.length > 0) this.#waiting.shift()?.();
  }
}
