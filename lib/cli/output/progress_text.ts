/** The texts of a progress line. Pure. */
import type { SourceProgress } from "../../jobs/from_url/image_source.ts";
import { printable } from "../system/console.ts";
import { cut, widthOf } from "./table.ts";
import { formatBytes, formatTime } from "./units.ts";

/** The state of a transfer, as it is shown. */
export interface ProgressState {
  /** Name of the file or the image. */
  readonly name: string;
  readonly transferred: number;
  /** Null if unknown. */
  readonly total: number | null;
  readonly resumes: number;
  /** The source of an upload, if its size differs: it is decompressed. */
  readonly source?: SourceProgress | undefined;
  /** Bytes per second; null if unknown. */
  readonly rate: number | null;
  /** Seconds; null while unknown. */
  readonly left: number | null;
  /** Null while bytes arrive. */
  readonly waiting: Waiting | null;
}

/** A pause of a transfer. */
export interface Waiting {
  readonly seconds: number;
  /** Whether requests have failed since the last byte. */
  readonly isForServer: boolean;
}

/** Columns of the smallest bar, with its brackets. */
const MIN_BAR = 12;

/** Columns of the longest pace: `waiting 12s for a server`, or a rate and `59m59s left`. */
const PACE_WIDTH = 24;

/** Fewest columns of a shortened name. */
const MIN_NAME = 12;

/** Scripts that are written from right to left. */
const RIGHT_TO_LEFT =
  /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/** A mark after which the line continues from left to right. */
const LEFT_TO_RIGHT = "\u200e";

/** Characters to replace the end of a shortened name. */
const ELLIPSIS = "...";

/**
 * A progress line for a terminal: `disk.img  45% [=====>     ]  1.21 GiB of 2.70 GiB   112 MiB/s  13s left`. It
 * leaves the last column free, since some terminals begin a new line after it. On a narrow terminal, parts are omitted:
 * first the bytes, then the bar, the resumes, and the rate. Columns keep their place while the numbers grow.
 *
 * @param columns width of the terminal
 */
export function terminalLine(state: ProgressState, columns: number): string {
  const room = columns - 1;
  const name = printable(state.name);
  const share = shareOf(state);
  const { bytes, rate, pause, resumes } = detailsOf(state);
  // Padded, so that the bar keeps its width.
  const pace = joined([rate, pause]).padEnd(share === null ? 0 : PACE_WIDTH);
  const least = Math.min(widthOf(name), MIN_NAME);
  const layouts = [
    [barWidth(columns), bytes, resumes, pace],
    [MIN_BAR, bytes, resumes, pace],
    [barWidth(columns), resumes, pace],
    [MIN_BAR, resumes, pace],
    [0, resumes, pace],
    [0, pace.trimEnd()],
    [0, pause],
  ] as const;
  const endings = layouts.map(([width, ...details]) => {
    const head = share === null ? "" : percentText(share) + barText(share, width);
    return `  ${joined([head, ...details])}`;
  });
  const end = endings.find((text) => least + widthOf(text) <= room) ?? "";
  const shown = shortened(name, room - widthOf(end));
  const marked = RIGHT_TO_LEFT.test(shown) ? shown + LEFT_TO_RIGHT : shown;
  return (marked + end).trimEnd();
}

/** A progress line without a terminal: `disk.img  45%  1.21 GiB of 2.70 GiB  112 MiB/s  13s left`. */
export function plainLine(state: ProgressState): string {
  const share = shareOf(state);
  const { bytes, rate, pause, resumes } = detailsOf(state);
  const percent = share === null ? "" : percentText(share);
  return joined([state.name, ...[percent, bytes, resumes, rate, pause].map((word) => word.trim())]);
}

/** The last line of a transfer: `disk.img  100%  2.70 GiB in 25s  110 MiB/s  resumed once`. */
export function finalLine(
  { name, transferred, resumes }: Pick<ProgressState, "name" | "transferred" | "resumes">,
  seconds: number,
): string {
  const rate = seconds > 0 ? `${formatBytes(transferred / seconds)}/s` : "";
  const size = `${formatBytes(transferred)} in ${formatTime(seconds)}`;
  return joined([name, "100%", size, rate, resumesText(resumes)]);
}

function joined(words: readonly string[]): string {
  return words.filter((word) => word !== "").join("  ");
}

function detailsOf(
  { transferred, total, resumes, source, rate, left, waiting }: ProgressState,
): Readonly<Record<"bytes" | "rate" | "pause" | "resumes", string>> {
  const bytes = source === undefined
    ? bytesOf(transferred, total)
    : `${bytesOf(source.read, source.total)} read, ${formatBytes(transferred)} sent`;
  const server = waiting?.isForServer ? " for a server" : "";
  return {
    bytes,
    rate: rate === null || waiting !== null ? "" : `${formatBytes(rate)}/s`.padStart(10),
    pause: waiting !== null
      ? `waiting ${formatTime(waiting.seconds)}${server}`
      : left === null
      ? ""
      : `${formatTime(left)} left`,
    resumes: resumesText(resumes),
  };
}

function resumesText(resumes: number): string {
  return resumes === 0 ? "" : `resumed ${resumes === 1 ? "once" : `${resumes} times`}`;
}

function bytesOf(bytes: number, total: number | null): string {
  const text = formatBytes(bytes);
  return total === null ? text : `${text.padStart(8)} of ${formatBytes(total)}`;
}

/** The share that is transferred, at most 1; null if unknown. */
function shareOf({ transferred, total, source }: ProgressState): number | null {
  const [bytes, all] = source === undefined ? [transferred, total] : [source.read, source.total];
  if (all === null) return null;
  return all === 0 ? 1 : Math.min(1, bytes / all);
}

function percentText(share: number): string {
  return `${Math.floor(share * 100)}%`.padStart(4);
}

/** Columns of a bar that does not have to be small. */
function barWidth(columns: number): number {
  return Math.min(32, Math.max(MIN_BAR, Math.floor(columns / 4)));
}

/** The bar after a space; empty without a width. */
function barText(share: number, width: number): string {
  if (width === 0) return "";
  const inner = width - 2;
  const filled = Math.floor(share * inner);
  const head = filled < inner ? ">" : "";
  return ` [${("=".repeat(filled) + head).padEnd(inner)}]`;
}

function shortened(name: string, width: number): string {
  if (widthOf(name) <= width) return name;
  return cut(cut(name, width - ELLIPSIS.length) + ELLIPSIS, width);
}
