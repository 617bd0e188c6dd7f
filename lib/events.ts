/**
 * What happens on the way to an answer, told as it happens: for logs, progress lines and counters. Who
 * listens cannot break what it listens to.
 *
 * @module
 */

/** One thing that happened. `server` is an endpoint root; `cause` is the error that led to it. */
export type GlanceEvent =
  | {
    /** The request is made again, on the same or the next server, after `delay` milliseconds. */
    readonly kind: "retry";
    readonly server: string;
    readonly attempt: number;
    readonly delay: number;
    readonly cause: unknown;
  }
  | {
    /** The server failed; it is passed over for `delay` milliseconds while another is well. */
    readonly kind: "cooldown";
    readonly server: string;
    readonly delay: number;
    readonly cause: unknown;
  }
  | {
    /** A download broke after `offset` bytes and goes on there, on `server`. */
    readonly kind: "resume";
    readonly server: string;
    readonly imageId: string;
    readonly offset: number;
    readonly cause: unknown;
  }
  | {
    /** Glance has the data of an image and has not stored it yet; there is no other answer. */
    readonly kind: "storing";
    readonly imageId: string;
  }
  | {
    /** A token is renewed. */
    readonly kind: "renew";
    readonly reason: "expiring" | "refused";
  }
  | {
    /** A setting of `clouds.yaml` or `OS_*` is not honored; the message says which and why. */
    readonly kind: "ignored";
    readonly message: string;
  };

/**
 * Calls a function of a user that must not fail what it is called from: undefined if it throws. What it
 * gives may be a promise, whose rejection would end the process if it were left alone.
 */
export function callSafely<Args extends readonly unknown[], Result>(
  callback: (...args: Args) => Result,
  ...args: Args
): Result | undefined {
  try {
    const result = callback(...args);
    ignoreRejection(result);
    return result;
  } catch {
    return undefined;
  }
}

/** Takes care of a promise that nothing waits for, if the value is one. */
export function ignoreRejection(value: unknown): void {
  if (typeof value === "object" && value !== null) Promise.resolve(value).catch(() => {});
}

/** A listener that may fail as it likes; one that does nothing if there is none. */
export function ignoringErrors<Told>(
  listener: ((options: Told) => unknown) | undefined,
): (options: Told) => void {
  return listener === undefined ? () => {} : (options) => void callSafely(listener, options);
}
