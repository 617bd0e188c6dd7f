/** Hashes data of unknown size: inline, or in a thread if it is large. */
import type { Hasher, TransferHasher } from "../types.ts";

/** Bytes after which the data is large enough for a thread. */
const HELD_BYTES = 4 * 2 ** 20;

/** Buffers the first bytes until it chooses between two hashers. */
export class DeferredHasher implements TransferHasher {
  readonly #inline: Hasher;
  readonly #thread: TransferHasher;
  /** Null while bytes are held. */
  #hasher: TransferHasher | null = null;
  #held: Uint8Array[] = [];
  #heldBytes = 0;

  /** `thread` starts its thread with the first bytes. */
  constructor(inline: Hasher, thread: TransferHasher) {
    this.#inline = inline;
    this.#thread = thread;
  }

  update(bytes: Uint8Array): Promise<void> | void {
    if (this.#hasher !== null) return this.#hasher.update(bytes);
    // `slice` of a Node Buffer does not copy.
    this.#held.push(new Uint8Array(bytes));
    this.#heldBytes += bytes.byteLength;
    if (this.#heldBytes >= HELD_BYTES) return this.#continueWith(this.#thread);
  }

  async digest(): Promise<string> {
    if (this.#hasher === null) await this.#continueWith(this.#inline);
    return await this.#hasher!.digest();
  }

  async close(): Promise<void> {
    await this.#thread.close?.();
  }

  async #continueWith(hasher: TransferHasher): Promise<void> {
    this.#hasher = hasher;
    for (const bytes of this.#held.splice(0)) await hasher.update(bytes);
  }
}
