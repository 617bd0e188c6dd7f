/**
 * Inspects disk images: detects the format and the virtual size from the bytes, and checks whether an image is safe to
 * open, and whether Glance, Nova, Ironic, or Cinder accept it. Also decompresses images. The code needs no platform.
 *
 * @example
 * ```ts
 * import { ImageInspector, verdictFor } from "@glance-edge/glance/formats";
 * import { assert } from "@std/assert";
 *
 * const inspector = new ImageInspector();
 * inspector.update(new TextEncoder().encode("the bytes of a disk"));
 * assert(verdictFor(inspector.finish(), "raw", "nova").accepted);
 * ```
 *
 * @module
 */

export { ImageInspector } from "./image_inspector.ts";
export { inspectImage } from "./inspect_image.ts";
export type { ImageInspection, InspectionFailure, InspectOptions } from "./types.ts";
export type { ImageConsumer } from "./consumer_rules.ts";
export { type Verdict, verdictFor, type VerdictOptions } from "./verdict.ts";

// Compressed data.
export { decompress, type DecompressOptions } from "./compression/decompress.ts";
export { type CompressionFormat, detectCompression } from "./compression/detect.ts";
export type { Decompressor } from "./compression/members.ts";
