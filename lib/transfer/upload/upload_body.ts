/**
 * The body of an upload: a stream that counts and hashes what it hands over, and that cannot end as if
 * it were whole when its source fails.
 *
 * @module
 */
import { Invalid, ServerUnreachable } from "../../errors.ts";
import type { Deadline } from "../../http/deadline.ts";
import type { ResolvedOptions } from "../../options.ts";
import { describeType } from "../../validate.ts";
import { fixedLength, isWorkerd } from "../../http/fixed_length.ts";
import type { Hasher } from "../types.ts";
import { StallTimer } from "../stall_timer.ts";
import type { ChunkReader } from "./upload_source.ts";

/**
 * Bytes of one enqueued chunk at the most: some runtimes send it as one HTTP chunk, and uWSGI in front
 * of Glance takes 1 MiB by default.
 */
export const SLICE_SIZE = 256 * 1024;

/** What the body of an upload is told. */
export interface UploadBodyOptions {
  readonly options: ResolvedOptions;
  readonly imageId: string;
  /** Bytes in all; null where nobody knows. */
  readonly size: number | null;
  readonly hasher: Hasher | null;
  /** Called with the bytes that the runtime has taken from the body; never with all of a known size. */
  onProgress(accepted: number): void;
  /**
   * Called when the last byte was handed over, to limit the wait for the answer.
   * @default aborts the request after `requestTimeout`
   */
  onSent?(deadline: Deadline | null): void;
}

/** One attempt's body over a source. */
export class UploadBody {
  readonly stream: ReadableStream<Uint8Array>;
  readonly #source: ChunkReader;
  readonly #options: UploadBodyOptions;
  #deadline: Deadline | null = null;
  #watch: StallTimer | null = null;
  #rest: Uint8Array = new Uint8Array();
  #transferred = 0;
  #isSent = false;
  #failure: { readonly error: unknown } | null = null;
  /** Whether the request has ended without it: what its source still gives, or fails with, is nobody's. */
  #isGivenUp = false;

  constructor(source: ChunkReader, options: UploadBodyOptions) {
    this.#source = source;
    this.#options = options;
    this.stream = fixedLength(
      new ReadableStream({
        pull: (controller) => this.#pull(controller),
        cancel: (reason) => {
          this.#isGivenUp = true;
          return this.#source.cancel(reason);
        },
      }, { highWaterMark: 0 }),
      options.size,
    );
  }

  /** Bytes that were handed over. */
  get transferred(): number {
    return this.#transferred;
  }

  /** Whether all bytes were handed over. What the runtime keeps in its buffers may be lost all the same. */
  get isSent(): boolean {
    return this.#isSent;
  }

  /** What went wrong on our side, which no other server can heal. */
  get failure(): { readonly error: unknown } | null {
    return this.#failure;
  }

  /** Takes over the clock of the attempt: silence counts while the server takes nothing. */
  watch(deadline: Deadline): void {
    const { imageId, options } = this.#options;
    this.#deadline = deadline;
    this.#watch = new StallTimer(deadline, options, () =>
      new ServerUnreachable(
        `Cannot go on uploading image "${imageId}": the server took nothing for ${options.stallTimeout} ms`,
        { imageId },
      ));
    this.#watch.begin();
  }

  /** Ends it, whatever has become of it: one that was not read to its end breaks. */
  async close(reason: unknown): Promise<void> {
    this.#failure ??= { error: reason };
    this.#watch?.[Symbol.dispose]();
    await this.#source.cancel(reason).catch(() => {});
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    this.#watch?.end();
    // A runtime asks for the next bytes when it has taken those before.
    if (this.#transferred > 0) this.#options.onProgress(this.#transferred);
    try {
      const slice = await this.#nextSlice();
      if (this.#failure !== null) throw this.#failure.error;
      if (this.#isGivenUp) return;
      if (slice === null) return this.#end(controller);
      this.#options.hasher?.update(slice);
      this.#transferred += slice.byteLength;
      controller.enqueue(slice);
      // A runtime that knows the size does not ask for the end of the stream.
      if (this.#transferred === this.#options.size) this.#end(controller);
      else this.#watch?.begin();
    } catch (error) {
      if (this.#isGivenUp) return;
      this.#failure ??= { error };
      this.#deadline?.abort(error);
      // workerd sends an errored body as a complete one: there, the abort ends the request, and with
      // it this pull, which never ends by itself.
      if (isWorkerd()) await new Promise<never>(() => {});
      throw error;
    }
  }

  #end(controller: ReadableStreamDefaultController<Uint8Array>): void {
    const { size, imageId, options } = this.#options;
    if (size !== null && this.#transferred !== size) throw wrongSize(imageId, size);
    this.#watch?.[Symbol.dispose]();
    this.#isSent = true;
    if (this.#options.onSent !== undefined) this.#options.onSent(this.#deadline);
    else this.#deadline?.arm(options.requestTimeout, () => unanswered(imageId, options));
    controller.close();
  }

  /** The next bytes to send; null at the end. */
  async #nextSlice(): Promise<Uint8Array | null> {
    if (!await this.#fill()) return null;
    const slice = this.#rest.subarray(0, SLICE_SIZE);
    this.#rest = this.#rest.subarray(slice.byteLength);
    const { size, imageId } = this.#options;
    const end = this.#transferred + slice.byteLength;
    // The last byte makes a body of known size whole: nothing may follow it.
    const isLonger = size !== null && (end > size || (end === size && await this.#fill()));
    if (isLonger) throw wrongSize(imageId, size);
    return slice;
  }

  /** Reads bytes from the source if none are left; false at its end. */
  async #fill(): Promise<boolean> {
    while (this.#rest.byteLength === 0) {
      const chunk = await this.#source.next();
      if (chunk === null) return false;
      if (!(chunk instanceof Uint8Array)) {
        throw new Invalid(
          `Cannot upload image "${this.#options.imageId}": its source gave ${
            describeType(chunk)
          } instead of bytes; encode it first`,
          { imageId: this.#options.imageId },
        );
      }
      this.#rest = chunk;
    }
    return true;
  }
}

/** The error for a server that says nothing after the last byte. */
export function unanswered(
  imageId: string,
  { requestTimeout }: Pick<ResolvedOptions, "requestTimeout">,
): ServerUnreachable {
  return new ServerUnreachable(
    `Cannot finish uploading image "${imageId}": the server did not answer in ${requestTimeout} ms after the last byte`,
    { imageId },
  );
}

/** The error for data that is not of the size that was announced. */
export function wrongSize(imageId: string, size: number): Invalid {
  return new Invalid(
    `Cannot upload image "${imageId}": its source does not give the ${size} bytes that were announced; correct the size or leave it out`,
    { imageId },
  );
}
