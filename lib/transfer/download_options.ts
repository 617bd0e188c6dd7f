/** Checks the options of a download. Imported on demand by `download.ts`. Pure. */
import type { Invalid } from "../errors.ts";
import type { inspect, isObject } from "../validate.ts";
import type { ContentDescriptor } from "./integrity/descriptor.ts";
import type { ImageReader } from "./body_reader.ts";
import type { DownloadOptions, VERIFY_MODES } from "./types.ts";

/** Code that is loaded at the start. It is passed in, because bundlers would split an import into another file. */
export interface ChecksShared {
  readonly inspect: typeof inspect;
  readonly Invalid: typeof Invalid;
  readonly isObject: typeof isObject;
  readonly VERIFY_MODES: typeof VERIFY_MODES;
}

/** @throws {Invalid} for the first invalid option. */
export function checkOptions(
  options: DownloadOptions,
  { inspect, Invalid, isObject, VERIFY_MODES }: ChecksShared,
): void {
  const { verify = "auto", connections = 1, partSize = 1, prefer = [], range } = options;
  const { reuseChunks = false, onInspection = () => {}, progressInterval = 0 } = options;
  const check = (isGood: boolean, name: string, value: unknown, expected: string) => {
    if (isGood) return;
    throw new Invalid(
      `Cannot download with the option "${name}": it is ${inspect(value)} and must be ${expected}`,
    );
  };
  const isCount = (value: number) => Number.isInteger(value) && value >= 1;
  const isStore = (store: unknown) => typeof store === "string" && store !== "";
  check(VERIFY_MODES.includes(verify), "verify", verify, '"auto", "required" or "off"');
  const isConnections = connections === "auto" || isCount(connections);
  check(isConnections, "connections", connections, 'a whole number of at least 1, or "auto"');
  check(isCount(partSize), "partSize", partSize, "a whole number of at least 1");
  check(Array.isArray(prefer) && prefer.every(isStore), "prefer", prefer, "a list of store ids");
  check(typeof reuseChunks === "boolean", "reuseChunks", reuseChunks, "true or false");
  const isTime = typeof progressInterval === "number" && progressInterval >= 0;
  check(isTime, "progressInterval", progressInterval, "a number of milliseconds");
  check(typeof onInspection === "function", "onInspection", onInspection, "a function");
  const hasStart = range === undefined || (isObject(range) && range.start !== undefined);
  check(hasStart, "range", range, '{ start, end }, where "end" may be missing');
}

/**
 * The first and the last byte to download; null for the last byte of the image.
 *
 * @throws {Invalid} if the range is outside of the image, or cannot be verified or inspected as required.
 */
export function boundsOf(
  { imageId, size }: ContentDescriptor,
  { range, verify, onInspection }: DownloadOptions,
  { Invalid }: ChecksShared,
): { readonly start: number; readonly end: number | null } {
  if (range === undefined) return { start: 0, end: null };
  const { start, end = null } = range;
  const isCount = (n: number) => Number.isSafeInteger(n) && n >= 0;
  const isRange = isCount(start) && (end === null || (isCount(end) && end >= start));
  if (!isRange || (size !== null && start >= size)) {
    const [of, below] = size === null ? ["", ""] : [` of ${size} bytes`, ` below ${size}`];
    throw new Invalid(
      `Cannot read ${
        end === null ? `from byte ${start}` : `bytes ${start} to ${end}`
      } of image "${imageId}"${of}: the range is invalid; use a whole start${below} and an end that is not before it, or leave the range out`,
      { imageId },
    );
  }
  if (verify === "required" && (start > 0 || end !== null)) {
    throw new Invalid(
      `Cannot verify a part of image "${imageId}": its hash is that of the whole; download it whole, or leave verify at "auto"`,
      { imageId, messageParts: [{ key: "verifyPart", text: 'leave verify at "auto"' }] },
    );
  }
  if (onInspection !== undefined && start > 0) {
    throw new Invalid(
      `Cannot inspect image "${imageId}" from byte ${start} on: its format is in its first bytes; begin the range at 0, or leave out "onInspection"`,
      { imageId },
    );
  }
  return { start, end: end === null || size === null ? end : Math.min(end, size - 1) };
}

/** Wraps the reader of a download to inspect it, if the options have an `onInspection`. */
export async function inspected(
  reader: ImageReader,
  { size }: ContentDescriptor,
  { onInspection }: DownloadOptions,
): Promise<ImageReader> {
  if (onInspection === undefined) return reader;
  const { InspectedDownload } = await import("./download/on_demand/inspected_download.ts");
  return new InspectedDownload(reader, size, onInspection);
}
