/** Reads from a connection, without reading ahead of the demand. */

/** Initial size of the buffer for the head of a request, in bytes. */
const HEAD_BYTES = 8 * 1024;

/** Bytes per read of a body: initially, and at most, for fast senders. */
const SMALL_READ = 16 * 1024;
const LARGE_READ = 128 * 1024;

/** The source of bytes. */
export interface ByteSource {
  /** Reads into `view`. Returns the number of bytes; null at the end. */
  read(view: Uint8Array): Promise<number | null>;
}

/** The socket of a client. */
export interface Socket extends ByteSource {
  /** Writes at least one of the bytes. Returns how many were written. */
  write(bytes: Uint8Array): Promise<number>;
  /** Shuts down the sending side. */
  closeWrite(): Promise<void>;
  /** Closes the socket and ends pending reads and writes. */
  close(): void;
}

/** Called when the client sends nothing more; `isReset` if it does not read, either. */
type OnEnd = (isReset: boolean) => void;

export class SocketReader {
  readonly #source: ByteSource;
  #memory: Uint8Array<ArrayBuffer> = new Uint8Array(HEAD_BYTES);
  #start = 0;
  #end = 0;
  #filling: Promise<boolean> | null = null;
  #size = SMALL_READ;
  #onEnd: OnEnd | null = null;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  /** Bytes that were read and not consumed. */
  get held(): Uint8Array<ArrayBuffer> {
    return this.#memory.subarray(this.#start, this.#end);
  }

  /** Whether bytes are held. */
  get holdsBytes(): boolean {
    return this.#start < this.#end;
  }

  /** Consumes the first `count` held bytes. */
  use(count: number): void {
    this.#start += count;
  }

  /** Puts back bytes that belong to the next request. No bytes may be held. */
  giveBack(bytes: Uint8Array): void {
    if (bytes.byteLength === 0) return;
    [this.#memory, this.#start, this.#end] = [bytes.slice(), 0, bytes.byteLength];
  }

  /** Reads more bytes after the held ones. False at the end of the connection. */
  fill(): Promise<boolean> {
    return this.#filling ??= this.#fill();
  }

  /** Discards the held bytes and reads more into the same buffer. False at the end of the connection. */
  drop(): Promise<boolean> {
    this.#start = this.#end;
    return this.fill();
  }

  /**
   * Calls `onEnd` when the client closes the connection, or its sending side, during a request. Bytes that arrive
   * meanwhile are held for the next request.
   */
  watch(onEnd: OnEnd): void {
    this.#onEnd = onEnd;
    // If the client has pipelined a request, only a failing write detects that it has disconnected.
    if (this.holdsBytes) return;
    this.fill().then((isOpen) => isOpen || this.#onEnd?.(false), () => this.#onEnd?.(true));
  }

  /** Stops `watch()`. A pending read serves the next request. */
  unwatch(): void {
    this.#onEnd = null;
  }

  /** Reads the next bytes, at most `limit`, into a new buffer; null at the end. */
  async read(limit: number): Promise<Uint8Array<ArrayBuffer> | null> {
    if (this.#filling !== null && !await this.#filling) return null;
    if (this.holdsBytes) {
      const chunk = this.held.slice(0, limit);
      this.use(chunk.byteLength);
      return chunk;
    }
    const memory = new Uint8Array(Math.min(this.#size, limit));
    const count = await this.#source.read(memory);
    if (count === null) return null;
    if (count === this.#size) this.#size = Math.min(LARGE_READ, this.#size * 4);
    else if (count * 4 < this.#size) this.#size = Math.max(SMALL_READ, this.#size / 2);
    // A small view would keep its whole buffer in memory.
    return count * 2 < memory.byteLength ? memory.slice(0, count) : memory.subarray(0, count);
  }

  async #fill(): Promise<boolean> {
    if (this.#start === this.#end) {
      if (this.#memory.byteLength !== HEAD_BYTES) this.#memory = new Uint8Array(HEAD_BYTES);
      [this.#start, this.#end] = [0, 0];
    } else if (this.#end === this.#memory.byteLength) {
      const { held } = this;
      if (this.#start === 0) this.#memory = new Uint8Array(2 * held.byteLength);
      this.#memory.set(held);
      [this.#start, this.#end] = [0, held.byteLength];
    }
    try {
      const count = await this.#source.read(this.#memory.subarray(this.#end));
      if (count === null) return false;
      this.#end += count;
      return true;
    } finally {
      this.#filling = null;
    }
  }
}
