/**
 * The progress of a transfer on one line: percentage, bytes, rate and remaining time. Nothing is shown if
 * standard error is not a terminal.
 */
import type { Progress } from "../../transfer/types.ts";
import type { SourceProgress } from "../../jobs/from_url/image_source.ts";
import type { Messages } from "../system/console.ts";

/** Milliseconds between two updates. */
const INTERVAL = 100;

/** Milliseconds over which the rate is averaged. */
const RATE_WINDOW = 3_000;

/** Milliseconds after which the progress is shown by default. */
const AUTO_DELAY = 1_000;

/** The progress of a transfer, and of the source that it is read from if its size differs. */
export interface TransferProgress extends Progress {
  readonly source?: SourceProgress | undefined;
}

export interface ProgressLineOptions {
  /** `always` from the first byte, `auto` after one second, or `never`. */
  readonly show: "always" | "auto" | "never";
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  /**
   * Offset of the first byte of the transfer: included in the total, not in the rate.
   * @default {0}
   */
  readonly start?: number;
}

export class ProgressLine {
  readonly #messages: Messages;
  readonly #show: ProgressLineOptions["show"];
  readonly #now: () => number;
  readonly #startTime: number;
  readonly #start: number;
  /** Samples within the window of the rate, oldest first. */
  readonly #past: { readonly time: number; readonly bytes: number }[] = [];
  #shownAt = -Infinity;
  #last: TransferProgress | null = null;

  constructor(messages: Messages, { show, now, start = 0 }: ProgressLineOptions) {
    this.#messages = messages;
    this.#show = show;
    this.#now = now;
    this.#start = start;
    this.#startTime = now();
    this.#past.push({ time: this.#startTime, bytes: 0 });
  }

  /** Shows the progress; pass it as `onProgress`. */
  readonly report = (progress: TransferProgress): void => {
    this.#last = progress;
    const time = this.#now();
    if (time - this.#shownAt < INTERVAL || !this.#isVisible(time)) return;
    this.#shownAt = time;
    const bytes = progress.transferred;
    this.#past.push({ time, bytes });
    while (this.#past.length > 2 && time - (this.#past[0]?.time ?? time) > RATE_WINDOW) {
      this.#past.shift();
    }
    const [oldest = { time, bytes }] = this.#past;
    const rate = rateOf(bytes - oldest.bytes, time - oldest.time);
    const { total } = progress;
    this.#messages.status(progressText({
      ...progress,
      transferred: bytes + this.#start,
      total: total === null ? null : total + this.#start,
    }, rate));
  };

  /** Writes a final line with size, time and rate of the transfer. */
  finish(): void {
    if (this.#last === null || this.#shownAt === -Infinity) return;
    const { transferred } = this.#last;
    const elapsed = this.#now() - this.#startTime;
    const time = formatTime(elapsed / 1000);
    const rate = rateText(rateOf(transferred, elapsed));
    this.#messages.status(`100%  ${formatBytes(transferred)} in ${time}${rate}`);
    this.#messages.keepStatus();
  }

  #isVisible(time: number): boolean {
    if (this.#show === "never" || !this.#messages.isTerminal) return false;
    return this.#show === "always" || time - this.#startTime >= AUTO_DELAY;
  }
}

/**
 * Formats a progress line: ` 45%  1.21 GiB of 2.70 GiB  112 MiB/s  13s left`, or, with a source,
 * ` 45%  290 MiB of 642 MiB read, 1.21 GiB sent  112 MiB/s`. `rate` is in bytes per second;
 * null if unknown.
 */
export function progressText(
  { transferred, total, resumes, source }: TransferProgress,
  rate: number | null,
): string {
  const breaks = resumes === 0 ? "" : `  resumed ${resumes === 1 ? "once" : `${resumes} times`}`;
  const sent = formatBytes(transferred);
  if (source !== undefined) {
    return `${shareText(source.read, source.total)}${
      bytesOf(source.read, source.total)
    } read, ${sent} sent${rateText(rate)}${breaks}`;
  }
  if (total === null) return `${sent}${rateText(rate)}${breaks}`;
  const left = rate ? `  ${formatTime((total - transferred) / rate)} left` : "";
  const bytes = bytesOf(transferred, total);
  return `${shareText(transferred, total)}${bytes}${rateText(rate)}${left}${breaks}`;
}

function shareText(bytes: number, total: number | null): string {
  if (total === null) return "";
  const share = total === 0 ? 100 : Math.floor(bytes / total * 100);
  return `${String(share).padStart(3)}%  `;
}

function bytesOf(bytes: number, total: number | null): string {
  return total === null ? formatBytes(bytes) : `${formatBytes(bytes)} of ${formatBytes(total)}`;
}

/** Bytes per second, from bytes and milliseconds. */
function rateOf(bytes: number, elapsed: number): number | null {
  return elapsed > 0 ? bytes / elapsed * 1000 : null;
}

function rateText(rate: number | null): string {
  return rate === null ? "" : `  ${formatBytes(rate)}/s`;
}

/** Formats bytes with three digits and a binary unit. */
export function formatBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let [value, unit] = [Math.max(0, bytes), 0];
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = unit === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

/** Formats seconds: `13s`, `2m05s`, `3h07m`. */
export function formatTime(seconds: number): string {
  const whole = Math.round(Math.max(0, seconds));
  const two = (n: number) => String(n).padStart(2, "0");
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m${two(whole % 60)}s`;
  return `${Math.floor(whole / 3600)}h${two(Math.floor(whole % 3600 / 60))}m`;
}
