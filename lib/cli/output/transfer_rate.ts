/** The current rate of a transfer, and the time that the rest takes at this rate. */

/** Milliseconds over which the rate is averaged. */
const WINDOW = 3_000;

/** Milliseconds after the first bytes until the remaining time is known. */
const SETTLED_AFTER = 1_000;

/** Milliseconds between two samples. */
const SAMPLE_INTERVAL = 100;

interface Sample {
  readonly time: number;
  readonly bytes: number;
}

/** The rate of the last three seconds. The time before the first bytes does not count. */
export class TransferRate {
  /** The window, oldest first; the last one is the latest. */
  #samples: Sample[] = [];
  #startTime = 0;

  /** Resets the window: the time until the next bytes does not count. */
  restart(): void {
    this.#samples = [];
  }

  /** Records how many bytes were transferred at `time`, in milliseconds. */
  add(time: number, bytes: number): void {
    const last = this.#samples.at(-1);
    // An upload that is repeated begins again.
    if (last === undefined || bytes < last.bytes) {
      this.#samples = [{ time, bytes }];
      this.#startTime = time;
      return;
    }
    const before = this.#samples.at(-2);
    if (before !== undefined && last.time - before.time < SAMPLE_INTERVAL) this.#samples.pop();
    this.#samples.push({ time, bytes });
    while (time - (this.#samples[1]?.time ?? time) >= WINDOW) this.#samples.shift();
  }

  /** Bytes per second; null if unknown. */
  at(time: number): number | null {
    const last = this.#samples.at(-1);
    if (last === undefined) return null;
    const from = this.#samples.findLast((sample) => time - sample.time >= WINDOW) ??
      this.#samples[0] ?? last;
    const elapsed = time - from.time;
    return elapsed > 0 ? (last.bytes - from.bytes) / elapsed * 1000 : null;
  }

  /** Milliseconds since the last bytes. */
  idle(time: number): number {
    return time - (this.#samples.at(-1)?.time ?? time);
  }

  /** Seconds that `bytes` take; null while unknown. */
  secondsFor(bytes: number, time: number): number | null {
    const rate = this.at(time);
    return !rate || time - this.#startTime < SETTLED_AFTER ? null : bytes / rate;
  }
}
