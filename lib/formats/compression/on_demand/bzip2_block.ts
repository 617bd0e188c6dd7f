/** Decodes a block of bzip2: Huffman codes, move-to-front, the inverse Burrows-Wheeler transform, and runs. */
import type { BitReader } from "./bit_reader.ts";
import { type HuffmanTable, readTables } from "./huffman_table.ts";

/** Symbols per selected table. */
const GROUP_SIZE = 50;

/** Symbols whose sequence is the binary length of a run. */
const RUN_B = 1;

/** Maximum size of a chunk of the content. */
const CHUNK_SIZE = 256 * 1024;

/** A block whose bytes are decoded up to its runs. */
export interface DecodedBlock {
  /** CRC-32 of the content, as stated. */
  readonly checksum: number;
  /** The content. Throws an `Error` after the last byte if the checksum differs. */
  content(): Generator<Uint8Array, void>;
}

/**
 * Decodes a block after its magic number. `size` is the maximum number of bytes before runs are expanded.
 *
 * @throws {Error} if the block is damaged.
 */
export function decodeBlock(bits: BitReader, size: number): DecodedBlock {
  const checksum = bits.read32();
  if (bits.read(1) === 1) throw new Error("it has randomized blocks, as bzip2 0.9.0 wrote them");
  const origin = bits.read(24);
  const symbols = readSymbolMap(bits);
  const { tables, selectors } = readTables(bits, symbols.length + 2);
  const block = readBytes(bits, { size, symbols, tables, selectors });
  if (origin >= block.length) throw new Error("a block is damaged");
  invertTransform(block);
  return { checksum, content: () => contentOf(block, origin, checksum) };
}

/** The bytes that occur in the block, in ascending order. */
function readSymbolMap(bits: BitReader): Uint8Array {
  const groups = bits.read(16);
  const used: number[] = [];
  for (let group = 0; group < 16; group++) {
    if ((groups & 0x8000 >> group) === 0) continue;
    const members = bits.read(16);
    for (let i = 0; i < 16; i++) if ((members & 0x8000 >> i) !== 0) used.push(group * 16 + i);
  }
  if (used.length === 0) throw new Error("a block is damaged");
  return new Uint8Array(used);
}

interface BlockCodes {
  readonly size: number;
  readonly symbols: Uint8Array;
  readonly tables: readonly HuffmanTable[];
  readonly selectors: Uint8Array;
}

/** Reads the bytes of the last column of the transform. */
function readBytes(bits: BitReader, { size, symbols, tables, selectors }: BlockCodes): Uint32Array {
  const block = new Uint32Array(size);
  const order = symbols.slice();
  const end = symbols.length + 1;
  let [count, run, weight, group, left] = [0, 0, 1, 0, 0];
  let table: HuffmanTable | undefined;
  for (;;) {
    if (left-- === 0) {
      table = tables[selectors[group++] ?? tables.length];
      left = GROUP_SIZE - 1;
    }
    if (table === undefined) throw new Error("a block is damaged");
    const symbol = table.read(bits);
    if (symbol <= RUN_B) {
      run += weight << symbol;
      weight *= 2;
      if (run > size) throw new Error("a block is damaged");
      continue;
    }
    if (run > 0) {
      if (count + run > size) throw new Error("a block is damaged");
      block.fill(order[0] ?? 0, count, count += run);
      [run, weight] = [0, 1];
    }
    if (symbol === end) return block.subarray(0, count);
    if (count >= size) throw new Error("a block is damaged");
    const byte = order[symbol - 1] ?? 0;
    // A loop: copyWithin costs more than the few moves that are usual.
    for (let i = symbol - 1; i > 0; i--) order[i] = order[i - 1]!;
    order[0] = byte;
    block[count++] = byte;
  }
}

/** Adds to each byte (the low 8 bits) the position of the byte that follows it. */
function invertTransform(block: Uint32Array): void {
  const starts = new Uint32Array(256);
  for (let i = 0; i < block.length; i++) starts[block[i]! & 0xff]! += 1;
  for (let byte = 0, sum = 0; byte < 256; byte++) {
    const count = starts[byte]!;
    starts[byte] = sum;
    sum += count;
  }
  for (let i = 0; i < block.length; i++) block[starts[block[i]! & 0xff]!++]! |= i << 8;
}

/** Follows the positions, and expands runs: four equal bytes are followed by how often the byte repeats. */
function* contentOf(
  block: Uint32Array,
  origin: number,
  checksum: number,
): Generator<Uint8Array, void> {
  let chunk = new Uint8Array(CHUNK_SIZE);
  let [at, crc, equal, previous] = [0, -1, 0, -1];
  let entry = block[origin]!;
  for (let left = block.length; left > 0; left--) {
    entry = block[entry >>> 8]!;
    const byte = entry & 0xff;
    let count = 1;
    let value = byte;
    if (equal === 4) {
      [count, value, equal] = [byte, previous, 0];
      previous = -1;
    } else {
      equal = byte === previous ? equal + 1 : 1;
      previous = byte;
    }
    for (; count > 0; count--) {
      if (at === CHUNK_SIZE) {
        yield chunk;
        chunk = new Uint8Array(CHUNK_SIZE);
        at = 0;
      }
      chunk[at++] = value;
      crc = crc << 8 ^ CRC_TABLE[(crc >>> 24) ^ value]!;
    }
  }
  if (at > 0) yield chunk.subarray(0, at);
  if (~crc >>> 0 !== checksum) throw new Error("its check sum is wrong");
}

/** CRC-32, most significant bit first. */
const CRC_TABLE = /* @__PURE__ */ Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24;
  for (let bit = 0; bit < 8; bit++) crc = crc < 0 ? crc << 1 ^ 0x04c11db7 : crc << 1;
  return crc;
});
