/**
 * The changes of a parallel download: what its consumer waits for, and what its idle connections wait for. A chunk wakes
 * only the consumer: at 1 Gbit/s, hundreds arrive per second, and few of them are work for another connection.
 */
import type { ResolvedOptions } from "../../options.ts";
import { Notifier } from "../notifier.ts";

/** Milliseconds between the checks of an idle connection for silent and slow ones. */
const CHECK_INTERVAL = 50;

/** Delivered bytes after which there may be room for another part: the size of a small one. */
const ROOM_STEP = 1024 * 1024;

/** Wakes the consumer and the idle connections of a download. */
export class PartChanges {
  readonly #timer: ResolvedOptions["timer"];
  readonly #bytes = new Notifier();
  readonly #work = new Notifier();
  /** Number of bytes delivered since idle connections were woken. */
  #delivered = 0;

  constructor({ timer }: Pick<ResolvedOptions, "timer">) {
    this.#timer = timer;
  }

  /** Resolves when there may be bytes to deliver, or at a failure. */
  get next(): Promise<void> {
    return this.#bytes.next;
  }

  /** Wakes the consumer. */
  received(): void {
    this.#bytes.notify();
  }

  /** Wakes idle connections if there may be room for a part. `left` is the number of undelivered bytes of this part. */
  delivered(bytes: number, left: number): void {
    this.#delivered += bytes;
    if (left > 0 && this.#delivered < ROOM_STEP) return;
    this.#delivered = 0;
    this.#work.notify();
  }

  /** Wakes all: a part is complete or was given up, or the download has ended. */
  notify(): void {
    this.#bytes.notify();
    this.#work.notify();
  }

  /** Resolves when an idle connection may find work, or should check for it. */
  async work(): Promise<void> {
    const cancel = this.#timer(CHECK_INTERVAL, () => this.#work.notify());
    await this.#work.next;
    cancel();
  }

  /** Resolves after some milliseconds, or as soon as the download has ended. */
  async pause(ms: number, hasEnded: () => boolean): Promise<void> {
    let isOver = false;
    const cancel = this.#timer(ms, () => {
      isOver = true;
      this.#work.notify();
    });
    while (!isOver && !hasEnded()) await this.#work.next;
    cancel();
  }
}
