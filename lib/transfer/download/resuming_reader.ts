/**
 * A download that resumes: one reader over a sequence of responses. If a response breaks, the next one is
 * requested from the first undelivered byte. Counts and hashes cover delivered bytes, not received ones.
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

/** Options of a resuming reader. */
export interface ResumeOptions {
  readonly options: ResolvedOptions;
  /** Offset of the first requested byte. */
  readonly start: number;
  /** Offset of the last requested byte; null for the end of the image. */
  readonly end: number | null;
  /** Whether this is a part of a larger download, which has begun even if this part has no bytes yet. */
  readonly isPart: boolean;
  /** Verifies the hash of the whole image; null if this reader does not. */
  readonly verifier: Verifier | null;
  /** Whether the hash of the whole image is verified, here or by the reader that joins the parts. */
  readonly isHashed: boolean;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ((progress: Progress) => void) | undefined;
}

/** Reads a range of an image and resumes after breaks. */
export class ResumingReader implements ImageReader {
  readonly #source: RangeSource;
  readonly #options: ResumeOptions;
  readonly #lifetime: Deadline;
  readonly #failures: unknown[] = [];
  /** The break that the next response resumes from; null if there was none. */
  #break: GlanceError | null = null;
  #response: RangeResponse | null = null;
  readonly #tail = new DeliveredTail();
  /** Bytes received in the same chunk as the last skipped byte. */
  #pending: Chunk | null = null;
  #offset: number;
  /** Offset after the last requested byte; null while unknown. */
  #stop: number | null;
  #server = "";
  #resumes = 0;
  /** Consecutive breaks without a byte in between. */
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

  /** Number of requested bytes; null while unknown. */
  get total(): number | null {
    return this.#stop === null ? null : this.#stop - this.#options.start;
  }

  /** Number of times it resumed after a break. */
  get resumes(): number {
    return this.#resumes;
  }

  /** Opens the first response, so that errors are thrown before the first read. */
  async open(): Promise<void> {
    while (this.#response === null) {
      try {
        await this.#openResponse();
      } catch (error) {
        await this.#recover(error);
      }
    }
  }

  /**
   * The next bytes, or null after all were delivered and verified. `into` is used if the runtime supports it.
   *
   * @throws {ImageDownloadFailed} if no server can deliver the remaining bytes.
   * @throws {ImageIntegrityError} if the bytes are not those of the image.
   */
  async read(into: Chunk): Promise<Chunk | null> {
    const shape = shapeOf(into);
    for (let memory = into; !this.#isClosed; memory = renewed(memory, shape)) {
      try {
        this.#lifetime.signal.throwIfAborted();
        if (this.#offset === this.#stop) return await this.#finish();
        // A server may send fewer bytes than requested; the remaining ones take another request.
        if (this.#offset === this.#response?.stop) await this.release("the range is complete");
        const chunk = await this.#next(this.#response ?? await this.#openResponse(), memory);
        return chunk ?? await this.#finish();
      } catch (error) {
        await this.#recover(error);
      }
    }
    return null;
  }

  /** Calls the progress callback. */
  report(): void {
    this.#options.onProgress?.({
      transferred: this.#offset - this.#options.start,
      total: this.total,
      server: this.#server,
      resumes: this.#resumes,
    });
  }

  /**
   * Closes the connection between two reads; the next read opens another one at its offset. For consumers
   * that may be idle for a long time.
   */
  async release(reason: unknown): Promise<void> {
    const response = this.#response;
    this.#response = null;
    this.#pending = null;
    await response?.close(reason);
  }

  /** Ends the download and closes its connection. */
  async cancel(reason: unknown): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#lifetime.abort(reason);
    this.#lifetime[Symbol.dispose]();
    await Promise.all([this.release(reason), this.#options.verifier?.close()]);
  }

  async #openResponse(): Promise<RangeResponse> {
    const { signal } = this.#lifetime;
    signal.throwIfAborted();
    const proof = { isHashed: this.#options.isHashed, canCompare: this.#tail.isDistinctive };
    const response = await this.#source.open(this.#offset, signal, proof);
    if (signal.aborted) await response.close(signal.reason);
    signal.throwIfAborted();
    this.#response = response;
    this.#server = response.server;
    this.#stop ??= response.stop;
    if (this.#break !== null) {
      this.#options.options.onEvent({
        kind: "resume",
        server: response.server,
        imageId: this.#source.identity.imageId,
        offset: this.#offset,
        cause: this.#break,
      });
      this.#break = null;
    }
    const { identity: { imageId } } = this.#source;
    const { verifier } = this.#options;
    this.#pending = await skipOverlap(response, { imageId, tail: this.#tail, verifier });
    return response;
  }

  async #next(response: RangeResponse, memory: Chunk): Promise<Chunk | null> {
    const pending = this.#pending;
    this.#pending = null;
    const chunk = pending ?? await response.reader.read(memory);
    if (this.#isClosed) return null;
    if (chunk === null) {
      if (this.#stop === null || this.#offset === this.#stop) return null;
      throw endedEarly(this.#source.identity.imageId, response.server, this.#offset);
    }
    const bytes = this.#clip(response, chunk);
    await this.#options.verifier?.update(bytes);
    this.#tail.keep(bytes);
    this.#offset += bytes.byteLength;
    return bytes;
  }

  /** Drops bytes after the end of the image. The hash decides whether they are harmless. */
  #clip(response: RangeResponse, chunk: Chunk): Chunk {
    const left = Math.min(this.#stop ?? Infinity, response.stop ?? Infinity) - this.#offset;
    if (chunk.byteLength <= left) return chunk;
    this.#hasExtra = this.#stop === response.stop;
    return chunk.subarray(0, left);
  }

  /** Checks, after the last byte, that the body ends there and that the hash matches. */
  async #finish(): Promise<null> {
    const response = this.#response;
    if (response !== null && response.stop === this.#stop && !this.#hasExtra) {
      // Reading the end frees the connection for reuse. A break after the last byte is harmless.
      const rest = await response.reader.read(new Uint8Array(1)).catch(() => null);
      this.#hasExtra = rest !== null && rest.byteLength > 0;
    }
    await this.#options.verifier?.check();
    const { imageId, size } = this.#source.identity;
    if (this.#hasExtra && !this.#options.isHashed) {
      throw new ImageIntegrityError(
        `Cannot accept image "${imageId}": the server sent more than its ${size} bytes; upload the image again, or contact the operator of the cloud`,
        { imageId, server: this.#server, expected: `size ${size}`, actual: `size above ${size}` },
      );
    }
    await this.cancel("complete");
    return null;
  }

  /** Prepares for the next response after a break, or throws the error that ends the download. */
  async #recover(error: unknown): Promise<void> {
    if (this.#isClosed) return;
    const { options, signal, isPart, start } = this.#options;
    const { candidates, hasPrefer, identity: { imageId, size } } = this.#source;
    const response = this.#response;
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
      response,
    };
    const failure = classifyBreak(error, standing);
    if (failure.kind === "final") return await this.#fail(failure.error);
    this.#failures.push(failure.error);
    this.#break = failure.error;
    const progress = offset - this.#brokeAt;
    const mayAsk = response?.reportBreak(failure.error, progress) ?? true;
    const end = candidates.note(failure, progress > 0, hasBegun);
    if (end !== null) return await this.#fail(end);
    this.#fruitless = fruitlessAfter(failure, progress > 0, this.#fruitless);
    this.#brokeAt = offset;
    const isLost = this.#stop === null && offset > start;
    const { numRetries } = options;
    const step = nextStep({ fruitless: this.#fruitless, numRetries, mayAsk, isLost });
    if (step.kind === "give up") return await this.#fail(this.#downloadFailed(failure.error));
    this.#resumes++;
    if (step.round !== null) {
      await options.sleep(backoff(step.round, options.random), this.#lifetime.signal);
    }
  }

  async #fail(error: unknown): Promise<never> {
    await this.cancel(error);
    throw error;
  }

  #downloadFailed(last: GlanceError): ImageDownloadFailed {
    return downloadFailed({
      imageId: this.#source.identity.imageId,
      delivered: this.#offset - this.#options.start,
      total: this.total,
      failures: this.#failures,
      last,
    });
  }
}
