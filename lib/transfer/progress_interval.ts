/** Limits how often progress is reported. Imported on demand, by transfers with `onProgress`. */
import type { ResolvedOptions } from "../options.ts";
import type { DownloadOptions, Progress } from "./types.ts";

/** Milliseconds between two calls. */
const DEFAULT_INTERVAL = 100;

/** The options of a transfer that report its progress. */
type ProgressOptions = Pick<DownloadOptions, "onProgress" | "progressInterval">;

/**
 * Wraps `onProgress`: it is called for the first progress, for the last one, and in between at most once per
 * `progressInterval`. Its errors are ignored.
 */
export function atIntervals(
  { onProgress, progressInterval = DEFAULT_INTERVAL }: ProgressOptions,
  { now }: Pick<ResolvedOptions, "now">,
): (progress: Progress) => void {
  // Catches what it throws, and what a promise that it returns rejects with.
  const report = async (progress: Progress): Promise<unknown> => await onProgress?.(progress);
  let calledAt = -Infinity;
  let isOver = false;
  return (progress) => {
    const isLast = progress.transferred === progress.total;
    // The end of the data is reported twice: with its last chunk, and after its verification.
    if (isLast && isOver) return;
    isOver = isLast;
    const time = now();
    if (!isLast && time - calledAt < progressInterval) return;
    calledAt = time;
    report(progress).catch(() => {});
  };
}
