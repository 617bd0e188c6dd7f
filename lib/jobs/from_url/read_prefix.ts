/** The first bytes of a file, which were read before, and how a later response continues after them. */
import { DeliveredTail, TAIL_SIZE } from "../../transfer/download/overlap.ts";
import type { Hasher } from "../../transfer/types.ts";

type Reader = ReadableStreamDefaultReader<Uint8Array>;

/** The bytes of a file that were read: their number, their hash, and a copy of the last ones. */
export class ReadPrefix {
  readonly #createHasher: () => Promise<Hasher>;
  readonly #tail = new DeliveredTail();
  #hasher: Hasher | null = null;
  #length = 0;

  constructor(createHasher: () => Promise<Hasher>) {
    this.#createHasher = createHasher;
  }

  /** Number of bytes. */
  get length(): number {
    return this.#length;
  }

  /** Where a range starts, so that its first bytes can be compared with the last ones that were read. */
  get overlapStart(): number {
    return Math.max(0, this.#length - TAIL_SIZE);
  }

  /** Whether the comparison of a range is conclusive: not on an empty part of a disk. */
  get isDistinctive(): boolean {
    return this.#tail.isDistinctive;
  }

  /** Loads the hasher. Call it before the first `add`. */
  async prepare(): Promise<void> {
    this.#hasher ??= await this.#createHasher();
  }

  add(chunk: Uint8Array): void {
    this.#hasher?.update(chunk);
    this.#tail.keep(chunk);
    this.#length += chunk.byteLength;
  }

  /** The digest of the bytes. */
  digest(): string {
    return this.#hasher?.digest() ?? "";
  }

  /**
   * A reader of what follows the prefix in a body that begins at `start`. What the body repeats is compared: by its
   * hash if that is all of the prefix, else with the last bytes.
   */
  async restOf(body: Reader, start: number): Promise<Reader | "changed" | "ended"> {
    const hasher = start === 0 ? await this.#createHasher() : null;
    for (let left = this.#length - start; left > 0;) {
      const { value } = await body.read();
      if (value === undefined) return "ended";
      const repeated = value.subarray(0, left);
      left -= repeated.byteLength;
      hasher?.update(repeated);
      const isOther = hasher === null
        ? this.#tail.differsFrom(repeated, left)
        : left === 0 && hasher.digest() !== this.digest();
      if (isOther) return "changed";
      if (left === 0) return withFirst(value.subarray(repeated.byteLength), body);
    }
    return body;
  }
}

/** A reader of the first bytes and what follows them. */
function withFirst(first: Uint8Array, reader: Reader): Reader {
  let rest: Uint8Array | null = first;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const chunk = rest !== null && rest.byteLength > 0 ? rest : (await reader.read()).value;
      rest = null;
      if (chunk === undefined) controller.close();
      else controller.enqueue(chunk);
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 }).getReader();
}
