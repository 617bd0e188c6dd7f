/**
 * A download that resumes: one reader over a sequence of responses. If a response breaks, the next one is
 * requested from the first undelivered byte. Counts and hashes cover delivered bytes, not received ones.
 */
import { ImageIntegrityError } from "../../errors.ts";
import { Deadline } from "../../http/deadline.ts";
import type { ResolvedOptions } from "../../options.ts";
import type { Chunk, ImageReader } from "../body_reader.ts";
import type { ContentDescriptor, Verifier } from "../integrity/descriptor.ts";
import { DeliveredTail } from "./overlap.ts";
import { BodySwitch } from "../race/body_switch.ts";
import { RangeBody } from "./range_body.ts";
import type { RangeSource } from "./range_source.ts";
import { Recovery } from "./break_recovery.ts";
import { endedEarly } from "../range_errors.ts";
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
  readonly verifier: Pick<Verifier, keyof Verifier> | null;
  /** Whether the hash of the whole image is verified, here or by the reader that joins the parts. */
  readonly isHashed: boolean;
  /** Source of ranges of the same image, for a second connection when a server is slow; undefined for none. */
  readonly secondSource?: RangeSource | undefined;
  /** Whether `secondSource` may be used: not while several connections share the network. */
  readonly isAlone?: (() => boolean) | undefined;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ((progress: Progress) => void) | undefined;
}

/** Reads a range of an image and resumes after breaks. */
export class ResumingReader implements ImageReader {
  readonly #source: RangeSource;
  readonly #options: ResumeOptions;
  readonly #lifetime: Deadline;
  readonly #tail = new DeliveredTail();
  readonly #recovery: Recovery;
  /** The open body, if any. */
  readonly #bodies: BodySwitch;
  #offset: number;
  /** Offset after the last requested byte; null while unknown. */
  #endExclusive: number | null;
  #isClosed = false;
  /** Number of times it resumed after a break. */
  resumes = 0;

  constructor(source: RangeSource, options: ResumeOptions) {
    this.#source = source;
    this.#options = options;
    this.#lifetime = new Deadline(options.options, options.signal);
    options.verifier?.endWith(this.#lifetime.signal);
    this.#recovery = new Recovery(source, options);
    const [tail, signal] = [this.#tail, this.#lifetime.signal];
    this.#bodies = new BodySwitch({ ...options, source, tail, signal });
    this.#offset = options.start;
    this.#endExclusive = options.end === null ? source.identity.size : options.end + 1;
  }

  /** Number of failed bodies and requests. */
  get breaks(): number {
    return this.#recovery.breaks;
  }

  /** Opens the first response, so that errors are thrown before the first read. */
  async open(): Promise<void> {
    const { now } = this.#options.options;
    while (this.#bodies.body === null && !this.#isClosed) {
      const since = now();
      await this.#openBody().catch((error) => this.#recover(error, since));
    }
  }

  /**
   * The next bytes, or null after all were delivered and verified. `into` is used if the runtime supports it.
   *
   * @throws {ImageDownloadFailed} if no server can deliver the remaining bytes.
   * @throws {ImageIntegrityError} if the bytes are not those of the image.
   */
  async read(into: Chunk): Promise<Chunk | null> {
    const { byteLength } = into;
    const { now } = this.#options.options;
    while (!this.#isClosed) {
      const since = now();
      try {
        this.#lifetime.signal.throwIfAborted();
        if (this.#offset === this.#endExclusive) return await this.#finish();
        // A server may send fewer bytes than requested; the remaining ones take another request.
        if (this.#bodies.body?.isComplete) await this.release("the range is complete");
        if (this.#bodies.body === null) await this.#openBody();
        // A broken body may have kept the memory.
        const memory = into.buffer.byteLength > 0 ? into : new Uint8Array(byteLength);
        const chunk = await this.#bodies.read(memory);
        if (this.#isClosed) return null;
        if (chunk === undefined) continue;
        if (chunk !== null) return await this.#deliver(chunk);
        if (this.#endExclusive === null) return await this.#finish();
        throw endedEarly(this.#source.identity.imageId, this.#bodies.server, this.#offset);
      } catch (error) {
        await this.#recover(error, since);
      }
    }
    return null;
  }

  /** Calls the progress callback. */
  report(): void {
    const { onProgress, start } = this.#options;
    const total = this.#endExclusive && this.#endExclusive - start;
    const transferred = this.#offset - start;
    onProgress?.({ transferred, total, server: this.#bodies.server, resumes: this.resumes });
  }

  /**
   * Closes the connection between two reads; the next read opens another one at its offset. For consumers
   * that may be idle for a long time.
   */
  async release(reason: unknown): Promise<void> {
    await this.#bodies.close(reason);
  }

  /** Ends the download and closes its connection. */
  async cancel(reason: unknown): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#lifetime.abort(reason);
    this.#lifetime[Symbol.dispose]();
    await Promise.all([this.release(reason), this.#options.verifier?.close()]);
  }

  async #openBody(): Promise<void> {
    const { signal } = this.#lifetime;
    signal.throwIfAborted();
    // The hash of a part is known only at the end of all, too late to request its bytes again.
    const proof = {
      isHashed: this.#options.verifier !== null,
      canCompare: this.#tail.isDistinctive,
    };
    const response = await this.#recovery.open(this.#offset, signal, proof);
    if (signal.aborted) await response.close(signal.reason);
    signal.throwIfAborted();
    this.#endExclusive ??= response.endExclusive;
    const body = new RangeBody(response, this.#offset, this.#endExclusive);
    this.#bodies.start(body);
    const { identity: { imageId } } = this.#source;
    const { options: { onEvent }, verifier } = this.#options;
    const cause = this.#recovery.resumed();
    if (cause !== null) {
      this.resumes++;
      onEvent({ kind: "resume", server: response.server, imageId, offset: this.#offset, cause });
    }
    await body.skip({ imageId, tail: this.#tail, verifier });
  }

  async #deliver(bytes: Chunk): Promise<Chunk> {
    await this.#options.verifier?.update(bytes);
    this.#tail.keep(bytes);
    this.#offset += bytes.byteLength;
    return bytes;
  }

  /** Checks, after the last byte, that the body ends there and that the hash matches. */
  async #finish(): Promise<null> {
    const hasExtra = await this.#bodies.body?.hasExtra();
    this.#endExclusive = this.#offset;
    const { verifier, isHashed } = this.#options;
    await verifier?.check();
    // The hash proves that additional bytes are harmless.
    if (hasExtra && !isHashed) throw tooLong(this.#source.identity, this.#bodies.server);
    await this.cancel("complete");
    return null;
  }

  /** Prepares for the next response after a break, or throws the error that ends the download. */
  async #recover(error: unknown, since: number): Promise<void> {
    if (this.#isClosed) return;
    const response = this.#bodies.body?.response ?? null;
    await this.release(error);
    const point = { offset: this.#offset, endExclusive: this.#endExclusive, response, since };
    try {
      this.#options.signal?.throwIfAborted();
      await this.#recovery.recover(error, point, this.#lifetime.signal);
    } catch (final) {
      await this.cancel(final);
      throw final;
    }
  }
}

function tooLong({ imageId, size }: ContentDescriptor, server: string): ImageIntegrityError {
  return new ImageIntegrityError(
    `Cannot accept image "${imageId}": the server sent more than its ${size} bytes; upload the image again, or ask the operator`,
    { imageId, server, expected: `size ${size}`, actual: `size above ${size}` },
  );
}
