/** The image that the origins serve: a file and its record. */
import { createHash } from "node:crypto";

/** An image on disk. */
export interface BenchImage extends AsyncDisposable {
  readonly id: string;
  readonly size: number;
  /** Its bytes. */
  readonly path: string;
  /** Its record, as JSON. */
  readonly record: string;
}

const IMAGE_ID = "7d0c1f5e-0c3a-4a0f-9d55-4b1f8a6b2c11";

/** An image that no compression would help. */
export async function randomImage(size: number): Promise<BenchImage> {
  const directory = await Deno.makeTempDir({ prefix: "glance-bench-image-" });
  const path = `${directory}/data`;
  const [sha512, md5] = [createHash("sha512"), createHash("md5")];
  using file = await Deno.open(path, { write: true, create: true });
  const block = new Uint8Array(65_536);
  for (let written = 0; written < size;) {
    crypto.getRandomValues(block);
    const part = block.subarray(0, Math.min(block.byteLength, size - written));
    written += await file.write(part);
    sha512.update(part);
    md5.update(part);
  }
  return imageOf(directory, size, {
    checksum: md5.digest("hex"),
    os_hash_algo: "sha512",
    os_hash_value: sha512.digest("hex"),
  });
}

/** A sparse image of zeros without a hash, since computing one takes long. */
export async function emptyImage(size: number): Promise<BenchImage> {
  const directory = await Deno.makeTempDir({ prefix: "glance-bench-image-" });
  using file = await Deno.open(`${directory}/data`, { write: true, create: true });
  await file.truncate(size);
  return imageOf(directory, size, { checksum: null, os_hash_algo: null, os_hash_value: null });
}

function imageOf(
  directory: string,
  size: number,
  hashes: Readonly<Record<string, string | null>>,
): BenchImage {
  const record = JSON.stringify({
    id: IMAGE_ID,
    name: "bench",
    status: "active",
    visibility: "private",
    size,
    ...hashes,
    disk_format: "raw",
    container_format: "bare",
    min_disk: 0,
    min_ram: 0,
    tags: [],
    protected: false,
    os_hidden: false,
    owner: "7f1c",
    created_at: "2026-01-01T00:00:00Z",
    updated_at: "2026-01-01T00:00:00Z",
    self: `/v2/images/${IMAGE_ID}`,
    file: `/v2/images/${IMAGE_ID}/file`,
    schema: "/v2/schemas/image",
  });
  return {
    id: IMAGE_ID,
    size,
    path: `${directory}/data`,
    record,
    [Symbol.asyncDispose]: () => Deno.remove(directory, { recursive: true }),
  };
}
