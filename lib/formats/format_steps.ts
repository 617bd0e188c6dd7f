/**
 * The interface of format inspectors: a generator that requests regions of the image, and receives their bytes. So its
 * result depends only on the image, not on the size of chunks.
 */
import type { InspectionFailure } from "./types.ts";

/** Bytes in which every format is recognized: the region table of a VHDX ends here. */
export const HEAD_BYTES = 256 * 1024;

/** Bytes at the end of an image that can be requested: the footer of a VMDK and its two markers. */
export const TAIL_BYTES = 1536;

/** Longest region: the descriptor of a VMDK, as in QEMU. */
export const MAX_REGION_BYTES = 2 ** 20 - 1;

/** The finding about an image of a recognized format. */
export interface FormatFinding {
  /** In bytes; or the disk is the image from an offset to its end; null if it is unknown. */
  readonly virtualSize: bigint | { readonly from: bigint } | null;
  readonly failures: readonly InspectionFailure[];
  /** Checks that the bytes so far do not allow. */
  readonly unchecked?: readonly string[];
}

/** The finding about an image of which only the format is known. */
export const RECOGNIZED: FormatFinding = { virtualSize: null, failures: [] };

/**
 * A region of the image. It is delivered shorter if the image ends before. Regions after the first 256 KiB
 * are in ascending order.
 */
export interface RegionRequest {
  /** Offset from the start of the image; negative for the end of the image. */
  readonly offset: number;
  readonly length: number;
  /**
   * Without it, the format is not recognized yet, and the region ends within the first 256 KiB. Afterwards:
   * the finding if no more bytes are read.
   */
  readonly finding?: FormatFinding;
}

/** Returns null if the image is not of this format. An exception is a failure of the image. */
export type FormatSteps = Generator<RegionRequest, FormatFinding | null, Uint8Array>;

/** A format that can be recognized. */
export interface ImageFormat {
  readonly name: string;
  readonly inspect: () => FormatSteps;
}
