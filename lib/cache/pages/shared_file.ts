/** The file of a stored slot: open while the slot has readers that need more than what is in memory. */
import type { OpenedValue } from "../stores/slot_store.ts";

/** A file that is opened on first use, and closed by its last user. */
export class SharedFile {
  readonly #open: () => Promise<OpenedValue | null>;
  readonly #onUnused: () => void;
  #file: Promise<OpenedValue | null> | null = null;
  #users = 0;
  #isRemoved = false;

  /**
   * @param open opens the file; resolves to null if it does not exist.
   * @param onUnused called after the last user has left, before the file is closed.
   */
  constructor(open: () => Promise<OpenedValue | null>, onUnused: () => void) {
    this.#open = open;
    this.#onUnused = onUnused;
  }

  /** Whether it has a user. */
  get isUsed(): boolean {
    return this.#users > 0;
  }

  /** Counts a user, until it calls `leave`. */
  join(): void {
    this.#users++;
  }

  /** Removes a user. The last one closes the file. */
  async leave(): Promise<void> {
    if (--this.#users > 0) return;
    const file = this.#file;
    this.#file = null;
    this.#onUnused();
    await file?.then((opened) => opened?.close()).catch(() => {});
  }

  /** Records that the file was removed. It can be used while it is open, and is not opened again. */
  remove(): void {
    this.#isRemoved = true;
  }

  /** Runs `work` with the open file; false if the file no longer exists. */
  async use(work: (file: OpenedValue) => Promise<void>): Promise<boolean> {
    this.join();
    try {
      if (this.#file === null && this.#isRemoved) return false;
      const file = await (this.#file ??= this.#openOnce());
      if (file !== null) await work(file);
      return file !== null;
    } finally {
      await this.leave();
    }
  }

  async #openOnce(): Promise<OpenedValue | null> {
    try {
      return await this.#open();
    } catch (error) {
      this.#file = null;
      throw error;
    }
  }
}
