/**
 * Hashes of an upload on its way, for two clouds that do not hash alike: with the algorithm of either.
 *
 * @module
 */
import type { RequestContext } from "../context.ts";
import { createHasher } from "../transfer/integrity/hashing.ts";
import type { Hasher, ImageBytes, ImageData } from "../transfer/types.ts";
import { type ChunkReader, sourceOf, type UploadSource } from "../transfer/upload/upload_source.ts";
import { GlanceError } from "../errors.ts";
import type { CallOptions } from "../api/client.ts";
import type { GlanceImageService } from "../images/service.ts";
import type { PortableRecord } from "./export_image.ts";

/** Data that is hashed as it is read. */
export class HashingSource {
  /** Bytes; null where nobody knows. */
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
   * Taps the data of a record on its way to a cloud. Where both use one algorithm, what they say can be
   * compared as it is, and nothing is hashed.
   *
   * @throws {Invalid} where `data` is nothing that can be sent.
   */
  static async between(
    service: GlanceImageService,
    context: RequestContext,
    record: PortableRecord,
    data: ImageData,
    options: CallOptions,
  ): Promise<HashingSource> {
    const source = sourceOf(data);
    const there = await algorithmAt(service, context, options);
    const here = record.osHashAlgo ?? null;
    const isAlike = there === null || there === here;
    const algorithms = isAlike ? [] : [here, there].filter((name) => name !== null);
    return new HashingSource(data, source, source.size ?? record.size ?? null, algorithms);
  }

  /** The data for an upload: as it is where nothing is to be hashed. */
  async data(): Promise<ImageData> {
    if (this.#algorithms.length === 0) return this.#data;
    return this.#source.isReplayable ? () => this.#open() : await this.#open();
  }

  /** Algorithm -> digest of what was read, in hexadecimal. */
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
 * With what a cloud hashes: no API tells, but its newest image does. Null where there is none, or the
 * caller may not list.
 */
async function algorithmAt(
  service: GlanceImageService,
  context: RequestContext,
  options: CallOptions,
): Promise<string | null> {
  const query = [["limit", "1"], ["status", "active"], ["sort_key", "created_at"]] as const;
  try {
    const { images: [newest] } = await service.client.run(context, "list", [query], options);
    return newest?.os_hash_algo ?? null;
  } catch (error) {
    if (error instanceof GlanceError) return null;
    throw error;
  }
}
