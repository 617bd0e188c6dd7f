/**
 * Events of running requests, for logs, progress lines, and counters. A listener that fails does not affect
 * the request.
 */

/** An event. `server` is an endpoint root, `cause` the error that led to the event. */
export type GlanceEvent =
  | {
    /** The attempt at `server` failed. The request is sent again after `delay` milliseconds, rounded. */
    readonly kind: "retry";
    readonly server: string;
    /** Number of failed attempts. */
    readonly attempt: number;
    readonly delay: number;
    /** Whether the next attempt is at a server that was not tried in this round. */
    readonly isFailover: boolean;
    readonly cause: unknown;
  }
  | {
    /** The server failed. It is skipped for `delay` milliseconds if another server is available. */
    readonly kind: "cooldown";
    readonly server: string;
    readonly delay: number;
    readonly cause: unknown;
  }
  | {
    /**
     * `server` has sent no headers for `delay` milliseconds. The request is sent to `to` as well; the first
     * response is used, and the other request is canceled.
     */
    readonly kind: "hedge";
    readonly server: string;
    readonly to: string;
    readonly delay: number;
  }
  | {
    /** The cool-down of the server is over, and one request is sent to it. */
    readonly kind: "probe";
    readonly server: string;
  }
  | {
    /**
     * An outage has lasted two seconds. The request is repeated for up to `left` milliseconds; see `outageTimeout`.
     */
    readonly kind: "outage";
    readonly server: string;
    readonly left: number;
    readonly cause: unknown;
  }
  | {
    /** A download broke after `offset` bytes and continues there, from `server`. */
    readonly kind: "resume";
    readonly server: string;
    readonly imageId: string;
    readonly offset: number;
    readonly cause: unknown;
  }
  | {
    /** The server `from` became slow or silent: a download continues after `offset` bytes from `server`. */
    readonly kind: "move";
    readonly server: string;
    readonly from: string;
    readonly imageId: string;
    readonly offset: number;
    readonly cause: unknown;
  }
  | {
    /** Glance has received the data of an image, or all of it was sent, and the image is kept even after an abort. Sent once. */
    readonly kind: "storing";
    readonly imageId: string;
  }
  | {
    /** An upload was inspected; its data is accepted, although it may not be what was declared. */
    readonly kind: "inspected";
    /** Undefined if the image does not exist yet. */
    readonly imageId: string | undefined;
    readonly warning: string;
  }
  | {
    /** A token was renewed. */
    readonly kind: "renew";
    readonly reason: "expiring" | "refused";
  }
  | {
    /** A setting of `clouds.yaml` or `OS_*` is ignored; the message names it and the reason. */
    readonly kind: "ignored";
    readonly message: string;
  }
  | {
    /**
     * The cache of a gateway could not use its store (`failed`), or has removed data that was `damaged`, or does not
     * have the hash of its image (`mismatch`). The bytes come from Glance instead.
     */
    readonly kind: "cache";
    readonly problem: "failed" | "damaged" | "mismatch";
    /** Undefined if the problem is not that of one image. */
    readonly imageId: string | undefined;
    readonly cause: unknown;
  };

/**
 * Calls a callback of the user; undefined if it throws. If it returns a promise, a rejection is ignored:
 * unhandled, it would end the process.
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

/** Handles the rejection of a value that may be a promise and is not awaited. */
export function ignoreRejection(value: unknown): void {
  if (typeof value === "object" && value !== null) Promise.resolve(value).catch(() => {});
}

/** Wraps a listener so that its errors are ignored; a listener that does nothing for undefined. */
export function ignoringErrors<Argument>(
  listener: ((argument: Argument) => unknown) | undefined,
): (argument: Argument) => void {
  return listener === undefined ? () => {} : (argument) => void callSafely(listener, argument);
}
