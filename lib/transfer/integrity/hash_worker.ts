/**
 * A hash in a thread of its own: an image is read and hashed at the same time, since one thread cannot do
 * both as fast as a network brings it. Bytes are laid into slots of shared memory; messages say which of
 * them are filled and which are hashed, so that neither side ever blocks, and the thread can be ended at
 * any time. It is made by `node:worker_threads` (Deno, Node, Bun) from a text, which needs no file, no URL
 * and no permission. Whatever cannot have a thread hashes inline.
 *
 * @module
 */
import { builtinModule } from "../../node_builtin.ts";
import { GlanceError } from "../../errors.ts";
import { createHasher, NativeHasher } from "./hashing.ts";
import type { TransferHasher } from "../types.ts";

/** Bytes of an image from which a thread pays: about 40 MiB are hashed in the time in which one starts. */
const MIN_SIZE = 128 * 2 ** 20;

/**
 * Threads at a time: the reader needs a processor, too, and what is more would only take turns. Node 20
 * does not tell how many there are.
 */
const MAX_THREADS = (globalThis.navigator?.hardwareConcurrency ?? 2) - 1;

const SLOTS = 4;

const SLOT_SIZE = 1024 * 1024;

/** Milliseconds of a timer that is there only to keep the process alive. */
const LONG = 2 ** 30;

/**
 * What the thread does: it gets the number of bytes in each slot in turn, or null for a wish of the
 * digest so far; it posts null for each slot that is free again, and each digest.
 */
const CODE = `
const { parentPort, workerData } = process.getBuiltinModule("node:worker_threads");
const { algorithm, buffer, slotSize } = workerData;
const memory = new Uint8Array(buffer);
const hash = process.getBuiltinModule("node:crypto").createHash(algorithm);
let start = 0;
parentPort.on("message", (length) => {
  if (length === null) return parentPort.postMessage(hash.copy().digest("hex"));
  hash.update(memory.subarray(start, start + length));
  start = (start + slotSize) % memory.byteLength;
  parentPort.postMessage(null);
});
`;

let running = 0;

/** A thread, as `node:worker_threads` makes it. */
export interface Thread {
  on(event: "message", listener: (digest: string | null) => void): unknown;
  on(event: "error" | "exit", listener: (reason: unknown) => void): unknown;
  postMessage(length: number | null): void;
  unref(): void;
  terminate(): Promise<unknown>;
}

/** Makes a thread that runs `code` and finds `workerData` there. */
export type StartThread = (code: string, workerData: unknown) => Thread;

/** What decides whether there is a thread. */
export interface ThreadOptions {
  /**
   * How a thread is made; null for none at all.
   * @default {`node:worker_threads`, where the runtime has it}
   */
  readonly start?: StartThread | null;
  /**
   * Bytes of an image from which there is one.
   * @default {128 MiB}
   */
  readonly minSize?: number;
}

/**
 * A hasher for one of Python's algorithm names and an image of so many bytes: in a thread, where that pays
 * and can be had. Null where there is none here.
 */
export async function createTransferHasher(
  algorithm: string,
  size: number | null,
  { start = threadsOfNode(), minSize = MIN_SIZE }: ThreadOptions = {},
): Promise<TransferHasher | null> {
  const hasher = await createHasher(algorithm);
  const isLarge = size !== null && size >= minSize;
  if (!(hasher instanceof NativeHasher) || start === null || !isLarge) return hasher;
  return new HashThread(hasher, start);
}

/** A hasher whose thread starts with its first bytes, and ends when it is closed. */
class HashThread implements TransferHasher {
  #memory: Uint8Array = new Uint8Array();
  /** Takes over where the thread cannot be had. */
  readonly #inline: NativeHasher;
  readonly #start: StartThread;
  #thread: Thread | null = null;
  #isInline = false;
  #isClosed = false;
  #end: Promise<void> | null = null;
  #failure: { readonly reason: unknown } | null = null;
  /** Slots that were posted, and those of them that were hashed. */
  #posted = 0;
  #hashed = 0;
  /** Bytes of the slots that were posted last. */
  readonly #lengths: number[] = [];
  /** Bytes in the slot that comes next. */
  #filled = 0;
  #digest: string | null = null;
  #wake: () => void = () => {};

  constructor(inline: NativeHasher, start: StartThread) {
    this.#inline = inline;
    this.#start = start;
  }

  update(bytes: Uint8Array): Promise<void> | void {
    if (this.#thread === null && !this.#isInline) this.#begin();
    const rest = this.#put(bytes);
    if (rest.byteLength > 0) return this.#putAll(rest);
  }

  async digest(): Promise<string> {
    if (this.#thread === null || this.#isInline) return this.#inline.digest();
    if (this.#filled > 0) this.#post();
    this.#digest = null;
    this.#thread.postMessage(null);
    while (this.#digest === null) await this.#word();
    return this.#digest;
  }

  close(): Promise<void> {
    return this.#end ??= this.#close();
  }

  async #close(): Promise<void> {
    this.#isClosed = true;
    this.#wake();
    if (this.#thread === null) return;
    running--;
    await alive(this.#thread.terminate());
  }

  #begin(): void {
    this.#isInline = this.#isClosed || running >= MAX_THREADS;
    if (this.#isInline) return;
    try {
      const { name: algorithm } = this.#inline;
      // Passed on without its view, which takes Deno 2.9 ten times as long.
      const buffer = new SharedArrayBuffer(SLOTS * SLOT_SIZE);
      this.#memory = new Uint8Array(buffer);
      const thread = this.#start(CODE, { algorithm, buffer, slotSize: SLOT_SIZE });
      thread.on("message", (digest) => this.#hear(digest));
      thread.on("error", (reason) => this.#lose(reason));
      thread.on("exit", (reason) => this.#lose(reason));
      // Whoever forgets a download is not kept by it.
      thread.unref();
      this.#thread = thread;
      running++;
    } catch {
      this.#isInline = true;
    }
  }

  get #isFull(): boolean {
    return !this.#isInline && this.#posted - this.#hashed === SLOTS;
  }

  /** Takes what there is room for, and gives the rest. */
  #put(bytes: Uint8Array): Uint8Array {
    let rest = bytes;
    while (rest.byteLength > 0 && !this.#isInline && !this.#isFull) {
      const part = rest.subarray(0, SLOT_SIZE - this.#filled);
      this.#memory.set(part, (this.#posted % SLOTS) * SLOT_SIZE + this.#filled);
      this.#filled += part.byteLength;
      if (this.#filled === SLOT_SIZE) this.#post();
      rest = rest.subarray(part.byteLength);
    }
    if (!this.#isInline) return rest;
    this.#inline.update(rest);
    return rest.subarray(rest.byteLength);
  }

  async #putAll(bytes: Uint8Array): Promise<void> {
    for (let rest = bytes; rest.byteLength > 0; rest = this.#put(rest)) await this.#word();
  }

  #post(): void {
    this.#lengths[this.#posted++ % SLOTS] = this.#filled;
    this.#thread?.postMessage(this.#filled);
    this.#filled = 0;
  }

  /** Waits for the thread's next word. */
  async #word(): Promise<void> {
    const word = new Promise<void>((resolve) => this.#wake = resolve);
    if (!this.#isClosed && this.#failure === null) await alive(word);
    if (!this.#isClosed && this.#failure === null) return;
    throw new GlanceError(
      "Cannot go on hashing: the thread that does it has ended; download the image anew",
      {
        cause: this.#failure?.reason,
      },
    );
  }

  #hear(digest: string | null): void {
    if (digest === null) this.#hashed++;
    else this.#digest = digest;
    this.#wake();
  }

  /** A thread that has hashed nothing yet has left all where it is; of one that has, nothing is left. */
  #lose(reason: unknown): void {
    if (this.#isClosed || this.#isInline) return;
    if (this.#hashed === 0) this.#takeOver();
    else this.#failure = { reason };
    this.#wake();
  }

  #takeOver(): void {
    const lengths = [...this.#lengths, this.#filled];
    lengths.forEach((length, slot) => {
      const start = slot * SLOT_SIZE;
      if (length > 0) this.#inline.update(this.#memory.slice(start, start + length));
    });
    this.#isInline = true;
    this.#digest = this.#inline.digest();
  }
}

/**
 * Waits for work that keeps no process alive by itself, which is for others to do: runtimes do not agree
 * on what `ref` and `unref` of a thread mean between two of its messages.
 */
async function alive<T>(work: Promise<T>): Promise<T> {
  const timer = setInterval(() => {}, LONG);
  try {
    return await work;
  } finally {
    clearInterval(timer);
  }
}

/** The part of `node:worker_threads` that is used. */
interface WorkerThreads {
  readonly Worker?: new (
    code: string,
    options: { readonly eval: true; readonly workerData: unknown },
  ) => Thread;
}

function threadsOfNode(): StartThread | null {
  const Worker = builtinModule<WorkerThreads>("node:worker_threads")?.Worker;
  if (Worker === undefined || !("SharedArrayBuffer" in globalThis)) return null;
  return (code, workerData) => new Worker(code, { eval: true, workerData });
}
