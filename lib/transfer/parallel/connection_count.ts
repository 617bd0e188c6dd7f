/**
 * How many connections `connections: "auto"` uses: the maximum if the latency is high, else one at first, and twice as
 * many while that makes the download faster. It sends no requests and has no clock.
 */

/** Maximum number of connections. */
const MAX_CONNECTIONS = 8;

/** Milliseconds until the first byte from which the latency counts as high: connections start slowly. */
const FAR_MS = 20;

/** Bytes per millisecond from which the processor is the limit, not the network. */
const MAX_RATE = 256 * 1024;

/** Minimum gain in throughput to keep twice as many connections. */
const MIN_GAIN = 1.15;

/** Milliseconds over which the throughput is measured. */
const INTERVAL_MS = 250;

/** Number of intervals without a gain after which the number of connections is final. */
const MAX_INTERVALS_WITHOUT_GAIN = 2;

/** Decides on the number of connections from the throughput. */
export class ConnectionCount {
  #count: number;
  #isFinal: boolean;
  /** Number of connections at the best throughput, and that throughput in bytes per millisecond. */
  #best = { count: 1, rate: 0 };
  #since: number;
  #bytes = 0;
  #withoutGain = 0;

  /** `now` is the time of the first byte, `wait` the milliseconds between its request and it. */
  constructor(now: number, wait: number) {
    this.#since = now;
    this.#isFinal = wait >= FAR_MS;
    this.#count = this.#isFinal ? MAX_CONNECTIONS : 1;
  }

  /** Number of connections to use. */
  get count(): number {
    return this.#count;
  }

  /** Records received bytes, and returns the number of connections to use. */
  received(bytes: number, now: number): number {
    this.#bytes += bytes;
    const time = now - this.#since;
    if (!this.#isFinal && time >= INTERVAL_MS) {
      this.#measured(this.#bytes / time);
      [this.#bytes, this.#since] = [0, now];
    }
    return this.#count;
  }

  #measured(rate: number): void {
    if (rate > this.#best.rate * MIN_GAIN) {
      this.#best = { count: this.#count, rate };
      this.#withoutGain = 0;
      this.#isFinal = rate >= MAX_RATE;
      if (!this.#isFinal) this.#count = Math.min(MAX_CONNECTIONS, 2 * this.#count);
    } else if (++this.#withoutGain >= MAX_INTERVALS_WITHOUT_GAIN) {
      this.#isFinal = true;
      this.#count = this.#best.count;
    }
  }
}
