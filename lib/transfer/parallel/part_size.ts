/**
 * How much of an image a connection requests at once, and how much of a slow connection's part another one
 * takes. Pure.
 */
import type { Pace } from "./part_progress.ts";

const MIB = 1024 * 1024;

/** Size of a part in bytes if its connection is slow, or its pace unknown. */
const CAUTIOUS = 4 * MIB;

/** Size of a part in bytes if its connection is prompt. */
const USUAL = 8 * MIB;

/** Smallest part in bytes, unless the option `partSize` is smaller. */
const SMALLEST = MIB;

/**
 * Maximum bytes per connection, and for all, that the reader may be behind if parts are larger than usual. At
 * 1 Gbit/s and 150 ms, eight connections take 6.2 s for 400 MiB; with 128 MiB for all, 14 s.
 */
const WINDOW = 32 * MIB;
const LARGEST_WINDOW = 256 * MIB;

/** Parts that may wait for the reader while each connection fetches one. */
const AHEAD = 2;

/** Milliseconds of waiting for a first byte that do not matter. */
const PROMPT = 10;

/**
 * Requests of each connection on a long network, if the window has room. Each costs a wait. With a single one,
 * the reader would get most of the image only after its first part is complete.
 */
const ROUNDS = 2;

/** Waits that a part must be worth: of a large part in time, and of a moved one in time saved. */
const WAITS = 16;

/** Waits after which a new connection has reached its throughput. */
const SLOW_START = 10;

/** The state of a download on which the sizes depend. */
export interface Load {
  /** Number of bytes that no connection has claimed. */
  readonly unclaimed: number;
  /** The pace of each connection; null while unknown. */
  readonly paces: readonly (Pace | null)[];
  /** The option `partSize`. */
  readonly partSize: number | undefined;
  /** Milliseconds until the first byte of the image. */
  readonly wait: number;
  /** Bytes of each connection if all have the same share of the image. */
  readonly share: number;
}

/** The size of a part, and of the window in which connections read ahead of the reader. */
export interface PartSize {
  readonly bytes: number;
  /** Maximum number of claimed bytes that were not delivered. */
  readonly window: number;
}

/**
 * The size of the next part of a connection. A connection is idle until the first byte of a part arrives, so
 * on a long fast network parts are large. Slower connections get smaller parts, so that all of them take
 * about as long, and none makes the others wait for room. The last parts are smaller, so that all
 * connections end at about the same time.
 */
export function nextPartSize(pace: Pace | null, load: Load): PartSize {
  const { unclaimed, paces, partSize, wait, share } = load;
  const held = paces.length + AHEAD;
  const fastest = Math.max(...paces.map((other) => other?.rate ?? 0));
  const room = Math.min(WINDOW * paces.length, LARGEST_WINDOW);
  const isLong = wait > PROMPT;
  const first = isLong ? Math.max(CAUTIOUS, Math.min(share / ROUNDS, room / held)) : CAUTIOUS;
  const long = Math.min(WAITS * ((pace?.wait ?? 0) - PROMPT) * fastest, room / held);
  const largest = partSize ?? Math.max(USUAL, long, first);
  const usual = pace === null ? first : Math.max(CAUTIOUS, largest * pace.rate / fastest);
  const smallest = isLong ? Math.max(SMALLEST, Math.min(CAUTIOUS, first / 2)) : SMALLEST;
  const last = 2 * unclaimed / paces.length;
  const bytes = Math.max(Math.min(partSize ?? usual, last), Math.min(smallest, largest));
  return { bytes: Math.ceil(Math.min(bytes, unclaimed)), window: held * largest };
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
  /** Whether unclaimed bytes are left, for which the helper waits until there is room. */
  readonly isMoreLeft: boolean;
  /** Whether both use the same server. */
  readonly isSameServer: boolean;
}

/**
 * The number of bytes that the helper should fetch, so that both end at the same time. It is 0 if that is
 * not worth a connection: that of the slower one must be closed before its response ends. While more is
 * left, or the slower one has just started, connections to one server do not help each other: new
 * connections start slowly, and would be helped in turn.
 */
export function shareOfHelper(help: Help): number {
  const { missing, rate, helper } = help;
  if (help.isSameServer && (help.isMoreLeft || help.age < SLOW_START * helper.wait)) return 0;
  const share = Math.floor((missing - rate * helper.wait) * helper.rate / (rate + helper.rate));
  const saved = share / rate;
  return share < SMALLEST || saved < WAITS * helper.wait ? 0 : share;
}
