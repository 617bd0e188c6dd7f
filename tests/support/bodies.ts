/** Fake bodies that record how they end: the sanitizers do not detect a synthetic body that is left open. */

/** A step of a body: send bytes, break, or stall. */
export type BodyStep = Uint8Array<ArrayBuffer> | Error | "silence";

/** How a body behaves. */
export interface FakeBodyOptions {
  /**
   * Whether it supports BYOB readers, like the bodies of fetch on most runtimes.
   * @default {true}
   */
  readonly isByteStream?: boolean;
  /** The signal of its request, which ends it as it ends a body of fetch. */
  readonly signal?: AbortSignal;
}

/** The common interface of the controllers of both kinds of streams. */
interface Controller {
  readonly byobRequest?: ReadableStreamBYOBRequest | null;
  enqueue(chunk: Uint8Array<ArrayBuffer>): void;
  error(reason: unknown): void;
  close(): void;
}

/** A body that performs its steps in order and ends. */
export class FakeBody {
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** The reason of each cancel that reached it. */
  readonly cancels: unknown[] = [];
  /** Number of pulls. */
  pulls = 0;
  #isOver = false;
  readonly #steps: BodyStep[];

  constructor(steps: readonly BodyStep[], { isByteStream = true, signal }: FakeBodyOptions = {}) {
    this.#steps = [...steps];
    const source = {
      start: (controller: Controller) => this.#follow(controller, signal),
      pull: (controller: Controller) => this.#pull(controller),
      cancel: (reason: unknown) => {
        this.#isOver = true;
        this.cancels.push(reason);
      },
    };
    this.stream = isByteStream
      ? new ReadableStream({ ...source, type: "bytes" }, { highWaterMark: 0 })
      : new ReadableStream(source, { highWaterMark: 0 });
  }

  /** Whether it is closed: read to its end, broken, canceled, or aborted. */
  get isOver(): boolean {
    return this.#isOver;
  }

  #follow(controller: Controller, signal: AbortSignal | undefined): void {
    signal?.addEventListener("abort", () => {
      if (!this.#isOver) controller.error(signal.reason);
      this.#isOver = true;
    }, { once: true });
  }

  async #pull(controller: Controller): Promise<void> {
    this.pulls++;
    const step = this.#steps.shift();
    if (step === "silence") return await new Promise(() => {});
    if (step instanceof Uint8Array) return controller.enqueue(step.slice());
    this.#isOver = true;
    if (step !== undefined) return controller.error(step);
    controller.close();
    controller.byobRequest?.respond(0);
  }
}

export { toBytes as bytesOf } from "@std/streams";

/** Bytes of a text. */
export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}
