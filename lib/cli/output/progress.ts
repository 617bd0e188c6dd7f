/**
 * The progress of a transfer: a line of a terminal that is overwritten, or, on request, a line every ten seconds
 * without a terminal.
 */
import type { GlanceEvent } from "../../events.ts";
import type { SourceProgress } from "../../jobs/from_url/image_source.ts";
import type { Progress } from "../../transfer/types.ts";
import type { Messages } from "../system/console.ts";
import { finalLine, plainLine, type ProgressState, terminalLine } from "./progress_text.ts";
import { TransferRate } from "./transfer_rate.ts";

/** Milliseconds between two updates on a terminal. */
const INTERVAL = 100;

/** Milliseconds between two lines without a terminal. */
const PLAIN_INTERVAL = 10_000;

/** Milliseconds after which the progress is shown by default. */
const AUTO_DELAY = 1_000;

/** Milliseconds without a byte after which a transfer waits. */
const WAIT_AFTER = 2_000;

/** Events of a transfer that waits for a server. */
const SERVER_FAILURES: ReadonlySet<GlanceEvent["kind"]> = new Set(["retry", "cooldown", "outage"]);

/** The progress of a transfer, and of the source that it is read from if its size differs. */
export interface TransferProgress extends Progress {
  readonly source?: SourceProgress | undefined;
}

export interface ProgressLineOptions {
  /** Name of the file or the image. */
  readonly name: string;
  /** `always` from the first byte, and without a terminal; `auto` after one second; or `never`. */
  readonly show: "always" | "auto" | "never";
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  /**
   * Offset of the first byte of the transfer: included in the total, not in the rate.
   * Default: `0`.
   */
  readonly start?: number;
}

export class ProgressLine {
  readonly #messages: Messages;
  readonly #options: ProgressLineOptions;
  readonly #startTime: number;
  readonly #rate = new TransferRate();
  /** When the last line was written. */
  #shownAt = -Infinity;
  #last: TransferProgress | null = null;
  /** Whether a request has failed since the last byte. */
  #hasServerFailed = false;

  constructor(messages: Messages, options: ProgressLineOptions) {
    this.#messages = messages;
    this.#options = options;
    this.#startTime = options.now();
  }

  /** Shows the progress; pass it as `onProgress`. */
  readonly report = (progress: TransferProgress): void => {
    const time = this.#options.now();
    const moved = movedBytes(progress);
    if (this.#last === null || moved !== movedBytes(this.#last)) {
      // The rate before an outage does not predict the rate after it.
      if (this.#hasServerFailed && this.#rate.idle(time) >= WAIT_AFTER) this.#rate.restart();
      this.#hasServerFailed = false;
      this.#rate.add(time, moved);
    }
    this.#last = progress;
    this.#show(progress, time);
  };

  /** Records that a server failed. */
  readonly notice = ({ kind }: Pick<GlanceEvent, "kind">): void => {
    if (SERVER_FAILURES.has(kind)) this.#hasServerFailed = true;
  };

  /** Updates the line while nothing is transferred. Call it each second. */
  readonly tick = (): void => {
    if (this.#last !== null) this.#show(this.#last, this.#options.now());
  };

  /** Writes a final line with size, time, and rate of the transfer. */
  finish(): void {
    const { now, name, show } = this.#options;
    const isPlain = show === "always" && !this.#messages.isTerminal;
    if (this.#last === null || (this.#shownAt === -Infinity && !isPlain)) return;
    const line = finalLine({ ...this.#last, name }, (now() - this.#startTime) / 1000);
    if (isPlain) return this.#messages.line(line);
    this.#messages.status(line);
    this.#messages.keepStatus();
  }

  #show(progress: TransferProgress, time: number): void {
    const { show } = this.#options;
    if (show === "never") return;
    if (!this.#messages.isTerminal) {
      const before = Math.max(this.#shownAt, this.#startTime);
      if (show === "auto" || time - before < PLAIN_INTERVAL) return;
      this.#shownAt = time;
      return this.#messages.line(plainLine(this.#stateOf(progress, time)));
    }
    const isVisible = show === "always" || time - this.#startTime >= AUTO_DELAY;
    if (!isVisible || time - this.#shownAt < INTERVAL) return;
    this.#shownAt = time;
    const state = this.#stateOf(progress, time);
    this.#messages.drawStatus((columns) => terminalLine(state, columns));
  }

  #stateOf(progress: TransferProgress, time: number): ProgressState {
    const { name, start = 0 } = this.#options;
    const { transferred, total, source } = progress;
    const all = source === undefined ? total : source.total;
    const idle = this.#rate.idle(time);
    return {
      ...progress,
      name,
      transferred: transferred + start,
      total: total === null ? null : total + start,
      rate: this.#rate.at(time),
      left: all === null ? null : this.#rate.secondsFor(all - movedBytes(progress), time),
      waiting: idle >= WAIT_AFTER
        ? { seconds: idle / 1000, isForServer: this.#hasServerFailed }
        : null,
    };
  }
}

/** The bytes that the share and the rate are based on. */
function movedBytes({ transferred, source }: TransferProgress): number {
  return source === undefined ? transferred : source.read;
}
