/** The Huffman tables of a bzip2 block. */
import type { BitReader } from "./bit_reader.ts";

/** Maximum bits of a code. */
export const MAX_BITS = 20;

/** Bits of the index that finds short codes directly. */
export const QUICK_BITS = 10;

/** A canonical Huffman code. */
export class HuffmanTable {
  /** Symbol and length (`symbol << 5 | length`) by the next bits; 0 for longer codes. */
  readonly quick = new Uint16Array(1 << QUICK_BITS);
  /** The first code that is longer, by length, aligned to `MAX_BITS`. */
  readonly #limits = new Uint32Array(MAX_BITS + 1);
  /** The offset from a code to the index of its symbol, by length. */
  readonly #offsets = new Int32Array(MAX_BITS + 1);
  readonly #symbols: Uint16Array;

  /** `lengths` has the number of bits of each symbol. */
  constructor(lengths: Uint8Array) {
    this.#symbols = new Uint16Array(lengths.length);
    let [code, index] = [0, 0];
    for (let length = 1; length <= MAX_BITS; length++) {
      this.#offsets[length] = index - code;
      for (let symbol = 0; symbol < lengths.length; symbol++) {
        if (lengths[symbol] !== length) continue;
        this.#symbols[index++] = symbol;
        if (length <= QUICK_BITS) this.#addQuick(code, length, symbol);
        code++;
      }
      this.#limits[length] = code * 2 ** (MAX_BITS - length);
      code *= 2;
    }
  }

  /** The symbol and length of a longer code by the next `MAX_BITS` bits; 0 if there is none. */
  find(next: number): number {
    for (let length = 1; length <= MAX_BITS; length++) {
      if (next >= this.#limits[length]!) continue;
      const symbol = this.#symbols[(next >> MAX_BITS - length) + this.#offsets[length]!]!;
      return symbol << 5 | length;
    }
    return 0;
  }

  #addQuick(code: number, length: number, symbol: number): void {
    const shift = QUICK_BITS - length;
    this.quick.fill(symbol << 5 | length, code << shift, code + 1 << shift);
  }
}

/**
 * Reads the tables of a block, and which of them each group of symbols uses.
 *
 * @throws {Error} if they are damaged.
 */
export function readTables(
  bits: BitReader,
  symbolCount: number,
): { readonly tables: readonly HuffmanTable[]; readonly selectors: Uint8Array } {
  const tableCount = bits.read(3);
  const selectorCount = bits.read(15);
  if (tableCount < 2 || tableCount > 6 || selectorCount === 0) {
    throw new Error("a block is damaged");
  }
  const selectors = readSelectors(bits, selectorCount, tableCount);
  const tables = Array.from({ length: tableCount }, () => {
    return new HuffmanTable(readLengths(bits, symbolCount));
  });
  return { tables, selectors };
}

/** Selectors are moved to front, and written in unary. */
function readSelectors(bits: BitReader, count: number, tableCount: number): Uint8Array {
  const order = Uint8Array.from({ length: tableCount }, (_, i) => i);
  return new Uint8Array(count).map(() => {
    let index = 0;
    while (bits.read(1) === 1) {
      if (++index >= tableCount) throw new Error("a block is damaged");
    }
    const selector = order[index]!;
    order.copyWithin(1, 0, index);
    order[0] = selector;
    return selector;
  });
}

/** Lengths are written as differences. */
function readLengths(bits: BitReader, count: number): Uint8Array {
  let length = bits.read(5);
  return new Uint8Array(count).map(() => {
    for (;;) {
      if (length < 1 || length > MAX_BITS) throw new Error("a block is damaged");
      if (bits.read(1) === 0) return length;
      length += bits.read(1) === 0 ? 1 : -1;
    }
  });
}
