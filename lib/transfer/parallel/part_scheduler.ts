/**
 * The schedule of a parallel download: which bytes a free connection fetches next. It sends no requests and
 * has no clock.
 *
 * A connection takes over the bytes of a silent one, else claims the next bytes of the image, as long as the
 * reader is not too far behind, else fetches a share of what the slowest connection has left.
 */
import { PartBuffer } from "./part_buffer.ts";
import { type Pace, PartProgress } from "./part_progress.ts";
import { nextPartSize, shareOfHelper } from "./part_size.ts";

/** Bytes of an image, and how they are fetched. */
export interface Layout {
  /** Offset of the first byte. */
  readonly start: number;
  /** Offset after the last byte. */
  readonly endExclusive: number;
  /** Maximum size of a part in bytes; undefined to adapt it to the network. */
  readonly partSize: number | undefined;
}

/** A connection: its preferred server, and its pace with its last part. */
interface Fetcher {
  server: string;
  pace: Pace | null;
}

/** A part to fetch, and the part that it was split from, if any. */
export interface Claim {
  readonly part: PartBuffer;
  readonly from: PartBuffer | null;
}

/** The parts of a download. */
export class PartScheduler {
  readonly #layout: Layout;
  /** Claimed and not completely delivered, in the order of their bytes. */
  #parts: PartBuffer[] = [];
  /** Offset of the first unclaimed byte. */
  #unclaimed: number;
  readonly #connections: Fetcher[] = [];

  constructor(layout: Layout) {
    this.#layout = layout;
    this.#unclaimed = layout.start;
  }

  /** Whether all bytes were delivered. */
  get isDone(): boolean {
    return this.claimed.length === 0 && this.#unclaimedBytes === 0;
  }

  /** The parts that were claimed and not completely delivered, in order. */
  get claimed(): readonly PartBuffer[] {
    if (this.#parts.some(({ left }) => left === 0)) {
      this.#parts = this.#parts.filter(({ left }) => left > 0);
    }
    return this.#parts;
  }

  /** Offset of the first undelivered byte. */
  get position(): number {
    return this.claimed[0]?.position ?? this.#unclaimed;
  }

  /** Adds a connection that prefers a server, and returns its index. */
  add(server: string): number {
    return this.#connections.push({ server, pace: null }) - 1;
  }

  /** Endpoint root of the server that a connection prefers. */
  serverOf(connection: number): string {
    return this.#connections[connection]?.server ?? "";
  }

  /** What a connection fetches next; null if it must wait. */
  claim(connection: number, now: number): Claim | null {
    return this.#takeOver(connection, now) ?? this.#claimNext(connection, now) ??
      this.#help(connection, now);
  }

  /** Notes that a part is complete. */
  fetched({ connection, progress }: PartBuffer): void {
    const { [connection]: fetcher } = this.#connections;
    if (fetcher !== undefined) fetcher.pace = progress.pace;
  }

  /** The missing bytes of a silent connection. Its server may be silent again, so it prefers the other one. */
  #takeOver(connection: number, now: number): Claim | null {
    const silent = this.claimed.find((part) => part.isSilent(now));
    if (silent === undefined) return null;
    const { [silent.connection]: loser } = this.#connections;
    if (loser !== undefined) loser.server = this.serverOf(connection);
    return this.#split(silent, silent.missing, new PartProgress(now, true), connection);
  }

  #claimNext(connection: number, now: number): Claim | null {
    const unclaimed = this.#unclaimedBytes;
    if (unclaimed === 0) return null;
    const paces = this.#connections.map(({ pace }) => pace);
    const load = { unclaimed, paces, partSize: this.#layout.partSize };
    const { bytes, window } = nextPartSize(paces[connection] ?? null, load);
    const held = this.claimed.reduce((sum, { left }) => sum + left, 0);
    if (held + bytes > window) return null;
    const start = this.#unclaimed;
    this.#unclaimed += bytes;
    const part = new PartBuffer(start, this.#unclaimed - 1, connection, new PartProgress(now));
    this.#parts.push(part);
    return { part, from: null };
  }

  /** A share of the part that takes longest. */
  #help(connection: number, now: number): Claim | null {
    const helper = this.#connections[connection]?.pace ?? null;
    if (helper === null) return null;
    const parts = this.claimed.flatMap((part) => {
      const pace = this.#connections[part.connection]?.pace;
      const rate = part.progress.averageRate(now) ?? pace?.rate;
      return rate === undefined || part.missing === 0 ? [] : [{ part, rate }];
    });
    const [slowest] = parts.toSorted((a, b) => b.part.missing / b.rate - a.part.missing / a.rate);
    if (slowest === undefined) return null;
    const { part, rate } = slowest;
    const isSameServer = this.serverOf(part.connection) === this.serverOf(connection);
    const isMoreLeft = this.#unclaimedBytes > 0;
    const age = part.progress.age(now);
    const share = shareOfHelper({
      missing: part.missing,
      rate,
      age,
      helper,
      isMoreLeft,
      isSameServer,
    });
    return share === 0 ? null : this.#split(part, share, new PartProgress(now), connection);
  }

  /** Moves the last bytes of a part to another connection. */
  #split(from: PartBuffer, bytes: number, progress: PartProgress, connection: number): Claim {
    const { end } = from;
    const part = new PartBuffer(from.giveUp(bytes), end, connection, progress);
    this.#parts.splice(this.#parts.indexOf(from) + 1, 0, part);
    return { part, from };
  }

  get #unclaimedBytes(): number {
    return this.#layout.endExclusive - this.#unclaimed;
  }
}
