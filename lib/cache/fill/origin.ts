/** Where an edge cache reads what it does not have. */
import type { Chunk } from "../../transfer/body_reader.ts";

/** Open bytes of an image. */
export interface OriginReader {
  /** The next bytes, or null at the end. `into` is used if possible. */
  read(into: Chunk): Promise<Chunk | null>;
  /** Ends the request. */
  cancel(reason: unknown): Promise<void>;
}

/** The origin of an image, with the credentials of one reader. */
export interface Origin {
  /** Opens bytes `start` to `end`, exclusive. It resumes after breaks, and fails if no server can go on. */
  open(start: number, end: number): Promise<OriginReader>;
  /**
   * Whether ranges can be read. If not, only the whole image is opened.
   *
   * @param first the first bytes that may be requested to find out, because they are opened next. Default: 1.
   */
  supportsRanges(first?: number): Promise<boolean>;
  /** Closes the response that `supportsRanges` has opened, since another gateway fills the slot. */
  closeProbe?(): void;
  /** Whether an error concerns the credentials of this reader, so that another reader may succeed. */
  isOwnFault(error: unknown): boolean;
  /**
   * Whether an error says that the store has no ranges, which it may have had before. If so, `supportsRanges` resolves
   * to false from then on.
   */
  lacksRanges(error: unknown): boolean;
  /** Called with the bytes that were read for the cache. */
  onBytes?(count: number): void;
}
