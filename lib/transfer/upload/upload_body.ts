/**
 * The body of an upload: a stream that counts and hashes its bytes, and that never ends as if it were
 * complete when its source fails.
 */
import { Invalid, ServerUnreachable } from "../../errors.ts";
import type { Deadline } from "../../http/deadline.ts";
import type { ResolvedOptions } from "../../options.ts";
import { describeType } from "../../validate.ts";
import { fixedLength, isWorkerd } from "../../http/fixed_length.ts";
import type { TransferHasher } from "../types.ts";
import { StallTimer } from "../stall_timer.ts";
import { optionPart } from "../../message_parts.ts";
import type { ChunkReader } from "./upload_source.ts";

/**
 * Maximum size of an enqueued chunk in bytes. Some runtimes send it as one HTTP chunk, and uWSGI in front of
 * Glance accepts 1 MiB by default.
 */
export const SLICE_SIZE = 256 * 1024;

export interface UploadBodyOptions {
  readonly options: ResolvedOptions;
  readonly imageId: string;
  /** Total size in bytes; null if unknown. */
  readonly size: number | null;
  readonly hasher: TransferHasher | null;
  /** Called with the number of bytes that the runtime has accepted; never with all of a known size. */
  onProgress(accepted: number): void;
  /**
   * Called after the last byte was enqueued, to limit the wait for the response.
   * Default: aborts the request after `requestTimeout`.
   */
  onSent?(deadline: Deadline | null): void;
}

/** The body of one attempt. */
export class UploadBody {
  readonly stream: ReadableStream<Uint8Array>;
  readonly #source: ChunkReader;
  readonly #options: UploadBodyOptions;
  #deadline: Deadline | null = null;
  #stallTimer: StallTimer | null = null;
  #rest: Uint8Array = new Uint8Array();
  #transferred = 0;
  #isSent = false;
  #failure: { readonly error: unknown } | null = null;
  /** Whether the request has canceled the body. Later chunks and errors of the source are ignored. */
  #isCanceled = false;

  constructor(source: ChunkReader, options: UploadBodyOptions) {
    this.#source = source;
    this.#options = options;
    this.stream = fixedLength(
      new ReadableStream({
        pull: (controller) => this.#pull(controller),
        cancel: (reason) => {
          this.#isCanceled = true;
          return this.#source.cancel(reason);
        },
      }, { highWaterMark: 0 }),
      options.size,
    );
  }

  /** Number of bytes enqueued. */
  get transferred(): number {
    return this.#transferred;
  }

  /** Whether all bytes were enqueued. Those in the buffers of the runtime may still be lost. */
  get isSent(): boolean {
    return this.#isSent;
  }

  /** A failure on the client side, which another server cannot fix. */
  get failure(): { readonly error: unknown } | null {
    return this.#failure;
  }

  /** Starts the stall timeout of an attempt, which runs while the server accepts no bytes. */
  watch(deadline: Deadline): void {
    const { imageId, options } = this.#options;
    this.#deadline = deadline;
    this.#stallTimer = new StallTimer(deadline, options, () =>
      new ServerUnreachable(
        `Cannot continue uploading image "${imageId}": the server accepted no data for ${options.stallTimeout} ms; raise "stallTimeout" if it is slow`,
        { messageParts: [optionPart("stallTimeout")], imageId },
      ));
    this.#stallTimer.begin();
  }

  /** Ends the body; if it was not read to its end, it fails. */
  async close(reason: unknown): Promise<void> {
    this.#failure ??= { error: reason };
    this.#stallTimer?.[Symbol.dispose]();
    await this.#source.cancel(reason).catch(() => {});
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    this.#stallTimer?.end();
    // A pull means that the runtime has accepted the previous bytes.
    if (this.#transferred > 0) this.#options.onProgress(this.#transferred);
    try {
      const slice = await this.#nextSlice();
      if (this.#failure !== null) throw this.#failure.error;
      if (this.#isCanceled) return;
      if (slice === null) return this.#end(controller);
      this.#transferred += slice.byteLength;
      controller.enqueue(slice);
      // A runtime that has the size does not pull the end of the stream.
      if (this.#transferred === this.#options.size) this.#end(controller);
      else this.#stallTimer?.begin();
    } catch (cause) {
      if (this.#isCanceled) return;
      const { error } = this.#failure ??= { error: cause };
      this.#deadline?.abort(error);
      // workerd sends an errored body as a complete one. So only the abort ends the request, and this pull
      // stays pending.
      if (isWorkerd()) await new Promise<never>(() => {});
      throw error;
    }
  }

  #end(controller: ReadableStreamDefaultController<Uint8Array>): void {
    const { size, imageId, options } = this.#options;
    if (size !== null && this.#transferred !== size) throw wrongSize(imageId, size);
    this.#stallTimer?.[Symbol.dispose]();
    this.#isSent = true;
    if (this.#options.onSent !== undefined) this.#options.onSent(this.#deadline);
    else this.#deadline?.arm(options.requestTimeout, () => noResponse(imageId, options));
    controller.close();
  }

  /** The next bytes to send, hashed; null at the end. */
  async #nextSlice(): Promise<Uint8Array | null> {
    if (!await this.#fill()) return null;
    const slice = this.#rest.subarray(0, SLICE_SIZE);
    this.#rest = this.#rest.subarray(slice.byteLength);
    const { size, imageId, hasher } = this.#options;
    const end = this.#transferred + slice.byteLength;
    // The last byte completes a body of known size, so check that no byte follows before sending it.
    const isLonger = size !== null && (end > size || (end === size && await this.#fill()));
    if (isLonger) throw wrongSize(imageId, size);
    await hasher?.update(slice);
    return slice;
  }

  /** Reads the next chunk of the source if the buffer is empty; false at its end. */
  async #fill(): Promise<boolean> {
    while (this.#rest.byteLength === 0) {
      const next: unknown = await this.#source.next();
      if (next === null) return false;
      // The chunks of `FileHandle.readableWebStream()` of Node 20 are of this type.
      const chunk = next instanceof ArrayBuffer ? new Uint8Array(next) : next;
      if (!(chunk instanceof Uint8Array)) {
        throw new Invalid(
          `Cannot upload image "${this.#options.imageId}": the source returned ${
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

/** The error if the server does not respond after the last byte. */
export function noResponse(
  imageId: string,
  { requestTimeout }: Pick<ResolvedOptions, "requestTimeout">,
): ServerUnreachable {
  return new ServerUnreachable(
    `Cannot finish uploading image "${imageId}": the server did not respond within ${requestTimeout} ms after the last byte`,
    { imageId },
  );
}

/** The error if the data does not have the announced size. */
export function wrongSize(imageId: string, size: number): Invalid {
  return new Invalid(
    `Cannot upload image "${imageId}": the data does not have the announced ${size} bytes; correct the size or leave it out`,
    { imageId },
  );
}
