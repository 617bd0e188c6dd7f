/**
 * Reads an image over several connections and verifies it: in order, or in any order with positions.
 * `part_delivery.ts` collects the bytes.
 */
import type { Deadline } from "../../http/deadline.ts";
import type { Chunk, ImageReader, PositionedChunk } from "../body_reader.ts";
import { type DeliveryOptions, PartDelivery } from "./part_delivery.ts";

export interface ParallelOptions extends Omit<DeliveryOptions, "lifetime" | "shared"> {
  readonly shared: DeliveryOptions["shared"] & { readonly Deadline: typeof Deadline };
}

/** Reads an image over several connections. */
export class ParallelReader implements ImageReader {
  readonly #options: ParallelOptions;
  readonly #delivery: PartDelivery;
  readonly #lifetime: Deadline;
  #isClosed = false;

  constructor(options: ParallelOptions) {
    this.#options = options;
    this.#lifetime = new options.shared.Deadline(options.options, options.signal);
    const { signal } = this.#lifetime;
    options.verifier?.endWith(signal);
    this.#delivery = new PartDelivery({ ...options, lifetime: signal });
  }

  /** Opens the first response, so that errors are thrown before the first read. */
  async open(): Promise<void> {
    await this.#delivery.open().catch((error) => this.#fail(error));
  }

  /** The next bytes in order. */
  async read(into: Chunk): Promise<Chunk | null> {
    const chunk = await this.#next(true, into);
    return chunk?.data ?? null;
  }

  /** The next received bytes in any order, which a hash does not allow. */
  get readUnordered(): (() => Promise<PositionedChunk | null>) | undefined {
    if (this.#options.isHashed) return undefined;
    return () => this.#next(false, this.#delivery.memory());
  }

  /** Reuses the memory of a delivered chunk. */
  recycle(chunk: Chunk): void {
    this.#delivery.recycle(chunk);
  }

  report(): void {
    this.#delivery.report();
  }

  async cancel(reason: unknown): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#lifetime.abort(reason);
    this.#lifetime[Symbol.dispose]();
    await Promise.all([this.#delivery.cancel(reason), this.#options.verifier?.close()]);
  }

  async #next(isOrdered: boolean, into: Chunk): Promise<PositionedChunk | null> {
    const { verifier } = this.#options;
    try {
      const chunk = await this.#delivery.next(isOrdered, into);
      if (this.#isClosed) return null;
      if (chunk === null) await verifier?.check();
      else await verifier?.update(chunk.data);
      if (this.#isClosed) return null;
      if (chunk === null) await this.cancel("complete");
      return chunk;
    } catch (error) {
      if (this.#isClosed && !this.#options.signal?.aborted) return null;
      return await this.#fail(error);
    }
  }

  async #fail(error: unknown): Promise<never> {
    const { signal } = this.#options;
    const reason = signal?.aborted ? signal.reason : error;
    await this.cancel(reason);
    throw reason;
  }
}
