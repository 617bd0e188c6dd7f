/**
 * Request bodies that are held in memory: each has a limit in bytes and in time, all of them together have a
 * limit in bytes, and if that is reached, the caller that holds most gives way.
 *
 * @module
 */

/** How much is held, and for how long. */
export interface BodyLimits {
  /**
   * Bytes of one body: an image with 128 properties of the longest kind.
   * @default 16 MiB
   */
  readonly each?: number;
  /**
   * Bytes of all bodies together.
   * @default 64 MiB
   */
  readonly total?: number;
  /**
   * Milliseconds in which a body must arrive.
   * @default 60,000
   */
  readonly milliseconds?: number;
  /** Calls `ring` after `ms`, unless what it returns is called before. */
  readonly timer: (ms: number, ring: () => void) => () => void;
}

/** Why a body is not read to its end. */
export type BodyFault = "broken" | "large" | "late" | "crowded";

/** A body that is not held. */
export class BodyRefused extends Error {
  override name = "BodyRefused";
  /** What is wrong with the body, or that there is no room for it now. */
  readonly fault: BodyFault;

  constructor(fault: BodyFault, cause?: unknown) {
    super(`Cannot hold the body of a request: it is ${fault}`, { cause });
    this.fault = fault;
  }
}

/** A body that was read, and counts as held until it is released. */
export interface HeldBody {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Gives its room to others. */
  readonly release: () => void;
}

/** One body: how much of it is there, and what ends its read. */
interface BodyEntry {
  readonly caller: unknown;
  bytes: number;
  /** Null after the read has ended. */
  refuse: ((fault: BodyFault) => void) | null;
}

/** What a body costs before its first byte: the streams and the request around it. */
const OVERHEAD = 16 * 1024;

/** The bodies that one server holds. */
export class BodyBudget {
  readonly #limits: Required<BodyLimits>;
  readonly #entries = new Set<BodyEntry>();
  readonly #ofCaller = new Map<unknown, number>();
  #held = 0;

  constructor(limits: BodyLimits) {
    const { each = 16 * 2 ** 20, total = 64 * 2 ** 20, milliseconds = 60_000, timer } = limits;
    this.#limits = { each, total, milliseconds, timer };
  }

  /** Bytes that are held. */
  get held(): number {
    return this.#held;
  }

  /**
   * Reads a body; `caller` is whatever identifies who sends it.
   *
   * @throws {BodyRefused} if it is too large or too slow, if it breaks, or if there is no room for it.
   */
  async read(caller: unknown, { body, headers }: Request): Promise<HeldBody> {
    if (body === null) return { bytes: new Uint8Array(), release: () => {} };
    const reader = body.getReader();
    const entry: BodyEntry = { caller, bytes: 0, refuse: null };
    const refused = new Promise<never>((_, reject) => {
      entry.refuse = (fault) => {
        this.#release(entry);
        reject(new BodyRefused(fault));
      };
    });
    refused.catch(() => {});
    this.#entries.add(entry);
    const { timer, milliseconds, each } = this.#limits;
    const stop = timer(milliseconds, () => entry.refuse?.("late"));
    try {
      if (Number(headers.get("content-length")) > each) entry.refuse?.("large");
      this.#grow(entry, OVERHEAD);
      const chunks: Uint8Array[] = [];
      for (;;) {
        const { done, value } = await Promise.race([refused, reader.read()]);
        if (done) break;
        chunks.push(value);
        this.#grow(entry, value.byteLength);
      }
      const bytes = concat(chunks, entry.bytes - OVERHEAD);
      return { bytes, release: () => this.#release(entry) };
    } catch (error) {
      this.#release(entry);
      reader.cancel(error).catch(() => {});
      throw error instanceof BodyRefused ? error : new BodyRefused("broken", error);
    } finally {
      entry.refuse = null;
      stop();
    }
  }

  #grow(entry: BodyEntry, bytes: number): void {
    if (!this.#entries.has(entry)) return;
    const { each, total } = this.#limits;
    entry.bytes += bytes;
    this.#count(entry.caller, bytes);
    if (entry.bytes - OVERHEAD > each) return entry.refuse?.("large");
    // One caller never leaves the others without room.
    if ((this.#ofCaller.get(entry.caller) ?? 0) > total / 2) return entry.refuse?.("crowded");
    while (this.#held > total) this.#largestRead().refuse?.("crowded");
  }

  #release(entry: BodyEntry): void {
    if (this.#entries.delete(entry)) this.#count(entry.caller, -entry.bytes);
  }

  #count(caller: unknown, bytes: number): void {
    this.#held += bytes;
    const sum = (this.#ofCaller.get(caller) ?? 0) + bytes;
    if (sum === 0) this.#ofCaller.delete(caller);
    else this.#ofCaller.set(caller, sum);
  }

  /** Of the callers that are sending, the one that holds most: its largest body. */
  #largestRead(): BodyEntry {
    const weight = ({ caller, bytes }: BodyEntry) =>
      (this.#ofCaller.get(caller) ?? 0) * 2 ** 20 + bytes;
    return [...this.#entries].filter(({ refuse }) => refuse !== null)
      .reduce((most, entry) => weight(entry) > weight(most) ? entry : most);
  }
}

function concat(chunks: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
}
