/**
 * Bytes that a server sends again: they are skipped, and compared with what was delivered, so that a
 * body that starts elsewhere than it says is never appended.
 *
 * @module
 */
import type { RangeResponse } from "./answer_body.ts";
import type { Chunk } from "../body_reader.ts";
import type { Verifier } from "../integrity/descriptor.ts";
import { endedEarly, RangeRefused } from "./resume_policy.ts";

/** Bytes of the end of the delivered bytes that are kept. */
const TAIL_SIZE = 4096;

/** Bytes that are read at once and dropped. */
const SCRATCH_SIZE = 256 * 1024;

/** The last delivered bytes. A copy: whoever got the bytes owns their memory. */
export class DeliveredTail {
  readonly #bytes = new Uint8Array(TAIL_SIZE);
  #length = 0;

  /** Takes the end of what is delivered now. */
  keep(chunk: Uint8Array): void {
    const end = chunk.subarray(-TAIL_SIZE);
    this.#bytes.copyWithin(0, end.byteLength);
    this.#bytes.set(end, TAIL_SIZE - end.byteLength);
    this.#length = Math.min(TAIL_SIZE, this.#length + end.byteLength);
  }

  /** Whether other bytes would differ from it: none do where all bytes are the same, as on an empty disk. */
  get isDistinctive(): boolean {
    const kept = this.#bytes.subarray(TAIL_SIZE - this.#length);
    return kept.some((byte) => byte !== kept[0]);
  }

  /** Whether `bytes`, after which `left` more were delivered, differ from those that were. */
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

/**
 * Reads a piece up to its wanted byte. What is dropped must be what was delivered: a hash tells where
 * the piece starts at the first byte, and else the last delivered bytes.
 *
 * @returns bytes that came together with the last dropped one
 * @throws {RangeRefused} if they differ
 */
export async function skipOverlap(
  piece: RangeResponse,
  { imageId, tail, verifier }: {
    readonly imageId: string;
    readonly tail: DeliveredTail;
    readonly verifier: Verifier | null;
  },
): Promise<Chunk | null> {
  const prefix = piece.from === 0 && piece.skip > 0 ? await verifier?.prefix() ?? null : null;
  let pending: Chunk | null = null;
  let isSame = true;
  for (let left = piece.skip; left > 0 && isSame;) {
    const chunk = await piece.reader.read(new Uint8Array(Math.min(SCRATCH_SIZE, left)));
    if (chunk === null) throw endedEarly(imageId, piece.server, piece.from + piece.skip - left);
    const dropped = chunk.subarray(0, left);
    left -= dropped.byteLength;
    prefix?.hasher.update(dropped);
    isSame = !tail.differsFrom(dropped, left);
    if (dropped.byteLength < chunk.byteLength) pending = chunk.subarray(dropped.byteLength);
  }
  if (isSame && (prefix === null || prefix.hasher.digest() === prefix.digest)) return pending;
  throw new RangeRefused(
    `Cannot use the answer of "${piece.server}" for image "${imageId}": its first ${piece.skip} bytes differ from those delivered before`,
    { imageId, server: piece.server },
    piece.isRange,
  );
}
