/**
 * The reader of the lead: the first part of a download, whose bytes are passed from its connection to the consumer
 * without a buffer. Its part is the rest of the image, until other connections fetch the end of it.
 */
import type { Chunk } from "../body_reader.ts";
import type { ResumingReader } from "../download/resuming_reader.ts";
import type { PartBuffer } from "./part_buffer.ts";

/** The reader that a lead uses. */
type PartReader = Pick<
  ResumingReader,
  "open" | "read" | "report" | "cancel" | "breaks" | "resumes"
>;

/** Reads the part that the consumer currently reads. */
export class LeadReader {
  readonly part: PartBuffer;
  /** Milliseconds until its first response was open. */
  wait = 0;
  readonly #reader: PartReader;
  readonly #now: () => number;
  /** Received bytes after the part. */
  #after: Chunk | null = null;
  #isOpen = true;

  constructor(part: PartBuffer, reader: PartReader, now: () => number) {
    this.part = part;
    this.#reader = reader;
    this.#now = now;
    part.reader = this;
    part.isPaused = true;
  }

  /** Number of times it resumed after a break. */
  get resumes(): number {
    return this.#reader.resumes;
  }

  /** Number of failed bodies and requests. */
  get breaks(): number {
    return this.#reader.breaks;
  }

  /** Whether its response may have more bytes. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Opens its first response. */
  async open(): Promise<void> {
    const since = this.#now();
    await this.#reader.open();
    this.wait = this.#now() - since;
  }

  /** Calls the progress callback of its reader. */
  report(): void {
    this.#reader.report();
  }

  /** The next bytes; null if another connection fetches the rest. */
  async read(into: Chunk): Promise<Chunk | null> {
    const { part } = this;
    part.progress.awaits(this.#now());
    part.isPaused = false;
    try {
      const chunk = this.#after ?? await this.#reader.read(into);
      if (chunk === null) return null;
      const data = part.pass(chunk, this.#now());
      // A copy, since the memory belongs to the consumer.
      this.#after = data.byteLength < chunk.byteLength ? chunk.slice(data.byteLength) : null;
      return data;
    } catch (error) {
      if (this.#isOpen) throw error;
      return null;
    } finally {
      part.isPaused = true;
    }
  }

  /** Ends after the last byte of the image, and checks that the response ends there, too. */
  async finish(): Promise<void> {
    await this.#reader.read(new Uint8Array(1));
    this.#isOpen = false;
  }

  /** Closes its response. */
  async cancel(reason: unknown): Promise<void> {
    this.#isOpen = false;
    await this.#reader.cancel(reason);
  }
}
