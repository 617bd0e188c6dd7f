/**
 * How many connections `connections: "auto"` uses: all of them if the servers are far away, else one at first,
 * and twice as many while that makes the download faster. It sends no requests and has no clock.
 */

/** Most connections. */
const MOST_CONNECTIONS = 8;

/** Milliseconds of waiting for the first byte of a server that is far away: connections to it start slowly. */
const FAR = 20;

/** Bytes per millisecond at which a processor is the limit, rather than a network. */
const FASTEST = 256 * 1024;

/** Gain in throughput that is worth twice as many connections. */
const GAIN = 1.15;

/** Milliseconds over which the throughput is measured. */
const INTERVAL = 250;

/** Intervals without a gain after which the number is final. */
const FRUITLESS_INTERVALS = 2;

/** Decides on the number of connections from the throughput. */
export class ConnectionPolicy {
  #count: number;
  #isFinal: boolean;
  /** Number of connections at the best throughput, and that throughput in bytes per millisecond. */
  #best = { count: 1, rate: 0 };
  #since: number;
  #bytes = 0;
  #fruitless = 0;

  /** `now` is the time of the first byte, `wait` the milliseconds from its request to it. */
  constructor(now: number, wait: number) {
    this.#since = now;
    this.#isFinal = wait >= FAR;
    this.#count = this.#isFinal ? MOST_CONNECTIONS : 1;
  }

  /** Number of connections to use. */
  get count(): number {
    return this.#count;
  }

  /** Notes received bytes, and returns the number of connections to use. */
  received(bytes: number, now: number): number {
    this.#bytes += bytes;
    const time = now - this.#since;
    if (!this.#isFinal && time >= INTERVAL) {
      this.#measured(this.#bytes / time);
      [this.#bytes, this.#since] = [0, now];
    }
    return this.#count;
  }

  #measured(rate: number): void {
    if (rate > this.#best.rate * GAIN) {
      this.#best = { count: this.#count, rate };
      this.#fruitless = 0;
      this.#isFinal = rate >= FASTEST;
      if (!this.#isFinal) this.#count = Math.min(MOST_CONNECTIONS, 2 * this.#count);
    } else if (++this.#fruitless >= FRUITLESS_INTERVALS) {
      this.#isFinal = true;
      this.#count = this.#best.count;
    }
  }
}
