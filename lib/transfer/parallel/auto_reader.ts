/**
 * Reads an image over one connection, and adds others while that makes the download faster. The first
 * connection continues for a while after others have begun at a later offset.
 */
import type { Deadline } from "../../http/deadline.ts";
import type { Chunk, ImageReader } from "../body_reader.ts";
import type { ResumeOptions, ResumingReader } from "../download/resuming_reader.ts";
import type { Progress } from "../types.ts";
import { ConnectionPolicy } from "./connection_policy.ts";
import type { ParallelOptions, ParallelReader } from "./parallel_reader.ts";

/** Bytes that the first connection reads while others begin after them, unless `partSize` is set. */
const HANDOVER = 4 * 1024 * 1024;

/** What the reader of several connections gets from the one that started it. */
export type Handover = Pick<
  ParallelOptions,
  "start" | "connections" | "signal" | "onReceived" | "onProgress"
>;

/** Options of an {@linkcode AutoReader}. */
export interface AutoOptions extends ResumeOptions {
  /** Offset after the last requested byte. */
  readonly endExclusive: number;
  readonly partSize: number | undefined;
  /** Lives as long as the download. */
  readonly lifetime: Deadline;
  /** Reads all bytes over one connection. */
  readonly single: ResumingReader;
  /** Whether the store supports ranges. */
  canSeek(): Promise<boolean>;
  /** Reads the bytes from an offset over several connections. */
  several(handover: Handover): ParallelReader;
}

/** Reads an image over as many connections as make it faster. */
export class AutoReader implements ImageReader {
  readonly #options: AutoOptions;
  /** Null after the other connections took over. */
  #single: ResumingReader | null;
  #several: ParallelReader | null = null;
  /** Null before the first response, and if more connections are not possible. */
  #policy: ConnectionPolicy | null = null;
  /** Offset of the next byte. */
  #offset: number;
  /** Offset from which several connections read. */
  #handover = Infinity;
  #isClosed = false;

  constructor(options: AutoOptions) {
    this.#options = options;
    this.#single = options.single;
    this.#offset = options.start;
    options.verifier?.endWith(options.lifetime.signal);
  }

  /** Opens the first response, so that errors are thrown before the first read. */
  async open(): Promise<void> {
    const { options: { now }, single } = this.#options;
    const since = now();
    try {
      await single.open();
    } catch (error) {
      await this.cancel(error);
      throw error;
    }
    this.#policy = new ConnectionPolicy(now(), now() - since);
    this.#received(0);
  }

  async read(into: Chunk): Promise<Chunk | null> {
    const { verifier, signal } = this.#options;
    try {
      const data = await this.#next(into);
      if (this.#isClosed) return null;
      if (data === null) await verifier?.check();
      else await verifier?.update(data);
      if (data === null) await this.cancel("complete");
      return this.#isClosed ? null : data;
    } catch (error) {
      if (this.#isClosed) return null;
      const reason = signal?.aborted ? signal.reason : error;
      await this.cancel(reason);
      throw reason;
    }
  }

  recycle(chunk: Chunk): void {
    this.#several?.recycle(chunk);
  }

  report(): void {
    (this.#single ?? this.#several)?.report();
  }

  async cancel(reason: unknown): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const { lifetime, verifier } = this.#options;
    lifetime.abort(reason);
    lifetime[Symbol.dispose]();
    await Promise.all([
      this.#single?.cancel(reason),
      this.#several?.cancel(reason),
      verifier?.close(),
    ]);
  }

  async #next(into: Chunk): Promise<Chunk | null> {
    const single = this.#single;
    if (single === null) return await this.#several?.read() ?? null;
    const chunk = await single.read(into);
    if (chunk === null) return null;
    const data = chunk.subarray(0, this.#handover - this.#offset);
    this.#offset += data.byteLength;
    this.#received(data.byteLength);
    if (this.#offset === this.#handover) {
      this.#single = null;
      await single.cancel("several connections read the rest");
    }
    return data;
  }

  /** Notes received bytes, and changes the number of connections. */
  #received(bytes: number): void {
    const policy = this.#policy;
    const count = policy?.received(bytes, this.#options.options.now()) ?? 1;
    if (this.#several !== null) this.#several.use(count);
    else if (policy !== null && count > 1) this.#start(policy);
  }

  async #start(policy: ConnectionPolicy): Promise<void> {
    this.#policy = null;
    const { canSeek, several, single, start, endExclusive, lifetime, onProgress } = this.#options;
    if (!await canSeek().catch(() => false) || this.#isClosed) return;
    const { partSize = HANDOVER } = this.#options;
    const handover = this.#offset + partSize;
    if (endExclusive - handover < partSize) return;
    this.#policy = policy;
    this.#handover = handover;
    const total = endExclusive - start;
    this.#several = several({
      start: handover,
      connections: policy.count,
      signal: lifetime.signal,
      onReceived: (bytes) => this.#received(bytes),
      onProgress: ({ server, transferred, resumes }: Progress) =>
        onProgress?.({
          server,
          total,
          transferred: transferred + handover - start,
          resumes: resumes + single.resumes,
        }),
    });
  }
}
