/** Inspects a download while it is delivered. Imported on demand by `download.ts`. */
import { ImageInspector } from "../../../formats/image_inspector.ts";
import type { ImageInspection } from "../../../formats/types.ts";
import type { Chunk, ImageReader } from "../../body_reader.ts";

/** A download whose delivered bytes are inspected. They are delivered in order. */
export class InspectedDownload implements ImageReader {
  readonly #reader: ImageReader;
  readonly #inspector: ImageInspector;
  #onInspection: ((inspection: ImageInspection) => void) | null;

  /**
   * @param size size of the image in bytes; null if unknown
   * @param onInspection called once, after the last byte
   */
  constructor(
    reader: ImageReader,
    size: number | null,
    onInspection: (inspection: ImageInspection) => void,
  ) {
    this.#reader = reader;
    this.#inspector = new ImageInspector({ size: size ?? undefined });
    this.#onInspection = onInspection;
  }

  async read(into: Chunk): Promise<Chunk | null> {
    const chunk = await this.#reader.read(into);
    if (chunk !== null) {
      this.#inspector.update(chunk);
      return chunk;
    }
    const onInspection = this.#onInspection;
    this.#onInspection = null;
    try {
      const result: unknown = onInspection?.(this.#inspector.finish());
      // Handled here: an error of the callback does not affect the download.
      Promise.resolve(result).catch(() => {});
    } catch {
      // An error of an asynchronous callback is ignored, too.
    }
    return null;
  }

  report(): void {
    this.#reader.report();
  }

  recycle(chunk: Chunk): void {
    this.#reader.recycle?.(chunk);
  }

  async cancel(reason: unknown): Promise<void> {
    // A canceled download ends with null, too.
    this.#onInspection = null;
    await this.#reader.cancel(reason);
  }
}
