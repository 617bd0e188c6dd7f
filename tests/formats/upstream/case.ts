/** What a case of the inspectors of oslo.utils is here: its behavior, checked at one size of chunks. */
import { assert, assertEquals } from "@std/assert";
import { type ImageInspection, ImageInspector } from "../../../lib/formats/mod.ts";
import { KIB, MIB } from "../images/layout.ts";

/** Inspects an image in chunks of the size of this run. */
export type Inspect = (image: Uint8Array, options?: CaseOptions) => ImageInspection;

export interface CaseOptions {
  /** Total bytes; zeros follow the image. Default: those of the image. */
  readonly length?: number;
  /** The size that the caller states. Default: none. */
  readonly size?: number;
}

export interface UpstreamCase {
  /** The test of oslo.utils 10.1.1, in `tests/imageutils/test_format_inspector.py`. */
  readonly source: string;
  /** What the inspector does. */
  readonly claim: string;
  /**
   * Upstream decrypts the image with its passphrase, which this inspector does not: the case states
   * that it inspects the image without what is encrypted.
   */
  readonly isEncrypted?: true;
  readonly check: (inspect: Inspect, chunkSize: number) => void | Promise<void>;
}

/** The sizes of the chunks; an image is the same at each. */
export const CHUNK_SIZES = [17, 512, 64 * KIB, MIB] as const;

/** The verdict must be known at this byte. */
export const DECIDED_AFTER = 256 * KIB;

/** Feeds an inspector with chunks in one buffer, which is overwritten after each. */
export function inspectInChunks(
  image: Uint8Array,
  chunkSize: number,
  { length = image.length, ...options }: CaseOptions = {},
): ImageInspection {
  const inspector = new ImageInspector(options);
  const buffer = new Uint8Array(chunkSize);
  for (let offset = 0; offset < image.length; offset += chunkSize) {
    const part = image.subarray(offset, offset + chunkSize);
    buffer.set(part);
    inspector.update(buffer.subarray(0, part.length));
    buffer.fill(0xa5);
    assert(inspector.bufferedBytes <= 1.5 * MIB, `${inspector.bufferedBytes} bytes are kept`);
  }
  feedZeros(inspector, length - image.length, chunkSize);
  return inspector.finish();
}

const ZEROS = new Uint8Array(MIB);

function feedZeros(inspector: ImageInspector, length: number, chunkSize: number): void {
  for (let left = length; left > 0;) {
    const size = Math.min(left, inspector.isDecided ? ZEROS.length : chunkSize);
    inspector.update(ZEROS.subarray(0, size));
    left -= size;
  }
}

/** Asserts that an image is safe, and what it is. */
export function assertSafe(
  inspection: ImageInspection,
  expected: { format: string; virtualSize?: ImageInspection["virtualSize"] },
): void {
  assertEquals(inspection.failures, []);
  assertEquals(inspection.isSafe, true);
  assertEquals(inspection.format, expected.format);
  if (expected.virtualSize !== undefined) {
    assertEquals(inspection.virtualSize, expected.virtualSize);
  }
}

/** Asserts that an image is refused because of a check, which gives a reason. */
export function assertRefused(inspection: ImageInspection, format: string, check?: string): void {
  assertEquals(inspection.format, format);
  assertEquals(inspection.isSafe, false, `${format} is accepted`);
  assert(inspection.failures.every(({ reason }) => reason.length > 0), "a failure has no reason");
  const checks = inspection.failures.map((failure) => failure.check);
  if (check !== undefined) assert(checks.includes(check), `${check} is not among ${checks}`);
  else assert(checks.length > 0, `${format} is refused without a failure`);
}
