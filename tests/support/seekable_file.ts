/** A file in memory that can be written to anywhere, as browsers have it: a `FileSystemWritableFileStream`. */

/** What is written to it: bytes where it stands, or bytes and their place. */
type Write = Uint8Array | {
  readonly type: "write";
  readonly position: number;
  readonly data: Uint8Array;
};

/** The file. */
export class SeekableFile extends WritableStream<Uint8Array<ArrayBuffer>> {
  readonly bytes: Uint8Array;
  /** Where each write began; null where it did not say. */
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

  /** Here only to tell what it can do. */
  seek(): void {}
  truncate(): void {}
}
