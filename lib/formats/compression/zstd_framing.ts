/** The frames of zstd data (RFC 8878, section 3.1). Pure. */
import { type CompressedFraming, littleEndian, type MemberFraming } from "./framing.ts";
import { UnsupportedFeature } from "./members.ts";

const MAGIC = 0xfd2fb528;

/** Bytes of the dictionary id and of the content size, by their flags. */
const DICTIONARY_ID_BYTES = [0, 1, 2, 4];
const CONTENT_SIZE_BYTES = [0, 2, 4, 8];

/** The default maximum window of decoders. A decoder keeps all of it in memory. */
const MAX_WINDOW = 128 * 1024 ** 2;

/** The block type whose content is one byte, repeated. */
const RLE = 1;
const RESERVED = 3;

/** Skippable frames are padding: `pzstd` and the seekable format have them. */
export const ZSTD: CompressedFraming = {
  paddingOf(head) {
    const isSkippable = head.byteLength >= 8 && ((head[0] ?? 0) & 0xf0) === 0x50 &&
      littleEndian(head.subarray(1, 4)) === 0x184d2a;
    return isSkippable ? 8 + littleEndian(head.subarray(4, 8)) : 0;
  },
  member: zstdFrame,
};

function* zstdFrame(): MemberFraming {
  if (littleEndian(yield { read: 4 }) !== MAGIC) throw new Error("what follows is not zstd data");
  const [descriptor = 0] = yield { read: 1 };
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const hasChecksum = (descriptor & 4) !== 0;
  const sizeFlag = descriptor >> 6;
  const sizeBytes = sizeFlag === 0 && isSingleSegment ? 1 : CONTENT_SIZE_BYTES[sizeFlag] ?? 0;
  if (!isSingleSegment) checkWindow(windowSize((yield { read: 1 })[0] ?? 0));
  yield { skip: DICTIONARY_ID_BYTES[descriptor & 3] ?? 0 };
  if (isSingleSegment) checkWindow(littleEndian(yield { read: sizeBytes }));
  else yield { skip: sizeBytes };
  for (let isLast = false; !isLast;) {
    const header = littleEndian(yield { read: 3 });
    isLast = (header & 1) === 1;
    const type = header >> 1 & 3;
    if (type === RESERVED) throw new Error("a block has a reserved type");
    // Deno's decoder throws outside all callbacks if it finds damage after it has filled a buffer. The content of one
    // block is smaller, and is decoded before it is written to the buffer.
    yield { skip: type === RLE ? 1 : header >> 3, endsChunk: true };
  }
  if (hasChecksum) yield { skip: 4 };
}

/** The size of a window by its descriptor (section 3.1.1.1.2). */
function windowSize(descriptor: number): number {
  return 2 ** (10 + (descriptor >> 3)) * (1 + (descriptor & 7) / 8);
}

/** @throws {UnsupportedFeature} if a window is too large. */
function checkWindow(bytes: number): void {
  if (bytes <= MAX_WINDOW) return;
  throw new UnsupportedFeature(
    'it was compressed with a window of more than 128 MiB (--long), which takes as much memory; run "zstd -dc --long=31 FILE", and pass its output instead',
  );
}
