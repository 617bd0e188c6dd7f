/** Limits for clients. */

/** Limits for clients, in milliseconds except `rate`. */
export interface ClientLimits {
  /** From the first byte of a request to the end of its header fields. */
  readonly head: number;
  /** Without a request on a kept-alive connection. */
  readonly idle: number;
  /** Lag of a client that sends a request body, see `rate`. Without a byte, this is the longest pause. */
  readonly upload: number;
  /** Without reading a byte of a response. */
  readonly download: number;
  /** Without sending a byte to a client that has closed its sending side: it may be gone. */
  readonly halfClosed: number;
  /** Without a request on a kept-alive connection if another client waits for a connection. */
  readonly reclaim: number;
  /** Lag of a client during a request if another client waits for a connection. */
  readonly stall: number;
  /** To read a response that was sent before the request was complete. */
  readonly linger: number;
  /** Minimum rate in bytes per second. A client lags by the time for which the server waits for it, less 1/rate per byte. */
  readonly rate: number;
}

/** Default limits. */
export const CLIENT_LIMITS: ClientLimits = {
  head: 30_000,
  idle: 75_000,
  upload: 60_000,
  // Users pause downloads; the gateway releases its upstream connection much earlier.
  download: 15 * 60_000,
  halfClosed: 5_000,
  reclaim: 1_000,
  stall: 10_000,
  linger: 30_000,
  rate: 500,
};
