/**
 * Reads a whole image and fills all of its slots in order, for stores without ranges. Readers ahead of it wait. A slot
 * that it has passed and that is no longer stored needs another read.
 */
import type { Chunk } from "../../transfer/body_reader.ts";
import { Notifier } from "../../transfer/notifier.ts";
import { READ_SIZE } from "./fetch_segment.ts";
import type { Fills } from "./fills.ts";
import { type ImageContent, slotCount, slotOf } from "../image_slots.ts";
import type { Origin, OriginReader } from "./origin.ts";

/** Options of a whole read. */
export interface WholeReadOptions {
  readonly image: ImageContent;
  readonly slotSize: number;
  readonly fills: Fills;
  readonly origin: Origin;
  /** Whether to continue: not if the image was removed and all readers have left. */
  readonly shouldContinue: () => boolean;
}

/** A whole read in progress. */
export class WholeRead {
  readonly #options: WholeReadOptions;
  #index = -1;
  readonly #steps = new Notifier();
  #failure: { readonly error: unknown } | null = null;
  #isOver = false;

  constructor(options: WholeReadOptions) {
    this.#options = options;
  }

  /** Whether the read has not reached a slot yet, and will. */
  isAhead(index: number): boolean {
    return !this.#isOver && this.#index < index;
  }

  /**
   * Resolves when the read starts to fill a slot, or has ended.
   *
   * @throws the error of the read, unless it is due to the credentials of another reader.
   */
  async reach(index: number, origin: Origin): Promise<void> {
    while (this.isAhead(index)) await this.#steps.next;
    if (this.#failure !== null && !origin.isOwnFault(this.#failure.error)) {
      throw this.#failure.error;
    }
  }

  /** Reads the image. Never rejects. */
  async run(): Promise<void> {
    let reader: OriginReader | null = null;
    try {
      reader = await this.#options.origin.open(0, this.#options.image.size);
      await this.#fillSlots(new BufferedReader(reader, this.#options.origin));
    } catch (error) {
      this.#failure = { error };
    }
    await reader?.cancel("the image is read").catch(() => {});
    this.#isOver = true;
    this.#steps.notify();
  }

  async #fillSlots(source: BufferedReader): Promise<void> {
    const { image, slotSize, fills, shouldContinue } = this.#options;
    for (let index = 0; index < slotCount(image, slotSize) && shouldContinue(); index++) {
      const slot = slotOf(image, slotSize, index);
      const fill = await fills.obtain(slot);
      const segment = fill?.claim() ?? null;
      this.#index = index;
      this.#steps.notify();
      let error: unknown = new Error("Cannot fill a slot: the read was stopped");
      try {
        for (let left = slot.end - slot.start; left > 0;) {
          if (segment !== null) await fill?.mayReceive(segment);
          const chunk = await source.read(left);
          left -= chunk.byteLength;
          if (segment !== null) fill?.receive(segment, chunk);
        }
      } catch (cause) {
        error = cause;
        throw cause;
      } finally {
        if (segment !== null) fill?.end(segment, error);
      }
    }
  }
}

/** Limits the size of each chunk of a reader. */
class BufferedReader {
  readonly #reader: OriginReader;
  readonly #origin: Origin;
  #rest: Chunk = new Uint8Array();

  constructor(reader: OriginReader, origin: Origin) {
    this.#reader = reader;
    this.#origin = origin;
  }

  async read(most: number): Promise<Chunk> {
    if (this.#rest.byteLength === 0) {
      const chunk = await this.#reader.read(new Uint8Array(READ_SIZE));
      if (chunk === null) throw new Error("Cannot fill a slot: the origin ended early");
      this.#origin.onBytes?.(chunk.byteLength);
      this.#rest = chunk;
    }
    const chunk = this.#rest.subarray(0, most);
    this.#rest = this.#rest.subarray(chunk.byteLength);
    return chunk;
  }
}
