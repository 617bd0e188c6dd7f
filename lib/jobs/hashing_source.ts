/** Hashes the data of an upload, if source and target cloud use different hash algorithms. */
import { LIST_IMAGES } from "../api/operations/images.ts";
import { createHasher } from "../transfer/integrity/hashing.ts";
import type { Hasher, ImageBytes, UploadData } from "../transfer/types.ts";
import { type ChunkReader, sourceOf } from "../transfer/upload/upload_source.ts";
import { GlanceError } from "../errors.ts";
import type { Session } from "../api/session.ts";
import type { PortableRecord } from "./export_image.ts";

/** Data that is hashed while it is read. */
export interface HashedData {
  /** Size in bytes; null if unknown. */
  readonly size: number | null;
  /** The data for an upload; the original data if nothing needs to be hashed. */
  data(): Promise<UploadData>;
  /** Digests of the data that was read, in hexadecimal, by algorithm. */
  digests(): ReadonlyMap<string, string>;
}

/**
 * Hashes the data of a record while it is sent to a target cloud. If both clouds use the same algorithm, their hashes can
 * be compared, and the data is not hashed.
 *
 * @throws {Invalid} if `data` cannot be sent.
 */
export async function hashedData(
  session: Session,
  record: PortableRecord,
  data: UploadData,
): Promise<HashedData> {
  const source = sourceOf(data);
  const there = await algorithmAt(session);
  const here = record.osHashAlgo ?? null;
  const isComparable = there === null || there === here;
  const algorithms = isComparable ? [] : [here, there].filter((name) => name !== null);
  let hashers = new Map<string, Hasher>();
  const update = (bytes: Uint8Array) => hashers.forEach((hasher) => hasher.update(bytes));
  const open = async (): Promise<ImageBytes> => {
    hashers = new Map();
    for (const name of algorithms) {
      const hasher = await createHasher(name);
      if (hasher !== null) hashers.set(name, hasher);
    }
    const opened = await source.open();
    if (!(opened instanceof Uint8Array)) return observed(opened, update);
    update(opened);
    return opened;
  };
  return {
    size: source.size ?? record.size ?? null,
    async data() {
      if (algorithms.length === 0) return data;
      return source.isReplayable ? open : await open();
    },
    digests: () => new Map([...hashers].map(([name, hasher]) => [name, hasher.digest()])),
  };
}

/** A stream of the chunks of a reader, each of which is passed to `onChunk` first. */
function observed(
  reader: ChunkReader,
  onChunk: (chunk: Uint8Array) => void,
): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(controller) {
      const chunk = await reader.next();
      if (chunk === null) return controller.close();
      onChunk(chunk);
      controller.enqueue(chunk);
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
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
