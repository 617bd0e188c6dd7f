/**
 * Limits the memory that buffered request bodies use. Each body has a limit in bytes and in time, and all
 * together have a limit in bytes. When the total is reached, the largest body of the client with the most
 * buffered bytes is refused. One client may use half of the total.
 */

import { concat } from "../concat.ts";
import type { Timer } from "../timer.ts";

/** Limits of buffered bodies. */
export interface BodyLimits {
  /**
   * Maximum bytes of one body: an image with 128 properties of maximum length fits.
   * Default: 16 MiB.
   */
  readonly each?: number;
  /**
   * Maximum bytes of all bodies together.
   * Default: 64 MiB.
   */
  readonly total?: number;
  /**
   * Maximum milliseconds from the start of a body to its end.
   * Default: 60,000.
   */
  readonly milliseconds?: number;
  readonly timer: Timer;
}

/** How one body is read. */
interface ReadBodyOptions {
  readonly mayReuseChunks?: boolean;
  readonly limit?: number;
}

/** The reason why a body was refused. */
export type BodyFault = "incomplete" | "too large" | "too slow" | "over budget";

/** Thrown if a body is not buffered. */
export class BodyRefused extends Error {
  override name = "BodyRefused";
  /** `over budget`: the client or all clients together buffer too much. The other values describe the body itself. */
  readonly fault: BodyFault;

  constructor(fault: BodyFault, cause?: unknown) {
    super(`Cannot buffer the body of a request: it is ${fault}`, { cause });
    this.fault = fault;
  }
}

/** A body that was read; it counts toward the limits until it is released. */
export interface BufferedBody {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Frees the bytes for other bodies. */
  readonly release: () => void;
}

/** A body that counts toward the limits. */
interface BodyEntry {
  readonly client: unknown;
  readonly limit: number;
  bytes: number;
  /** Null after the read has ended. */
  refuse: ((fault: BodyFault) => void) | null;
}

/** Memory, in bytes, of a request without its body: its streams and headers. */
const OVERHEAD = 16 * 1024;

/** The bodies that one server buffers. */
export class BodyBudget {
  readonly #limits: Required<BodyLimits>;
  readonly #entries = new Set<BodyEntry>();
  readonly #bytesByClient = new Map<unknown, number>();
  #held = 0;

  constructor(limits: BodyLimits) {
    const { each = 16 * 2 ** 20, total = 64 * 2 ** 20, milliseconds = 60_000, timer } = limits;
    this.#limits = { each, total, milliseconds, timer };
  }

  /** Bytes that are buffered now, with 16 KiB for the streams and headers of each request. */
  get held(): number {
    return this.#held;
  }

  /**
   * Reads a body; `client` identifies its sender. `limit` is its maximum in bytes (default: that of each body).
   * Set `mayReuseChunks` only if no other code uses the chunks: the memory of a refused body is then freed at once.
   *
   * @throws {BodyRefused} if the body is too large or too slow, if its stream fails, or if the client or all clients
   * together buffer too much.
   */
  async read(
    client: unknown,
    { body, headers }: Request,
    { mayReuseChunks = false, limit = this.#limits.each }: ReadBodyOptions = {},
  ): Promise<BufferedBody> {
    if (body === null) return { bytes: new Uint8Array(), release: () => {} };
    const reader = body.getReader();
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    const entry: BodyEntry = { client, limit, bytes: 0, refuse: null };
    const refused = new Promise<never>((_, reject) => {
      entry.refuse = (fault) => {
        this.#release(entry);
        reject(new BodyRefused(fault));
      };
    });
    refused.catch(() => {});
    this.#entries.add(entry);
    const { timer, milliseconds } = this.#limits;
    const stop = timer(milliseconds, () => entry.refuse?.("too slow"));
    try {
      if (Number(headers.get("content-length")) > limit) entry.refuse?.("too large");
      this.#grow(entry, OVERHEAD);
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
      // Garbage collection comes late: 200 endless bodies would cost 300 MiB instead of 150. Node 20 has no
      // `transfer`.
      if (mayReuseChunks) { for (const { buffer } of chunks) buffer.transfer?.(0); }
      reader.cancel(error).catch(() => {});
      throw error instanceof BodyRefused ? error : new BodyRefused("incomplete", error);
    } finally {
      entry.refuse = null;
      stop();
    }
  }

  #grow(entry: BodyEntry, bytes: number): void {
    if (!this.#entries.has(entry)) return;
    const { total } = this.#limits;
    entry.bytes += bytes;
    this.#count(entry.client, bytes);
    if (entry.bytes - OVERHEAD > entry.limit) return entry.refuse?.("too large");
    // One client gets at most half, so that others still have room.
    if ((this.#bytesByClient.get(entry.client) ?? 0) > total / 2) {
      return entry.refuse?.("over budget");
    }
    while (this.#held > total) this.#largestRead().refuse?.("over budget");
  }

  #release(entry: BodyEntry): void {
    if (this.#entries.delete(entry)) this.#count(entry.client, -entry.bytes);
  }

  #count(client: unknown, bytes: number): void {
    this.#held += bytes;
    const sum = (this.#bytesByClient.get(client) ?? 0) + bytes;
    if (sum === 0) this.#bytesByClient.delete(client);
    else this.#bytesByClient.set(client, sum);
  }

  /** The largest unfinished body of the client with the most buffered bytes. */
  #largestRead(): BodyEntry {
    const weight = ({ client, bytes }: BodyEntry) =>
      (this.#bytesByClient.get(client) ?? 0) * 2 ** 20 + bytes;
    return [...this.#entries].filter(({ refuse }) => refuse !== null)
      .reduce((most, entry) => weight(entry) > weight(most) ? entry : most);
  }
}
