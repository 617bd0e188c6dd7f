/** The origin from which an edge cache reads. */
import type { Chunk } from "../../transfer/body_reader.ts";

/** A reader of bytes from the origin. */
export interface OriginReader {
  /** Reads the next bytes, into `into` if possible; null at the end. */
  read(into: Chunk): Promise<Chunk | null>;
  /** Ends the request. */
  cancel(reason: unknown): Promise<void>;
}

/** The origin of an image, with the credentials of one reader. */
export interface Origin {
  /** Opens bytes `start` to `end`, exclusive. Resumes after breaks, and fails if no server can continue. */
  open(start: number, end: number): Promise<OriginReader>;
  /**
   * Whether ranges can be read. If not, only the whole image is opened.
   *
   * @param first number of bytes at the start of the image that a probe may request, because they are read next
   * (default: 1).
   */
  supportsRanges(first?: number): Promise<boolean>;
  /** Closes the response that `supportsRanges` has opened, if another gateway fills the slot. */
  closeProbe?(): void;
  /** Whether an error is due to the credentials of this reader, so that another reader may succeed. */
  isOwnFault(error: unknown): boolean;
  /**
   * Whether an error means that the store does not support ranges, or no longer does. If so, `supportsRanges` resolves
   * to false from then on.
   */
  isRangeRefusal(error: unknown): boolean;
  /** Called with the bytes that were read for the cache. */
  onBytes?(count: number): void;
}
