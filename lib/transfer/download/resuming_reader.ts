/**
 * A download that goes on: one reader over as many pieces as it takes, each opened at the byte where
 * the one before broke. It counts and hashes what is delivered, not what a server sends.
 *
 * @module
 */
import { type GlanceError, type ImageDownloadFailed, ImageIntegrityError } from "../../errors.ts";
import { Deadline } from "../../http/deadline.ts";
import { backoff } from "../../http/retry_policy.ts";
import type { ResolvedOptions } from "../../options.ts";
import type { RangeResponse } from "./answer_body.ts";
import { type Chunk, type ImageReader, renewed, shapeOf } from "../body_reader.ts";
import type { Verifier } from "../integrity/descriptor.ts";
import { DeliveredTail, skipOverlap } from "./overlap.ts";
import type { RangeSource } from "./range_source.ts";
import {
  classifyBreak,
  downloadFailed,
  endedEarly,
  fruitlessAfter,
  nextStep,
} from "./resume_policy.ts";
import type { Progress } from "../types.ts";

/** What a resuming reader is told. */
export interface ResumeOptions {
  readonly options: ResolvedOptions;
  /** First wanted byte. */
  readonly start: number;
  /** Last wanted byte; null for the last of the image. */
  readonly end: number | null;
  /** Whether bytes outside of this stretch are under way: the download has begun, even before its first byte. */
  readonly isPart: boolean;
  /** The hash of the whole image, where it is to be checked. */
  readonly verifier: Verifier | null;
  /** Whether the hash of the whole image is checked, here or by whoever puts parts together. */
  readonly isHashed: boolean;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ((progress: Progress) => void) | undefined;
}

/** Reads an image from one byte to another, whatever its servers do. */
export class ResumingReader implements ImageReader {
  readonly #source: RangeSource;
  readonly #options: ResumeOptions;
  readonly #lifetime: Deadline;
  readonly #failures: unknown[] = [];
  /** What the next piece heals; null where nothing broke. */
  #break: GlanceError | null = null;
  #piece: RangeResponse | null = null;
  readonly #tail = new DeliveredTail();
  /** Bytes that came together with the last skipped one. */
  #pending: Chunk | null = null;
  #offset: number;
  /** Behind the last wanted byte; null while nobody knows. */
  #stop: number | null;
  #server = "";
  #resumes = 0;
  /** Breaks in a row without a byte in between. */
  #fruitless = 0;
  #brokeAt: number;
  #hasExtra = false;
  #isClosed = false;

  constructor(source: RangeSource, options: ResumeOptions) {
    this.#source = source;
    this.#options = options;
    this.#lifetime = new Deadline(options.options, options.signal);
    options.verifier?.endWith(this.#lifetime.signal);
    this.#offset = options.start;
    this.#brokeAt = options.start;
    this.#stop = options.end === null ? source.identity.size : options.end + 1;
  }

  /** Bytes in all; null while nobody knows. */
  get total(): number | null {
    return this.#stop === null ? null : this.#stop - this.#options.start;
  }

  /** How often it has gone on after a break. */
  get resumes(): number {
    return this.#resumes;
  }

  /** Opens the first piece, so that what is wrong with the image is told before its first byte. */
  async open(): Promise<void> {
    while (this.#piece === null) {
      try {
        await this.#openPiece();
      } catch (error) {
        await this.#recover(error);
      }
    }
  }

  /**
   * The next bytes, or null when all were delivered and are right. `into` is used where the runtime can.
   *
   * @throws {ImageDownloadFailed} where no server can deliver the rest.
   * @throws {ImageIntegrityError} where the bytes are not those of the image.
   */
  async read(into: Chunk): Promise<Chunk | null> {
    const shape = shapeOf(into);
    for (let memory = into; !this.#isClosed; memory = renewed(memory, shape)) {
      try {
        this.#lifetime.signal.throwIfAborted();
        if (this.#offset === this.#stop) return await this.#finish();
        // A server may give fewer bytes than requested; the rest is requested again.
        if (this.#offset === this.#piece?.stop) await this.release("its part is over");
        const chunk = await this.#next(this.#piece ?? await this.#openPiece(), memory);
        return chunk ?? await this.#finish();
      } catch (error) {
        await this.#recover(error);
      }
    }
    return null;
  }

  /** Tells how far it has come. */
  report(): void {
    this.#options.onProgress?.({
      transferred: this.#offset - this.#options.start,
      total: this.total,
      server: this.#server,
      resumes: this.#resumes,
    });
  }

  /**
   * Gives the server's connection back, between two reads; the next one opens another at its byte. For
   * readers of whom nobody knows when they come back.
   */
  async release(reason: unknown): Promise<void> {
    const piece = this.#piece;
    this.#piece = null;
    this.#pending = null;
    await piece?.close(reason);
  }

  /** Ends the download; a server that is still sending is cut off. */
  async cancel(reason: unknown): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#lifetime.abort(reason);
    this.#lifetime[Symbol.dispose]();
    await Promise.all([this.release(reason), this.#options.verifier?.close()]);
  }

  async #openPiece(): Promise<RangeResponse> {
    const { signal } = this.#lifetime;
    signal.throwIfAborted();
    const proof = { isHashed: this.#options.isHashed, canCompare: this.#tail.isDistinctive };
    const piece = await this.#source.open(this.#offset, signal, proof);
    if (signal.aborted) await piece.close(signal.reason);
    signal.throwIfAborted();
    this.#piece = piece;
    this.#server = piece.server;
    this.#stop ??= piece.stop;
    if (this.#break !== null) {
      this.#options.options.onEvent({
        kind: "resume",
        server: piece.server,
        imageId: this.#source.identity.imageId,
        offset: this.#offset,
        cause: this.#break,
      });
      this.#break = null;
    }
    const { identity: { imageId } } = this.#source;
    const { verifier } = this.#options;
    this.#pending = await skipOverlap(piece, { imageId, tail: this.#tail, verifier });
    return piece;
  }

  async #next(piece: RangeResponse, memory: Chunk): Promise<Chunk | null> {
    const pending = this.#pending;
    this.#pending = null;
    const chunk = pending ?? await piece.reader.read(memory);
    if (this.#isClosed) return null;
    if (chunk === null) {
      if (this.#stop === null || this.#offset === this.#stop) return null;
      throw endedEarly(this.#source.identity.imageId, piece.server, this.#offset);
    }
    const wanted = this.#wantedOf(piece, chunk);
    await this.#options.verifier?.update(wanted);
    this.#tail.keep(wanted);
    this.#offset += wanted.byteLength;
    return wanted;
  }

  /** A server may send more than the image has; whether that is harmless, the hash decides. */
  #wantedOf(piece: RangeResponse, chunk: Chunk): Chunk {
    const left = Math.min(this.#stop ?? Infinity, piece.stop ?? Infinity) - this.#offset;
    if (chunk.byteLength <= left) return chunk;
    this.#hasExtra = this.#stop === piece.stop;
    return chunk.subarray(0, left);
  }

  /** All bytes are there: is there an end behind them, and are they right? */
  async #finish(): Promise<null> {
    const piece = this.#piece;
    if (piece !== null && piece.stop === this.#stop && !this.#hasExtra) {
      // Lets the connection be used again; a body that breaks behind its last byte has done its duty.
      const rest = await piece.reader.read(new Uint8Array(1)).catch(() => null);
      this.#hasExtra = rest !== null && rest.byteLength > 0;
    }
    await this.#options.verifier?.check();
    const { imageId, size } = this.#source.identity;
    if (this.#hasExtra && !this.#options.isHashed) {
      throw new ImageIntegrityError(
        `Cannot accept image "${imageId}": the server sent more than its ${size} bytes; upload it anew, or ask the operator of the cloud`,
        { imageId, server: this.#server, expected: `size ${size}`, actual: `size above ${size}` },
      );
    }
    await this.cancel("complete");
    return null;
  }

  /** Prepares for another piece, or throws what ends the download. */
  async #recover(error: unknown): Promise<void> {
    if (this.#isClosed) return;
    const { options, signal, isPart, start } = this.#options;
    const { candidates, hasPrefer, identity: { imageId, size } } = this.#source;
    const piece = this.#piece;
    const offset = this.#offset;
    await this.release(error);
    if (signal?.aborted) return await this.#fail(signal.reason);
    const hasBegun = isPart || offset > start;
    const { servers } = candidates;
    const standing = {
      imageId,
      offset,
      hasBegun,
      isSized: size !== null,
      hasPrefer,
      servers,
      piece,
    };
    const broke = classifyBreak(error, standing);
    if (broke.kind === "final") return await this.#fail(broke.error);
    this.#failures.push(broke.error);
    this.#break = broke.error;
    const progress = offset - this.#brokeAt;
    const mayAsk = piece?.broke(broke.error, progress) ?? true;
    const end = candidates.note(broke, progress > 0, hasBegun);
    if (end !== null) return await this.#fail(end);
    this.#fruitless = fruitlessAfter(broke, progress > 0, this.#fruitless);
    this.#brokeAt = offset;
    const isLost = this.#stop === null && offset > start;
    const { numRetries } = options;
    const step = nextStep({ fruitless: this.#fruitless, numRetries, mayAsk, isLost });
    if (step.kind === "give up") return await this.#fail(this.#failed(broke.error));
    this.#resumes++;
    if (step.round !== null) {
      await options.sleep(backoff(step.round, options.random), this.#lifetime.signal);
    }
  }

  async #fail(error: unknown): Promise<never> {
    await this.cancel(error);
    throw error;
  }

  #failed(last: GlanceError): ImageDownloadFailed {
    return downloadFailed({
      imageId: this.#source.identity.imageId,
      delivered: this.#offset - this.#options.start,
      total: this.total,
      failures: this.#failures,
      last,
    });
  }
}
