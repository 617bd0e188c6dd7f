/** Decodes a block of bzip2: Huffman codes, move-to-front, and the inverse Burrows-Wheeler transform. */
import type { BitReader } from "./bit_reader.ts";
import { type HuffmanTable, MAX_BITS, QUICK_BITS, readTables } from "./huffman_table.ts";

/** Symbols per selected table. */
const GROUP_SIZE = 50;

const MAX_CODE = (1 << MAX_BITS) - 1;

/** Symbols whose sequence is the binary length of a run. */
const RUN_B = 1;

/** A block whose bytes are decoded up to its runs. */
export interface DecodedBlock {
  /** CRC-32 of the content, as stated. */
  readonly checksum: number;
  /** Bytes (the low 8 bits), and the position of the byte that follows each. Valid until the next block. */
  readonly entries: Uint32Array;
  /** Position of the byte before the first one. */
  readonly origin: number;
}

/**
 * Decodes a block after its magic number. `memory` has as many entries as a block can have bytes before runs are
 * expanded.
 *
 * @throws {Error} if the block is damaged.
 */
export function decodeBlock(bits: BitReader, memory: Uint32Array): DecodedBlock {
  const checksum = bits.read32();
  if (bits.read(1) === 1) throw new Error("it has randomized blocks, as bzip2 0.9.0 wrote them");
  const origin = bits.read(24);
  const symbols = readSymbolMap(bits);
  const { tables, selectors } = readTables(bits, symbols.length + 2);
  const entries = readBytes(bits, { memory, symbols, tables, selectors });
  if (origin >= entries.length) throw new Error("a block is damaged");
  invertTransform(entries);
  return { checksum, entries, origin };
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
  readonly memory: Uint32Array;
  readonly symbols: Uint8Array;
  readonly tables: readonly HuffmanTable[];
  readonly selectors: Uint8Array;
}

/**
 * Reads the bytes of the last column of the transform. Most of the time of bzip2 is spent here and in the loops over the
 * entries, so bits are read in place.
 */
function readBytes(
  reader: BitReader,
  { memory: block, symbols, tables, selectors }: BlockCodes,
): Uint32Array {
  const size = block.length;
  const order = symbols.slice();
  const end = symbols.length + 1;
  const { bytes, limit } = reader.window();
  let { position, bits, bitCount } = reader.window();
  let [count, run, weight, group, left] = [0, 0, 1, 0, 0];
  let [table, quick] = [tables[0]!, tables[0]!.quick];
  for (;;) {
    if (left-- === 0) {
      const selected = tables[selectors[group++] ?? tables.length];
      if (selected === undefined) throw damaged(reader, position, bits, bitCount);
      [table, quick, left] = [selected, selected.quick, GROUP_SIZE - 1];
    }
    while (bitCount < MAX_BITS) {
      bits = bits << 8 | (position < limit ? bytes[position]! : 0);
      position++;
      bitCount += 8;
    }
    const next = bits >>> bitCount - MAX_BITS & MAX_CODE;
    const code = quick[next >> MAX_BITS - QUICK_BITS]! || table.find(next);
    if (code === 0) throw damaged(reader, position, bits, bitCount);
    bitCount -= code & 31;
    const symbol = code >> 5;
    if (symbol <= RUN_B) {
      run += weight << symbol;
      weight *= 2;
      if (run > size) throw damaged(reader, position, bits, bitCount);
      continue;
    }
    if (run > 0) {
      if (count + run > size) throw damaged(reader, position, bits, bitCount);
      block.fill(order[0] ?? 0, count, count += run);
      [run, weight] = [0, 1];
    }
    if (symbol === end) {
      reader.moveTo(position, bits, bitCount);
      return block.subarray(0, count);
    }
    if (count >= size) throw damaged(reader, position, bits, bitCount);
    const byte = order[symbol - 1] ?? 0;
    // A loop: copyWithin costs more than the few moves that are usual.
    for (let i = symbol - 1; i > 0; i--) order[i] = order[i - 1]!;
    order[0] = byte;
    block[count++] = byte;
  }
}

/** The error of a damaged block. The reader moves to where it was found: after its end, the data is truncated. */
function damaged(reader: BitReader, position: number, bits: number, bitCount: number): Error {
  reader.moveTo(position, bits, bitCount);
  return new Error("a block is damaged");
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
