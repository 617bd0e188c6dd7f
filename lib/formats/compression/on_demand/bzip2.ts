/**
 * Decompresses bzip2 with memory for a few blocks. Existing packages keep the content of a block in an array of numbers
 * (45 MB for a block of zeros, which are frequent in disks), or read all of the data first.
 */
import { decodeBlock, type DecodedBlock } from "./bzip2_block.ts";
import { BitReader } from "./bit_reader.ts";
import { Bzip2Content } from "./bzip2_content.ts";

/** Numbers that begin a block, and the end of a stream: the digits of π and of its square root. */
const BLOCK = 0x314159265359;
const END = 0x177245385090;

/** The fault of truncated data. */
const TRUNCATED = "it ends too early";

/** Maximum bytes of a compressed block: 20 bits for each of its bytes, tables, and selectors. */
const TABLE_BYTES = 64 * 1024;
const bytesOfBlock = (level: number) => level * 100_000 * 20 / 8 + TABLE_BYTES;

/** Decompresses all streams of bzip2 data; `pbzip2` writes many. Errors if anything else follows. */
export function decompressBzip2(
  compressed: ReadableStream<Uint8Array>,
): ReadableStream<Uint8Array> {
  const reader = compressed.getReader();
  const content = contentOf(new BitReader(reader));
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await content.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}

async function* contentOf(bits: BitReader): AsyncGenerator<Uint8Array, void> {
  const content = new Bzip2Content();
  let memory = new Uint32Array();
  do {
    const level = await readHeader(bits);
    let combined = 0;
    for (;;) {
      await bits.fill(bytesOfBlock(level));
      const magic = bits.read(24) * 2 ** 24 + bits.read(24);
      if (magic === END) break;
      if (magic !== BLOCK) throw new Error(bits.isPastEnd ? TRUNCATED : "a block is damaged");
      if (memory.length < level * 100_000) memory = new Uint32Array(level * 100_000);
      const block = readBlock(bits, memory.subarray(0, level * 100_000));
      content.begin(block.entries, block.origin);
      for (let chunk = content.next(); chunk !== null; chunk = content.next()) yield chunk;
      if (content.checksum !== block.checksum) throw new Error("its check sum is wrong");
      combined = (combined << 1 | combined >>> 31) ^ block.checksum;
    }
    const checksum = bits.read32();
    if (bits.isPastEnd) throw new Error(TRUNCATED);
    if (checksum !== combined >>> 0) throw new Error("its check sum is wrong");
    bits.alignToByte();
    await bits.fill(1);
  } while (!bits.isAtEnd);
  const rest = content.rest();
  if (rest !== null) yield rest;
}

function readBlock(bits: BitReader, memory: Uint32Array): DecodedBlock {
  try {
    const block = decodeBlock(bits, memory);
    if (!bits.isPastEnd) return block;
  } catch (error) {
    if (!bits.isPastEnd) throw error;
  }
  throw new Error(TRUNCATED);
}

/** Reads the header of a stream and returns its level. */
async function readHeader(bits: BitReader): Promise<number> {
  await bits.fill(4);
  const magic = bits.read(24);
  const level = bits.read(8) - 0x30;
  if (magic === 0x425a68 && level >= 1 && level <= 9) return level;
  throw new Error(bits.isPastEnd ? TRUNCATED : "what follows is not bzip2 data");
}
