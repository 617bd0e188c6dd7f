/** Limits for clients. */

/** Limits for clients, in milliseconds except `rate`. */
export interface ClientLimits {
  /** Longest time from the first byte of a request to the end of its header fields. */
  readonly head: number;
  /** Longest time without a request on a kept-alive connection. */
  readonly idle: number;
  /** Longest lag of a client that sends a request body, see `rate`; also its longest pause. */
  readonly upload: number;
  /** Longest time in which a client reads no byte of a response. */
  readonly download: number;
  /** Longest time without a byte to a client that has closed its sending side: it may have disconnected. */
  readonly halfClosed: number;
  /** The same as `idle`, if another client waits for a connection. */
  readonly reclaim: number;
  /** Longest lag of a client during a request if another client waits for a connection. */
  readonly stall: number;
  /** Longest time to read a response that was sent before the request was complete. */
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
