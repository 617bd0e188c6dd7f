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

/** A listener whose errors harm nobody; one that does nothing where there is none. */
export function quietly<Told>(listener: ((told: Told) => void) | undefined): (told: Told) => void {
  if (listener === undefined) return () => {};
  return (told) => {
    try {
      listener(told);
    } catch {
      // A faulty listener must not fail a transfer.
    }
  };
}
