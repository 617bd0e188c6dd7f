/** How fast a transfer is, and how long it takes. */
import { sizeText } from "../../text.ts";

/** Milliseconds over which the rate is measured. */
const WINDOW = 5_000;

/** Measures the rate of a transfer over its last seconds. */
export class Meter {
  transferred = 0;
  /** Times in milliseconds, with the bytes that were transferred until then. */
  #samples: (readonly [time: number, bytes: number])[] = [];

  add(transferred: number, now: number): void {
    this.transferred = transferred;
    const recent = this.#samples.filter(([time]) => now - time <= WINDOW);
    this.#samples = [...recent, [now, transferred]];
  }

  /** Bytes per second; 0 if it is not known yet. */
  get rate(): number {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (first === undefined || last === undefined || last[0] === first[0]) return 0;
    return Math.max(0, (last[1] - first[1]) / (last[0] - first[0]) * 1000);
  }
}

/** A transfer in numbers: `45 % · 270 of 597 MiB · 35 MiB/s · 10 s left`. */
export function progressText({ transferred, rate }: Meter, total: number | null): string {
  const parts = total === null ? [sizeText(transferred)] : [
    `${total === 0 ? 0 : Math.floor(transferred / total * 100)} %`,
    `${sizeText(transferred)} of ${sizeText(total)}`,
  ];
  if (rate > 0) {
    parts.push(`${sizeText(rate)}/s`);
    if (total !== null && transferred < total) {
      parts.push(`${durationText((total - transferred) / rate)} left`);
    }
  }
  return parts.join(" · ");
}

/** A duration: `8 s`, `3 min`, `2 h 5 min`. */
function durationText(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  const hours = Math.floor(minutes / 60);
  return hours === 0 ? `${minutes} min` : `${hours} h ${minutes % 60} min`;
}
