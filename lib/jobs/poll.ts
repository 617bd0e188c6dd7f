/** Polls a state until it is final, with a growing interval while it does not change. */
import { Invalid } from "../errors.ts";
import type { ResolvedOptions } from "../options.ts";
import { checkObject, inspect } from "../validate.ts";
import type { MessagePart } from "../message_parts.ts";

/** Options of a wait. The total time is unlimited; use a `signal` to limit it. */
export interface WaitOptions {
  /**
   * Milliseconds between two polls while the state changes.
   * Default: `1_000`.
   */
  readonly pollInterval?: number | undefined;
  /**
   * Maximum milliseconds between two polls. The interval grows by half after each poll without a change.
   * Default: `10_000`.
   */
  readonly maxPollInterval?: number | undefined;
  /**
   * Milliseconds without a change until the wait fails. Glance itself aborts an import after an hour.
   * Default: `3_600_000`.
   */
  readonly stallTimeout?: number | undefined;
  /** Aborts the wait, with the signal's reason. The operation itself continues. */
  readonly signal?: AbortSignal | undefined;
}

const BACKOFF = 1.5;

/** The state to poll, and when it is final. */
export interface PollTarget<Seen> {
  /** Reads the state. */
  read(): Promise<Seen>;
  /** Whether the state is final. */
  isFinal(seen: Seen): boolean;
  /** Called with the first state, and with each changed state. */
  onChange(seen: Seen): void;
  /** The error if the state has not changed for `ms` milliseconds. */
  stalled(seen: Seen, ms: number): Error;
}

/**
 * Polls until the state is final, and returns it.
 *
 * @throws {Invalid} if an option is invalid.
 */
export async function poll<Seen>(
  { sleep, now }: ResolvedOptions,
  options: WaitOptions,
  { read, isFinal, onChange, stalled }: PollTarget<Seen>,
): Promise<Seen> {
  const { pollInterval, maxPollInterval, stallTimeout } = limitsIn(options);
  let interval = pollInterval;
  let last: string | null = null;
  for (let since = now();;) {
    const seen = await read();
    const text = JSON.stringify(seen);
    const isNew = text !== last;
    if (isNew) onChange(seen);
    if (isFinal(seen)) return seen;
    last = text;
    since = isNew ? now() : since;
    interval = isNew ? pollInterval : Math.min(interval * BACKOFF, maxPollInterval);
    const left = since + stallTimeout - now();
    if (left <= 0) throw stalled(seen, stallTimeout);
    await sleep(Math.min(interval, left), options.signal);
  }
}

/** The hint for a wait that stalled. */
export const WAIT_LONGER: MessagePart = {
  key: "waitLonger",
  text: ', or set a longer "stallTimeout"',
};

function limitsIn(options: WaitOptions) {
  checkObject("the options of a wait", options);
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
  return limits;
}
