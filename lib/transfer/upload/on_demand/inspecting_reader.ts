/**
 * Inspects the data of an upload: the first bytes before any is sent, and the structures after them before the last byte
 * is sent. Imported on demand.
 */
import { ImageInspector } from "../../../formats/image_inspector.ts";
import type { ImageInspection } from "../../../formats/types.ts";
import type { ChunkReader } from "../upload_source.ts";

/** Returns the error for data that is refused; null for accepted data. */
export type FindFault = (inspection: ImageInspection) => Error | null | Promise<Error | null>;

/** Reads chunks, and fails with the error of `findFault`. */
export class InspectingReader implements ChunkReader {
  readonly #reader: ChunkReader;
  readonly #size: number | null;
  readonly #findFault: FindFault;
  readonly #inspector: ImageInspector;
  /** The chunks that were read ahead, in order. */
  readonly #ahead: Uint8Array[] = [];

  /** `size` is the size of the data in bytes, if it is known. */
  constructor(reader: ChunkReader, size: number | null, findFault: FindFault) {
    this.#reader = reader;
    this.#size = size;
    this.#findFault = findFault;
    this.#inspector = new ImageInspector({ size: size ?? undefined });
  }

  /** Some runtimes send a Blob without reading it here. */
  get blob(): Blob | undefined {
    return this.#reader.blob;
  }

  /**
   * Reads until the format is certain, after at most 256 KiB and a chunk. The chunks are kept for `next`.
   *
   * @param wait waits for a chunk; it may throw
   */
  async readAhead(wait: (chunk: Promise<Uint8Array | null>) => Promise<Uint8Array | null>) {
    for (let [bytes, isEnough] = [0, this.#size === 0]; !isEnough;) {
      const chunk = await wait(this.#read());
      if (chunk === null) return;
      const isBytes = chunk instanceof Uint8Array;
      bytes += chunk.byteLength;
      isEnough = !isBytes || bytes === this.#size || this.#inspector.isDecided;
      // The source may reuse the memory of a chunk when the next one is read.
      this.#ahead.push(isBytes && !this.#inspector.isDecided ? new Uint8Array(chunk) : chunk);
      // Data that is not bytes is refused by the upload.
      if (!isBytes) return;
    }
    await this.#check(this.#inspector.preview() ?? this.#inspector.finish());
  }

  async next(): Promise<Uint8Array | null> {
    return this.#ahead.shift() ?? await this.#read();
  }

  async cancel(reason: unknown): Promise<void> {
    await this.#reader.cancel(reason);
  }

  async #read(): Promise<Uint8Array | null> {
    const chunk = await this.#reader.next();
    if (chunk === null) await this.#check(this.#inspector.finish());
    else if (chunk instanceof Uint8Array) this.#inspector.update(chunk);
    return chunk;
  }

  async #check(inspection: ImageInspection): Promise<void> {
    const error = await this.#findFault(inspection);
    if (error !== null) throw error;
  }
}
