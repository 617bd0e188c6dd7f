/** Reads bits, most significant first, from bytes that were buffered before. */

/** Unread bytes up to `limit`, and the low `bitCount` bits before them. After the limit, there are zeros. */
export interface BitWindow {
  readonly bytes: Uint8Array;
  readonly limit: number;
  readonly position: number;
  readonly bits: number;
  readonly bitCount: number;
}

export class BitReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #buffer = new Uint8Array(1024);
  /** The buffered bytes are from `#position` to `#end`. */
  #position = 0;
  #end = 0;
  #isSourceEnded = false;
  /** The last bytes read; the low `#count` bits are unread. */
  #bits = 0;
  #count = 0;

  constructor(reader: ReadableStreamDefaultReader<Uint8Array>) {
    this.#reader = reader;
  }

  /** Buffers at least `size` bytes, or all that are left. */
  async fill(size: number): Promise<void> {
    while (this.#end - this.#position < size && !this.#isSourceEnded) {
      const { value } = await this.#reader.read();
      if (value === undefined) this.#isSourceEnded = true;
      else this.#append(value);
    }
  }

  /** Whether more bits were read than there are. They were zeros. */
  get isPastEnd(): boolean {
    return this.#position - (this.#count >> 3) > this.#end;
  }

  /** Whether all bytes were read. */
  get isAtEnd(): boolean {
    return this.#position - (this.#count >> 3) >= this.#end;
  }

  /** Reads at least 1 and at most 24 bits. */
  read(size: number): number {
    while (this.#count < size) {
      const byte = this.#position < this.#end ? this.#buffer[this.#position] ?? 0 : 0;
      this.#position++;
      this.#bits = this.#bits << 8 | byte;
      this.#count += 8;
    }
    this.#count -= size;
    return this.#bits >>> this.#count & ((1 << size) - 1);
  }

  /** Reads 32 bits as an unsigned integer. */
  read32(): number {
    return this.read(16) * 65_536 + this.read(16);
  }

  /** The unread bytes and bits, for a loop that reads them itself, and then calls {@linkcode moveTo}. */
  window(): BitWindow {
    return {
      bytes: this.#buffer,
      limit: this.#end,
      position: this.#position,
      bits: this.#bits,
      bitCount: this.#count,
    };
  }

  moveTo(position: number, bits: number, bitCount: number): void {
    this.#position = position;
    this.#bits = bits;
    this.#count = bitCount;
  }

  alignToByte(): void {
    this.#count -= this.#count % 8;
  }

  #append(bytes: Uint8Array): void {
    if (this.#end + bytes.byteLength > this.#buffer.byteLength) {
      const unread = this.#buffer.subarray(this.#position, this.#end);
      const size = unread.byteLength + bytes.byteLength;
      const isLarger = size > this.#buffer.byteLength / 2;
      const target = isLarger ? new Uint8Array(size * 2) : this.#buffer;
      target.set(unread);
      this.#buffer = target;
      this.#position = 0;
      this.#end = unread.byteLength;
    }
    this.#buffer.set(bytes, this.#end);
    this.#end += bytes.byteLength;
  }
}
