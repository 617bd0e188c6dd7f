/**
 * How many connections `connections: "auto"` uses: it starts with one, or with several if the servers are
 * far away, and doubles their number while that makes the download faster. It sends no requests and has no
 * clock.
 */

/** Most connections. */
const MOST = 8;

/** Connections at the start if the servers are far away: each takes several waits to reach its throughput. */
const FAR_START = 4;

/** Milliseconds of waiting for the first byte of a server that is far away. */
const FAR = 20;

/** Gain in throughput that is worth twice as many connections. */
const GAIN = 1.15;

/** Minimum milliseconds over which the throughput is measured. */
const INTERVAL = 250;

/** Waits for a first byte over which the throughput is measured: new connections start slowly. */
const WAITS = 3;

/** Intervals without a gain after which the number is final. */
const FRUITLESS_INTERVALS = 2;

/** Decides on the number of connections from the throughput. */
export class ConnectionPolicy {
  readonly #interval: number;
  #count: number;
  /** Number of connections at the best throughput, and that throughput in bytes per millisecond. */
  #best = { count: 1, rate: 0 };
  #since: number;
  #bytes = 0;
  #fruitless = 0;

  /** `now` is the time of the first byte, `wait` the milliseconds from its request to it. */
  constructor(now: number, wait: number) {
    this.#since = now;
    this.#count = wait < FAR ? 1 : FAR_START;
    this.#interval = Math.max(INTERVAL, WAITS * wait);
  }

  /** Number of connections to use. */
  get count(): number {
    return this.#count;
  }

  /** Whether the number is final. */
  get isFinal(): boolean {
    return this.#fruitless >= FRUITLESS_INTERVALS;
  }

  /** Notes received bytes, and returns the number of connections to use. */
  received(bytes: number, now: number): number {
    this.#bytes += bytes;
    const time = now - this.#since;
    if (this.isFinal || time < this.#interval) return this.#count;
    const rate = this.#bytes / time;
    [this.#bytes, this.#since] = [0, now];
    const { rate: before } = this.#best;
    if (rate > before * GAIN) {
      this.#best = { count: this.#count, rate };
      this.#fruitless = 0;
      this.#count = Math.min(MOST, 2 * this.#count);
    } else if (++this.#fruitless >= FRUITLESS_INTERVALS) {
      this.#count = this.#best.count;
    }
    return this.#count;
  }
}
