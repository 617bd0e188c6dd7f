/**
 * Waiting for something that only looking can tell: often while it moves, seldom while it does not.
 *
 * @module
 */
import { Invalid } from "../errors.ts";
import type { ResolvedOptions } from "../options.ts";
import { checkRecord, inspect } from "../validate.ts";

/** How to wait. Total time is never limited; give a `signal` for that. */
export interface WaitOptions {
  /**
   * Milliseconds between two looks while something changes.
   * @default {1_000}
   */
  readonly pollInterval?: number;
  /**
   * Milliseconds between two looks at most: each look that sees nothing new makes the next wait half
   * as long again.
   * @default {10_000}
   */
  readonly maxPollInterval?: number;
  /**
   * Milliseconds in which something must change. Glance itself takes an import for dead after an hour.
   * @default {3_600_000}
   */
  readonly stallTimeout?: number;
  /** Ends the wait with its reason; what is waited for goes on. */
  readonly signal?: AbortSignal;
}

const BACKOFF = 1.5;

/** What is looked at, and how to judge it. */
export interface Polled<Seen> {
  look(): Promise<Seen>;
  isOver(seen: Seen): boolean;
  /** Told of the first look, and of each that sees something new. */
  onChange(seen: Seen): void;
  /** The error where nothing has changed for so many milliseconds. */
  stalled(seen: Seen, ms: number): Error;
}

/**
 * Looks until it is over, and gives what was seen last.
 *
 * @throws {Invalid} for options that no wait can have.
 */
export async function poll<Seen>(
  { sleep, now }: ResolvedOptions,
  options: WaitOptions,
  { look, isOver, onChange, stalled }: Polled<Seen>,
): Promise<Seen> {
  const { pollInterval, maxPollInterval, stallTimeout, signal } = checked(options);
  let interval = pollInterval;
  let last: string | null = null;
  for (let since = now();;) {
    const seen = await look();
    const text = JSON.stringify(seen);
    const isNew = text !== last;
    if (isNew) onChange(seen);
    if (isOver(seen)) return seen;
    last = text;
    since = isNew ? now() : since;
    interval = isNew ? pollInterval : Math.min(interval * BACKOFF, maxPollInterval);
    const left = since + stallTimeout - now();
    if (left <= 0) throw stalled(seen, stallTimeout);
    await sleep(Math.min(interval, left), signal);
  }
}

function checked(options: WaitOptions): Required<Omit<WaitOptions, "signal">> & WaitOptions {
  checkRecord("the options of a wait", options);
  const { pollInterval = 1_000, maxPollInterval = 10_000, stallTimeout = 3_600_000 } = options;
  const limits = { pollInterval, maxPollInterval, stallTimeout };
  for (const [name, value] of Object.entries(limits)) {
    if (typeof value === "number" && value > 0) continue;
    throw new Invalid(
      `Cannot wait with the option "${name}": it is ${
        inspect(value)
      } and must be milliseconds above 0`,
    );
  }
  return { ...options, ...limits };
}
