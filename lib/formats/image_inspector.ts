/** Inspects an image whose bytes arrive in chunks. */
import { conclude } from "./conclusion.ts";
import { FormatRun } from "./format_run.ts";
import { ImageHead, ImageTail } from "./image_head.ts";
import { FORMATS } from "./inspectors/all.ts";
import type { ImageInspection } from "./types.ts";

/**
 * Detects the format of an image from its bytes in one pass, and checks whether it is safe to open. The result does not
 * depend on the size of chunks. At most 512 KiB are kept (1.5 MiB for the longest descriptor of a VMDK). Once the format
 * is certain, nothing is kept, unless the format has later structures to check.
 *
 * @example
 * ```ts
 * import { ImageInspector } from "@glance-edge/glance/formats";
 * import { assertEquals } from "@std/assert";
 *
 * const inspector = new ImageInspector();
 * for await (const chunk of new Blob(["the bytes of a disk"]).stream()) inspector.update(chunk);
 * const { format, virtualSize, isSafe } = inspector.finish();
 * assertEquals([format, virtualSize, isSafe], ["raw", 19, true]);
 * ```
 */
export class ImageInspector {
  readonly #size: number | null;
  readonly #runs = FORMATS.map((format) => new FormatRun(format));
  /** The runs that need more bytes. */
  #active: readonly FormatRun[] = this.#runs;
  /** Those of them that need more than the end of the image. */
  #fed: readonly FormatRun[] = this.#runs;
  #head = new ImageHead();
  readonly #tail = new ImageTail();
  #bytesRead = 0;
  #result: ImageInspection | null = null;

  /** `size` is the size of the image in bytes; a number that cannot be one counts as unknown. */
  constructor({ size }: { readonly size?: number | undefined } = {}) {
    this.#size = size !== undefined && Number.isSafeInteger(size) && size >= 0 ? size : null;
  }

  /**
   * Reads the next bytes. What is kept is copied, so the chunk can be reused. No content makes it throw. It
   * does nothing after `finish`.
   *
   * @throws {TypeError} if the chunk is not a `Uint8Array`.
   */
  update(chunk: Uint8Array): void {
    if (!(chunk instanceof Uint8Array)) {
      throw new TypeError(`Cannot inspect a ${typeof chunk}: it is not bytes; pass a Uint8Array`);
    }
    if (this.#result !== null) return;
    const position = this.#bytesRead;
    this.#bytesRead += chunk.byteLength;
    if (this.#active.length > 0) this.#tail.append(chunk);
    if (this.#fed.length > 0) this.#feed(chunk, position);
  }

  #feed(chunk: Uint8Array, position: number): void {
    const taken = this.#head.append(chunk);
    const after = chunk.subarray(taken);
    for (const run of this.#fed) run.feed(this.#head.bytes, after, position + taken);
    this.#release();
  }

  /** Whether further bytes cannot change the formats: after 256 KiB at the latest. */
  get isDecided(): boolean {
    return this.#active.every(({ isDecided }) => isDecided);
  }

  /** Whether further bytes cannot change the result. */
  get isComplete(): boolean {
    return this.#result !== null || (this.#active.length === 0 && this.#size !== null);
  }

  /** Bytes of memory that are kept for the inspection. */
  get bufferedBytes(): number {
    const captured = this.#active.reduce((sum, run) => sum + run.captured, 0);
    return this.#head.allocated + this.#tail.bytes.byteLength + captured;
  }

  /** The inspection if no more bytes are read; null until the format is certain. */
  preview(): ImageInspection | null {
    if (this.#result !== null) return this.#result;
    return this.isDecided ? conclude(this.#runs, this.#size, this.#bytesRead) : null;
  }

  /**
   * The inspection of the image, which has ended. If fewer bytes were read than its size, what is stored in
   * the others is listed in `unchecked`.
   */
  finish(): ImageInspection {
    this.#result ??= this.#conclude();
    return this.#result;
  }

  #conclude(): ImageInspection {
    const isPart = this.#size !== null && this.#bytesRead < this.#size && this.isDecided;
    const ending = isPart ? [] : this.#active;
    for (const run of ending) run.end(this.#head.bytes, this.#tail.bytes);
    const result = conclude(this.#runs, isPart ? this.#size : this.#bytesRead, this.#bytesRead);
    this.#active = [];
    this.#release();
    return result;
  }

  /** Frees what no run needs any more. */
  #release(): void {
    this.#active = this.#active.filter(({ isDone }) => !isDone);
    this.#fed = this.#active.filter(({ awaitsEnd }) => !awaitsEnd);
    if (this.#active.length === 0) this.#head = new ImageHead();
  }
}
