/**
 * The streams of xz data (the .xz file format, sections 2 to 4). A stream ends where its index ends; blocks
 * need not state their sizes, but each chunk of LZMA2 does. Pure.
 */
import type { CompressedFraming, MemberFraming } from "./framing.ts";

const MAGIC = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0];

/** Bytes of a check, by its type: none, CRC32, CRC64, SHA-256, and reserved types of the same sizes. */
const CHECK_BYTES = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64];

const FOOTER_BYTES = 12;
const LZMA2 = 0x21;

/** Streams may be followed by zeros, in groups of four. */
export const XZ: CompressedFraming = {
  paddingOf(head) {
    let zeros = 0;
    while (zeros < head.byteLength && head[zeros] === 0) zeros++;
    return zeros - zeros % 4;
  },
  member: xzStream,
};

function* xzStream(): MemberFraming {
  for (const expected of MAGIC) {
    const [byte] = yield { read: 1 };
    if (byte !== expected) throw new Error("what follows is not xz data");
  }
  const header = yield { read: 6 };
  const checkBytes = CHECK_BYTES[(header[1] ?? 0) & 15] ?? 0;
  for (;;) {
    const [size = 0] = yield { read: 1 };
    if (size === 0) return yield* indexAndFooter();
    checkFilters(yield { read: size * 4 + 3 });
    yield* lzma2Data();
    yield { skip: checkBytes };
  }
}

/** @throws {Error} if the data of the block is not LZMA2, which must be the last filter. */
function checkFilters(header: Uint8Array): void {
  const flags = header[0] ?? 0;
  let at = 1;
  const next = () => {
    let [value, factor] = [0, 1];
    for (;;) {
      const byte = header[at++] ?? 0;
      value += (byte & 0x7f) * factor;
      factor *= 128;
      if (byte < 0x80) return value;
    }
  };
  if ((flags & 0x40) !== 0) next();
  if ((flags & 0x80) !== 0) next();
  let filter = 0;
  for (let count = (flags & 3) + 1; count > 0; count--) {
    filter = next();
    const size = next();
    at += size;
  }
  if (filter !== LZMA2) throw new Error(`a block has the unknown filter ${filter}`);
}

/** The chunks of LZMA2, its end marker, and the padding to a multiple of four bytes. */
function* lzma2Data(): MemberFraming {
  for (let length = 1;;) {
    const [control = 0] = yield { read: 1 };
    if (control === 0) {
      yield { skip: (4 - length % 4) % 4 };
      return;
    }
    if (control > 2 && control < 0x80) throw new Error("a block has damaged data");
    // An uncompressed chunk has its size, a compressed one both sizes and, for some, new properties.
    const isCompressed = control >= 0x80;
    const sizes = yield { read: !isCompressed ? 2 : control >= 0xc0 ? 5 : 4 };
    const [high = 0, low = 0] = sizes.subarray(isCompressed ? 2 : 0);
    const size = high * 256 + low + 1;
    yield { skip: size };
    length += 1 + sizes.byteLength + size;
  }
}

function* indexAndFooter(): MemberFraming {
  let length = 1;
  const next = function* (): Generator<{ read: number }, number, Uint8Array> {
    let [value, factor] = [0, 1];
    for (;;) {
      const [byte = 0] = yield { read: 1 };
      length++;
      value += (byte & 0x7f) * factor;
      factor *= 128;
      if (byte < 0x80) return value;
    }
  };
  // Each record has two sizes.
  for (let count = 2 * (yield* next()); count > 0; count--) yield* next();
  yield { skip: (4 - length % 4) % 4 + 4 + FOOTER_BYTES };
}
