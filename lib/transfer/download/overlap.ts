/**
 * Skips bytes that a server sends again and compares them with the delivered ones, so that bytes from a wrong offset are
 * never appended.
 */
import type { RangeResponse } from "./range_response.ts";
import type { Chunk } from "../body_reader.ts";
import type { Verifier } from "../integrity/descriptor.ts";
import { endedEarly, RangeRefused } from "../range_errors.ts";

/** Number of delivered bytes that are kept for the comparison. */
export const TAIL_SIZE = 4096;

/** Size in bytes of a read whose bytes are dropped. */
const SCRATCH_SIZE = 256 * 1024;

/** A copy of the last delivered bytes; the caller owns the memory of the originals. */
export class DeliveredTail {
  readonly #bytes = new Uint8Array(TAIL_SIZE);
  #length = 0;

  keep(chunk: Uint8Array): void {
    const end = chunk.subarray(-TAIL_SIZE);
    this.#bytes.copyWithin(0, end.byteLength);
    this.#bytes.set(end, TAIL_SIZE - end.byteLength);
    this.#length = Math.min(TAIL_SIZE, this.#length + end.byteLength);
  }

  /** Whether a comparison is conclusive: not if all bytes are equal, as on an empty disk. */
  get isDistinctive(): boolean {
    const kept = this.#bytes.subarray(TAIL_SIZE - this.#length);
    return kept.some((byte) => byte !== kept[0]);
  }

  /** Whether `bytes`, which `left` more delivered bytes followed, differ from the delivered ones. */
  differsFrom(bytes: Uint8Array, left: number): boolean {
    const kept = this.#bytes.subarray(TAIL_SIZE - this.#length, Math.max(0, TAIL_SIZE - left));
    const count = Math.min(kept.byteLength, bytes.byteLength);
    const [a, b] = [
      bytes.subarray(bytes.byteLength - count),
      kept.subarray(kept.byteLength - count),
    ];
    return a.some((byte, i) => byte !== b[i]);
  }
}

/** The delivered data that the skipped bytes of a response are compared with. */
export interface DeliveredData {
  readonly imageId: string;
  readonly tail: DeliveredTail;
  readonly verifier: Pick<Verifier, "prefix"> | null;
}

/**
 * Skips a response up to its first requested byte. The dropped bytes must equal the delivered ones: their
 * hash is compared if the response starts at the first byte of the image, else the last delivered bytes.
 *
 * @returns bytes received in the same chunk as the last dropped one
 * @throws {RangeRefused} if they differ
 */
export async function skipOverlap(
  response: RangeResponse,
  { imageId, tail, verifier }: DeliveredData,
): Promise<Chunk | null> {
  const prefix = response.bodyStart === 0 && response.skipBytes > 0
    ? await verifier?.prefix() ?? null
    : null;
  let pending: Chunk | null = null;
  let isSame = true;
  for (let left = response.skipBytes; left > 0 && isSame;) {
    const chunk = await response.reader.read(new Uint8Array(Math.min(SCRATCH_SIZE, left)));
    if (chunk === null) {
      throw endedEarly(imageId, response.server, response.bodyStart + response.skipBytes - left);
    }
    const dropped = chunk.subarray(0, left);
    left -= dropped.byteLength;
    prefix?.hasher.update(dropped);
    isSame = !tail.differsFrom(dropped, left);
    if (dropped.byteLength < chunk.byteLength) pending = chunk.subarray(dropped.byteLength);
  }
  if (isSame && (prefix === null || prefix.hasher.digest() === prefix.digest)) return pending;
  throw new RangeRefused(
    `Cannot use the response of "${response.server}" for image "${imageId}": its first ${response.skipBytes} bytes differ from those delivered before`,
    { imageId, server: response.server },
    response.isRange,
  );
}
