/**
 * The schedule of a parallel download: which bytes a free connection fetches next. It sends no requests and
 * has no clock.
 *
 * One connection leads: it reads the rest of the image, until that is divided among several.
 *
 * A free connection takes over the bytes of one that is silent or has given up. Otherwise, it claims the next bytes of
 * the image, unless the reader is too far behind. Otherwise, it fetches a share of the slowest connection's part.
 */
import { PartBuffer } from "./part_buffer.ts";
import { type Pace, PartProgress } from "./part_progress.ts";
import { leadSize, type Load, nextPartSize, shareOfHelper } from "./part_size.ts";

/** The requested bytes of an image, and the size of parts. */
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
  /** The part of the last lead, whose bytes are not buffered. */
  #lead: PartBuffer | null = null;
  /** Whether several connections claim the next bytes. */
  #isSpread = false;
  /** Milliseconds until the first byte of the image. */
  wait = 0;

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

  /** Whether one connection should read all unclaimed bytes, since all others were delivered. */
  get needsLead(): boolean {
    return !this.#isSpread && this.claimed.length === 0 && this.#unclaimedBytes > 0;
  }

  /** Claims all unclaimed bytes for the first connection. */
  lead(now: number): PartBuffer {
    const start = this.#unclaimed;
    this.#unclaimed = this.#layout.endExclusive;
    const part = new PartBuffer(start, this.#unclaimed - 1, 0, new PartProgress(now));
    this.#parts.push(part);
    this.#lead = part;
    return part;
  }

  /** Continues with this number of connections. A new one prefers the server that its index selects. */
  use(count: number, serverOf: (connection: number) => string): void {
    for (let i = this.#connections.length; i < count; i++) {
      this.#connections.push({ server: serverOf(i), pace: null });
    }
    this.#isSpread = count > 1;
  }

  /**
   * Lets other connections claim the bytes after the part of the lead, whose first byte took `wait` milliseconds. The
   * lead reads its response only to the end of that part. Only the last part can be shortened: others follow the rest.
   */
  spread(lead: PartBuffer, wait: number): void {
    if (lead.missing === 0 || lead.end < this.#layout.endExclusive - 1) return;
    this.wait = wait;
    this.#unclaimed = lead.giveUp(lead.missing - leadSize(this.#load));
  }

  /** Gives all bytes to the lead, also those of other connections; without a lead, they are unclaimed again. */
  gather(lead: PartBuffer | null): void {
    this.#isSpread = false;
    this.#unclaimed = lead === null ? this.position : this.#layout.endExclusive;
    lead?.extend(this.#unclaimed - 1);
    this.#parts = lead === null ? [] : [lead];
  }

  /** The servers that these first connections prefer. */
  serversOf(count: number): readonly string[] {
    return [...new Set(this.#connections.slice(0, count).map(({ server }) => server))];
  }

  /** Endpoint root of the server that a connection prefers. */
  serverOf(connection: number): string {
    return this.#connections[connection]?.server ?? "";
  }

  /** The part that a connection fetches next; null if it must wait. */
  claim(connection: number, now: number): Claim | null {
    return this.#takeOver(connection, now) ?? this.#claimNext(connection, now) ??
      this.#help(connection, now);
  }

  /** Records that a part is complete. */
  fetched({ connection, progress }: PartBuffer): void {
    const fetcher = this.#connections[connection];
    if (fetcher !== undefined) fetcher.pace = progress.pace;
  }

  /** Takes over the missing bytes of a stuck connection, which then prefers the server of the other one. */
  #takeOver(connection: number, now: number): Claim | null {
    const stuck = this.claimed.find((part) => part.isStuck(now));
    if (stuck === undefined) return null;
    const loser = this.#connections[stuck.connection];
    if (loser !== undefined) loser.server = this.serverOf(connection);
    return this.#split(stuck, stuck.missing, stuck.progress.takeOver(now), connection);
  }

  #claimNext(connection: number, now: number): Claim | null {
    if (!this.#isSpread || this.#unclaimedBytes === 0) return null;
    const pace = this.#connections[connection]?.pace ?? null;
    const { bytes, window } = nextPartSize(pace, this.#load);
    const held = heldBytes(this.claimed, this.#lead, bytes);
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
    const slowest = slowestOf(this.claimed, this.#connections, now);
    if (helper === null || slowest === undefined) return null;
    const { part, rate } = slowest;
    const { missing, progress } = part;
    const share = shareOfHelper({
      ...{ missing, rate, helper, age: progress.age(now), wait: this.wait },
      isMoreLeft: this.#unclaimedBytes > 0,
      isSameServer: this.serverOf(part.connection) === this.serverOf(connection),
      isLead: part === this.#lead,
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

  get #load(): Load {
    return {
      unclaimed: this.#unclaimedBytes,
      missing: this.claimed.reduce((sum, { missing }) => sum + missing, this.#unclaimedBytes),
      paces: this.#connections.map(({ pace }) => pace),
      partSize: this.#layout.partSize,
      wait: this.wait,
    };
  }

  get #unclaimedBytes(): number {
    return this.#layout.endExclusive - this.#unclaimed;
  }
}

/** Undelivered bytes. The part of the lead is not buffered, so it counts as one of the usual size. */
function heldBytes(parts: readonly PartBuffer[], lead: PartBuffer | null, usual: number): number {
  return parts.map((part) => part === lead ? Math.min(part.left, usual) : part.left)
    .reduce((sum, bytes) => sum + bytes, 0);
}

/** The part that takes longest, and its rate in bytes per millisecond; undefined if no rate is known. */
function slowestOf(
  parts: readonly PartBuffer[],
  connections: readonly Fetcher[],
  now: number,
): { readonly part: PartBuffer; readonly rate: number } | undefined {
  const [slowest] = parts.flatMap((part) => {
    const rate = part.progress.averageRate(now) ?? connections[part.connection]?.pace?.rate;
    return rate === undefined || part.missing === 0 ? [] : [{ part, rate }];
  }).toSorted((a, b) => b.part.missing / b.rate - a.part.missing / a.rate);
  return slowest;
}
