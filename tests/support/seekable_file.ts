/** A file in memory with the API of a `FileSystemWritableFileStream`. */

/** A write: bytes at the current position, or bytes with a position. */
type Write = Uint8Array | {
  readonly type: "write";
  readonly position: number;
  readonly data: Uint8Array;
};

/** The file. */
export class SeekableFile extends WritableStream<Uint8Array<ArrayBuffer>> {
  readonly bytes: Uint8Array;
  /** The position of each write; null if it had none. */
  readonly positions: (number | null)[] = [];

  constructor(size: number) {
    let at = 0;
    super({
      write: (write: Write) => {
        const isPlain = write instanceof Uint8Array;
        const [position, data] = isPlain ? [at, write] : [write.position, write.data];
        this.positions.push(isPlain ? null : position);
        this.bytes.set(data, position);
        at = position + data.byteLength;
      },
    });
    this.bytes = new Uint8Array(size);
  }

  /** Only its presence matters: it marks the sink as seekable. */
  seek(): void {}
  truncate(): void {}
}
