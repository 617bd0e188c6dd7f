/**
 * The incoming side of a connection: bytes in their order, read ahead only as far as asked for.
 *
 * @module
 */

/** Bytes for the head of a request; more is allocated if a head needs it. */
const HEAD_ROOM = 8 * 1024;

/** Bytes that one read of a body asks for, at first and when the sender is fast. */
const SMALL_READ = 16 * 1024;
const LARGE_READ = 128 * 1024;

/** Where bytes come from. */
export interface ByteSource {
  /** Reads into `view`; null at the end. */
  read(view: Uint8Array): Promise<number | null>;
}

/** Reads from a connection. */
export class SocketReader {
  readonly #source: ByteSource;
  #memory: Uint8Array<ArrayBuffer> = new Uint8Array(HEAD_ROOM);
  #start = 0;
  #end = 0;
  #filling: Promise<boolean> | null = null;
  #size = SMALL_READ;
  #onEnd: (() => void) | null = null;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  /** Bytes that were read and not used. */
  get held(): Uint8Array<ArrayBuffer> {
    return this.#memory.subarray(this.#start, this.#end);
  }

  /** Drops the first `count` bytes of those that are held. */
  use(count: number): void {
    this.#start += count;
  }

  /** Gives back bytes that belong to the next request; nothing may be held. */
  giveBack(bytes: Uint8Array): void {
    if (bytes.byteLength === 0) return;
    [this.#memory, this.#start, this.#end] = [bytes.slice(), 0, bytes.byteLength];
  }

  /** Reads more after what is held; false at the end of the connection. */
  fill(): Promise<boolean> {
    return this.#filling ??= this.#fill().finally(() => this.#filling = null);
  }

  /** Drops what is held and reads more into the same memory; false at the end of the connection. */
  drop(): Promise<boolean> {
    this.use(this.held.byteLength);
    return this.fill();
  }

  /**
   * Notices the end of the connection while nothing is to be read: what the client sends meanwhile is held
   * for its next request.
   */
  watch(onEnd: () => void): void {
    this.#onEnd = onEnd;
    // A client that has sent its next request already is noticed by the first write that fails.
    if (this.held.byteLength > 0) return;
    this.fill().then((isOpen) => isOpen || this.#onEnd?.(), () => this.#onEnd?.());
  }

  /** Ends what `watch` began; a read that is pending serves the next request. */
  unwatch(): void {
    this.#onEnd = null;
  }

  /** The next bytes in memory of their own, at most `limit`; null at the end. */
  async read(limit: number): Promise<Uint8Array<ArrayBuffer> | null> {
    if (this.#filling !== null && !await this.#filling) return null;
    if (this.held.byteLength > 0) {
      const chunk = this.held.slice(0, limit);
      this.use(chunk.byteLength);
      return chunk;
    }
    const memory = new Uint8Array(Math.min(this.#size, limit));
    const count = await this.#source.read(memory);
    if (count === null) return null;
    if (count === this.#size) this.#size = Math.min(LARGE_READ, this.#size * 4);
    else if (count * 4 < this.#size) this.#size = Math.max(SMALL_READ, this.#size / 2);
    // Whoever keeps a few bytes keeps all of their memory.
    return count * 2 < memory.byteLength ? memory.slice(0, count) : memory.subarray(0, count);
  }

  async #fill(): Promise<boolean> {
    if (this.#start === this.#end) {
      if (this.#memory.byteLength !== HEAD_ROOM) this.#memory = new Uint8Array(HEAD_ROOM);
      [this.#start, this.#end] = [0, 0];
    } else if (this.#end === this.#memory.byteLength) {
      const { held } = this;
      if (this.#start === 0) this.#memory = new Uint8Array(2 * held.byteLength);
      this.#memory.set(held);
      [this.#start, this.#end] = [0, held.byteLength];
    }
    const count = await this.#source.read(this.#memory.subarray(this.#end));
    if (count === null) return false;
    this.#end += count;
    return true;
  }
}
