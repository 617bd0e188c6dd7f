/**
 * How far a transfer has come, on one line: share, bytes, rate and remaining time. Nothing is shown
 * where standard error is no terminal.
 *
 * @module
 */
import type { Progress } from "../../transfer/types.ts";
import type { Messages } from "../system/console.ts";

/** Milliseconds between two lines: more often, nobody can read them. */
const INTERVAL = 100;

/** Milliseconds that a rate looks back: long enough to be calm, short enough to be true. */
const RATE_WINDOW = 3_000;

/** Milliseconds after which a transfer shows itself unasked. */
const PATIENCE = 1_000;

/** What a progress line is told. */
export interface ProgressLineOptions {
  /** `always` from the first byte, `auto` once it takes longer than a second, `never`. */
  readonly show: "always" | "auto" | "never";
  /** Milliseconds of a steady clock. */
  readonly now: () => number;
  /**
   * Bytes before the first one that is reported: they count as done, not as moved.
   * @default {0}
   */
  readonly start?: number;
}

/** The progress line of one transfer. */
export class ProgressLine {
  readonly #messages: Messages;
  readonly #show: ProgressLineOptions["show"];
  readonly #now: () => number;
  readonly #startTime: number;
  readonly #start: number;
  /** Bytes at earlier times, oldest first, not older than the window. */
  readonly #past: { readonly time: number; readonly bytes: number }[] = [];
  #shown = -Infinity;
  #last: Progress | null = null;

  constructor(messages: Messages, { show, now, start = 0 }: ProgressLineOptions) {
    this.#messages = messages;
    this.#show = show;
    this.#now = now;
    this.#start = start;
    this.#startTime = now();
    this.#past.push({ time: this.#startTime, bytes: 0 });
  }

  /** Takes a progress report; hand it on as `onProgress`. */
  readonly report = (progress: Progress): void => {
    this.#last = progress;
    const time = this.#now();
    if (time - this.#shown < INTERVAL || !this.#isWanted(time)) return;
    this.#shown = time;
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

  /** Leaves a last line with the whole transfer's size, time and rate. */
  finish(): void {
    if (this.#last === null || this.#shown === -Infinity) return;
    const { transferred } = this.#last;
    const elapsed = this.#now() - this.#startTime;
    const time = formatTime(elapsed / 1000);
    const rate = rateText(rateOf(transferred, elapsed));
    this.#messages.status(`100%  ${formatBytes(transferred)} in ${time}${rate}`);
    this.#messages.keepStatus();
  }

  #isWanted(time: number): boolean {
    if (this.#show === "never" || !this.#messages.isTerminal) return false;
    return this.#show === "always" || time - this.#startTime >= PATIENCE;
  }
}

/**
 * A progress line: ` 45%  1.21 GiB of 2.70 GiB  112 MiB/s  13s left`. `rate` is in bytes a second, null
 * where nothing is known yet.
 */
export function progressText(
  { transferred, total, resumes }: Progress,
  rate: number | null,
): string {
  const breaks = resumes === 0 ? "" : `  resumed ${resumes === 1 ? "once" : `${resumes} times`}`;
  if (total === null) return `${formatBytes(transferred)}${rateText(rate)}${breaks}`;
  const share = total === 0 ? 100 : Math.floor(transferred / total * 100);
  const left = rate ? `  ${formatTime((total - transferred) / rate)} left` : "";
  const bytes = `${formatBytes(transferred)} of ${formatBytes(total)}`;
  return `${String(share).padStart(3)}%  ${bytes}${rateText(rate)}${left}${breaks}`;
}

/** Bytes a second, from bytes and milliseconds. */
function rateOf(bytes: number, elapsed: number): number | null {
  return elapsed > 0 ? bytes / elapsed * 1000 : null;
}

function rateText(rate: number | null): string {
  return rate === null ? "" : `  ${formatBytes(rate)}/s`;
}

/** Bytes as people read them: three digits and a binary unit. */
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

/** Seconds as people read them: `13s`, `2m05s`, `3h07m`. */
export function formatTime(seconds: number): string {
  const whole = Math.round(Math.max(0, seconds));
  const two = (n: number) => String(n).padStart(2, "0");
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m${two(whole % 60)}s`;
  return `${Math.floor(whole / 3600)}h${two(Math.floor(whole % 3600 / 60))}m`;
}
