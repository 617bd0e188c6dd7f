/** Hashes the data of an upload, if source and target cloud use different hash algorithms. */
import { LIST_IMAGES } from "../api/operations/images.ts";
import { createHasher } from "../transfer/integrity/hashing.ts";
import type { Hasher, ImageBytes, ImageData } from "../transfer/types.ts";
import { type ChunkReader, sourceOf, type UploadSource } from "../transfer/upload/upload_source.ts";
import { GlanceError } from "../errors.ts";
import type { Session } from "../api/session.ts";
import type { PortableRecord } from "./export_image.ts";

/** Data that is hashed while it is read. */
export class HashingSource {
  /** Size in bytes; null if unknown. */
  readonly size: number | null;
  readonly #data: ImageData;
  readonly #source: UploadSource;
  readonly #algorithms: readonly string[];
  #hashers = new Map<string, Hasher>();

  private constructor(
    data: ImageData,
    source: UploadSource,
    size: number | null,
    algorithms: readonly string[],
  ) {
    this.#data = data;
    this.#source = source;
    this.size = size;
    this.#algorithms = algorithms;
  }

  /**
   * Creates a source from the data of a record, for a target cloud. If both use the same algorithm, their
   * hashes can be compared, and the data is not hashed.
   *
   * @throws {Invalid} if `data` cannot be sent.
   */
  static async between(
    session: Session,
    record: PortableRecord,
    data: ImageData,
  ): Promise<HashingSource> {
    const source = sourceOf(data);
    const there = await algorithmAt(session);
    const here = record.osHashAlgo ?? null;
    const isComparable = there === null || there === here;
    const algorithms = isComparable ? [] : [here, there].filter((name) => name !== null);
    return new HashingSource(data, source, source.size ?? record.size ?? null, algorithms);
  }

  /** The data for an upload; the original data if nothing needs to be hashed. */
  async data(): Promise<ImageData> {
    if (this.#algorithms.length === 0) return this.#data;
    return this.#source.isReplayable ? () => this.#open() : await this.#open();
  }

  /** Digests of the data that was read, in hexadecimal, by algorithm. */
  get digests(): ReadonlyMap<string, string> {
    return new Map([...this.#hashers].map(([name, hasher]) => [name, hasher.digest()]));
  }

  async #open(): Promise<ImageBytes> {
    this.#hashers = new Map();
    for (const name of this.#algorithms) {
      const hasher = await createHasher(name);
      if (hasher !== null) this.#hashers.set(name, hasher);
    }
    const opened = await this.#source.open();
    if (!(opened instanceof Uint8Array)) return this.#stream(opened);
    this.#update(opened);
    return opened;
  }

  #stream(reader: ChunkReader): ReadableStream<Uint8Array> {
    return new ReadableStream({
      pull: async (controller) => {
        const chunk = await reader.next();
        if (chunk === null) return controller.close();
        this.#update(chunk);
        controller.enqueue(chunk);
      },
      cancel: (reason) => reader.cancel(reason),
    }, { highWaterMark: 0 });
  }

  #update(bytes: Uint8Array): void {
    for (const hasher of this.#hashers.values()) hasher.update(bytes);
  }
}

/**
 * The hash algorithm of a cloud, taken from its newest image, since no API reports it. Null if there is no
 * image, or the list fails.
 */
async function algorithmAt(session: Session): Promise<string | null> {
  const query = [["limit", "1"], ["status", "active"], ["sort_key", "created_at"]] as const;
  try {
    const { images: [newest] } = await session.call(LIST_IMAGES, query);
    return newest?.os_hash_algo ?? null;
  } catch (error) {
    if (error instanceof GlanceError) return null;
    throw error;
  }
}
