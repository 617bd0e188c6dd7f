/** Measures how far a client lags behind a minimum rate. */
import { EVENT_LOOP, type EventLoop } from "./time_limit.ts";

/**
 * The time for which the server has waited for a client to send or read bytes, less the time that these bytes may take at
 * the minimum rate. A single byte now and then does not reset it.
 */
export class ClientLag {
  /** Bytes per millisecond. */
  readonly #rate: number;
  readonly #loop: Pick<EventLoop, "now">;
  #lag = 0;
  #waits = 0;
  /** When the pending waits were last counted. */
  #since = 0;

  /** @param rate minimum rate in bytes per second */
  constructor(rate: number, loop: Pick<EventLoop, "now"> = EVENT_LOOP) {
    this.#rate = rate / 1000;
    this.#loop = loop;
  }

  /** The lag in milliseconds. */
  get ms(): number {
    return this.#waits === 0 ? this.#lag : this.#lag + this.#loop.now() - this.#since;
  }

  /** The lag in milliseconds; 0 while the server does not wait for the client. */
  get pendingMs(): number {
    return this.#waits === 0 ? 0 : this.ms;
  }

  /** A wait for the client starts. */
  begin(): void {
    if (this.#waits++ === 0) this.#since = this.#loop.now();
  }

  /** A wait ends; the client has sent or read this many bytes in it. */
  end(bytes: number): void {
    const now = this.#loop.now();
    this.#lag = Math.max(0, this.#lag + now - this.#since - bytes / this.#rate);
    this.#since = now;
    this.#waits--;
  }
}
