/**
 * How long a client may keep the server waiting.
 *
 * @module
 */

/** Milliseconds that a client may take. */
export interface ClientLimits {
  /** From the first byte of a request to the end of its header fields. */
  readonly head: number;
  /** Without a request on an open connection. */
  readonly idle: number;
  /** Without a byte of a request's body while it is read. */
  readonly upload: number;
  /** Without taking a byte of a response. */
  readonly download: number;
  /** Without a request although another client waits for the connection. */
  readonly reclaim: number;
  /** The same in the middle of a request: without giving or taking a byte. */
  readonly stall: number;
  /** To take notice of a response that was sent before the whole request had arrived. */
  readonly linger: number;
}

/** What a client may take if nothing else is said. */
export const CLIENT_LIMITS: ClientLimits = {
  head: 30_000,
  idle: 75_000,
  upload: 60_000,
  // People put downloads on hold; a connection to a server is given back long before.
  download: 15 * 60_000,
  reclaim: 1_000,
  stall: 10_000,
  linger: 30_000,
};

/** Milliseconds for which requests that came together are answered before other clients get their turn. */
export const TURN = 4;
