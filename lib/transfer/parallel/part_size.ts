/**
 * Computes the size of parts, and how much of a slow connection's part another one fetches. Pure.
 */
import type { Pace } from "./part_progress.ts";

const MIB = 1024 * 1024;

/** Size of a part in bytes for a connection that is slow or of unknown pace. */
const SMALL_PART = 4 * MIB;

/** Usual size of a part in bytes. */
const DEFAULT_PART = 8 * MIB;

/** Minimum size of a part in bytes, unless the option `partSize` is smaller. */
const MIN_PART = MIB;

/**
 * Maximum bytes per connection, and for all, that the reader may be behind if parts are larger than usual. At
 * 1 Gbit/s and 150 ms, eight connections take 6.2 s for 400 MiB; with 128 MiB for all, 14 s.
 */
const WINDOW = 32 * MIB;
const MAX_WINDOW = 256 * MIB;

/** Parts that may wait for the reader while each connection fetches one. */
const AHEAD = 2;

/** Latency in milliseconds that does not affect the size of parts. */
const PROMPT_MS = 10;

/**
 * Bytes per millisecond of waiting that the first part of a connection has on a long network. It is 4 MiB at
 * 50 ms: with more, the reader waits for the first parts of slow connections, and gets most of the image at the
 * end.
 */
const FIRST_PER_WAIT = 80 * 1024;

/** Duration of a large part, in latencies. */
const WAITS = 16;

/** Time that moving bytes to another connection must save, in latencies. */
const WAITS_SAVED = 4;

/** Time until a new connection reaches its throughput, in latencies: it starts with 14 KiB, and doubles. */
const SLOW_START = 8;

/** The state of a download on which the sizes depend. */
export interface Load {
  /** Number of bytes that no connection has claimed. */
  readonly unclaimed: number;
  /** The pace of each connection; null while unknown. */
  readonly paces: readonly (Pace | null)[];
  /** The option `partSize`. */
  readonly partSize: number | undefined;
  /** Number of bytes that no connection has received. */
  readonly missing: number;
  /** Milliseconds until the first byte of the image. */
  readonly wait: number;
}

/** The size of a part, and of the window in which connections read ahead of the reader. */
export interface PartSize {
  readonly bytes: number;
  /** Maximum number of claimed bytes that were not delivered. */
  readonly window: number;
}

/**
 * The size of the next part of a connection. A connection is idle until the first byte of a part arrives, so
 * on a fast network with long round trips, parts are large. Slower connections get smaller parts, so that all of them take
 * about as long, and none makes the others wait for room. The last parts are half of what the connection
 * would fetch until all end together: throughput changes.
 */
export function nextPartSize(pace: Pace | null, load: Load): PartSize {
  const { unclaimed, missing, paces, partSize, wait } = load;
  const held = paces.length + AHEAD;
  const room = roomOf(paces.length);
  const rates = paces.flatMap((other) => other === null ? [] : [other.rate]);
  const fastest = Math.max(...rates, 0);
  const isLong = isFar(wait);
  const first = isLong ? Math.max(SMALL_PART, FIRST_PER_WAIT * wait) : SMALL_PART;
  const long = WAITS * ((pace?.wait ?? 0) - PROMPT_MS) * fastest;
  const largest = partSize ?? Math.max(DEFAULT_PART, Math.min(Math.max(long, first), room / held));
  const usual = partSize ?? (pace === null ? first : largest * pace.rate / fastest);
  const average = rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
  const last = missing / paces.length / 2 * (pace === null ? 1 : pace.rate / average);
  const bytes = Math.max(Math.min(usual, largest, last), Math.min(MIN_PART, largest));
  return {
    bytes: Math.ceil(Math.min(bytes, unclaimed)),
    window: isLong && partSize === undefined ? room : held * largest,
  };
}

/**
 * The size of the lead's part. With a high latency it is large: the lead has started first, so it is fast, and its
 * connection ends with its part. The window must have room for the parts of the other connections.
 */
export function leadSize({ partSize, wait, missing, paces }: Load): number {
  const count = paces.length;
  const large = Math.min(2 * missing / count, missing / 2, roomOf(count) / (count - 1));
  const size = partSize ?? (isFar(wait) ? Math.max(SMALL_PART, large) : SMALL_PART);
  return Math.ceil(Math.min(size, missing));
}

/** Whether the latency is so high that a new connection costs more than a short wait for an open one. */
export function isFar(wait: number): boolean {
  return wait > PROMPT_MS;
}

/** Maximum number of bytes that the reader may be behind. */
function roomOf(connections: number): number {
  return Math.min(WINDOW * connections, MAX_WINDOW);
}

/** A connection that could help a slower one. */
export interface Help {
  /** Number of bytes that the slower connection has not received. */
  readonly missing: number;
  /** Bytes per millisecond of the slower connection. */
  readonly rate: number;
  /** Milliseconds since the slower connection requested its part. */
  readonly age: number;
  /** The pace of the connection that would help. */
  readonly helper: Pace;
  /** Milliseconds until the first byte of the image: without the time to connect. */
  readonly wait: number;
  /** Whether unclaimed bytes are left, for which the helper waits until there is room. */
  readonly isMoreLeft: boolean;
  /** Whether both use the same server. */
  readonly isSameServer: boolean;
  /** Whether the slower one leads: its response does not end with its part, so a shorter part costs nothing. */
  readonly isLead: boolean;
}

/**
 * The number of bytes that the helper should fetch, so that both end at the same time. It is 0 if that is
 * not worth a connection: that of the slower one must be closed before its response ends. While more is
 * left, or the slower one has just started, connections to one server do not help each other: new connections start
 * slowly, and would need help themselves.
 */
export function shareOfHelper(help: Help): number {
  const { missing, rate, helper } = help;
  const isBusy = help.isMoreLeft || (help.age < SLOW_START * help.wait && !help.isLead);
  if (help.isSameServer && isBusy) return 0;
  const share = Math.floor((missing - rate * helper.wait) * helper.rate / (rate + helper.rate));
  const saved = share / rate;
  return share < MIN_PART || saved < WAITS_SAVED * helper.wait ? 0 : share;
}
