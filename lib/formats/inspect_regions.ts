/** Inspects an image with random access. Only the regions that its format requires are read. */
import { conclude } from "./conclusion.ts";
import { FormatRun } from "./format_run.ts";
import { HEAD_BYTES } from "./format_steps.ts";
import { FORMATS } from "./inspectors/all.ts";
import type { ImageInspection } from "./types.ts";

/** Bytes that are read first. Most formats are certain after them. */
const FIRST_BYTES = 64 * 1024;

/** An image with random access. */
export interface ReadableRegions {
  /** In bytes. */
  readonly size: number;
  /** Reads all bytes from `start` up to `end`, which is not included. */
  read(start: number, end: number): Promise<Uint8Array>;
}

/**
 * Inspects an image, with the same result as `ImageInspector`. First, the format is detected from at most 256 KiB. Then
 * the regions that it requires are read, up to `limit` bytes in total; checks beyond that are listed in `unchecked`.
 *
 * @throws the error of a read.
 */
export async function inspectRegions(
  image: ReadableRegions,
  limit: number = Infinity,
): Promise<ImageInspection> {
  const regions = new KnownRegions(image);
  const runs = FORMATS.map((format) => new FormatRun(format));
  await regions.read(0, FIRST_BYTES);
  for (const run of runs) while (!run.isDecided) await deliver(run, regions, Infinity);
  for (const run of runs) while (await deliver(run, regions, limit));
  return conclude(runs, image.size, regions.bytesRead);
}

/** Delivers the region that a format requests; returns false if there is none, or it is not within the limit. */
async function deliver(run: FormatRun, regions: KnownRegions, limit: number): Promise<boolean> {
  if (run.request === null) return false;
  const { offset, length } = run.request;
  const start = offset < 0 ? Math.max(0, regions.size + offset) : offset;
  if (regions.bytesRead + regions.missing(start, start + length) > limit) return false;
  run.deliver(await regions.read(start, start + length));
  return true;
}

/** Keeps the first bytes of an image, which several formats request. */
class KnownRegions {
  readonly #image: ReadableRegions;
  #head: Uint8Array = new Uint8Array(0);
  bytesRead = 0;

  constructor(image: ReadableRegions) {
    this.#image = image;
  }

  get size(): number {
    return this.#image.size;
  }

  /** Number of bytes of a region that are not known yet. */
  missing(start: number, end: number): number {
    return Math.max(0, Math.min(end, this.size) - Math.max(start, this.#knownEnd(start)));
  }

  /** The bytes of a region; fewer if the image ends before. */
  async read(start: number, end: number): Promise<Uint8Array> {
    const known = this.#head.subarray(start, end);
    const missing = this.missing(start, end);
    if (missing === 0) return known;
    const from = Math.max(start, this.#knownEnd(start));
    const bytes = await this.#image.read(from, from + missing);
    this.bytesRead += bytes.byteLength;
    const isNext = from === this.#head.byteLength && end <= HEAD_BYTES;
    if (isNext) this.#head = joined(this.#head, bytes);
    return joined(known, bytes);
  }

  /** Where the known bytes of a region end that begins at `start`. */
  #knownEnd(start: number): number {
    return start < this.#head.byteLength ? this.#head.byteLength : start;
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(first.byteLength + second.byteLength);
  bytes.set(first);
  bytes.set(second, first.byteLength);
  return bytes;
}
