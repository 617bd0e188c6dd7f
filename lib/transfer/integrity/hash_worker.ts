/**
 * Hashes in a worker thread, since one thread cannot read and hash at the speed of a fast network. Bytes are
 * copied into slots of shared memory. Messages state which slots are filled and which are hashed, so neither
 * thread blocks and the worker can be terminated at any time. The worker is created by `node:worker_threads`
 * (Deno, Node, Bun) from a string, which needs no file, URL, or permission. Without a worker, bytes are hashed
 * inline.
 *
 * @module
 */
import { builtinModule } from "../../node_builtin.ts";
import { GlanceError } from "../../errors.ts";
import { createHasher, NativeHasher } from "./hashing.ts";
import type { TransferHasher } from "../types.ts";

/** Minimum image size in bytes for a thread: inline hashing processes about 40 MiB while a thread starts. */
const MIN_SIZE = 128 * 2 ** 20;

/** Maximum number of threads: one processor is left for the readers. Node 20 does not state their number. */
const MAX_THREADS = (globalThis.navigator?.hardwareConcurrency ?? 2) - 1;

const SLOTS = 4;

const SLOT_SIZE = 1024 * 1024;

/** Milliseconds of a timer that only keeps the process alive. */
const LONG = 2 ** 30;

/**
 * The code of the thread. It receives the number of bytes in each slot in order, or null to request the
 * digest so far. It posts null for each hashed slot, and each digest.
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

/** A thread of `node:worker_threads`. */
export interface Thread {
  on(event: "message", listener: (digest: string | null) => void): unknown;
  on(event: "error" | "exit", listener: (reason: unknown) => void): unknown;
  postMessage(length: number | null): void;
  unref(): void;
  terminate(): Promise<unknown>;
}

/** Starts a thread that runs `code` with `workerData`. */
export type StartThread = (code: string, workerData: unknown) => Thread;

/** Options that decide whether a thread is used. */
export interface ThreadOptions {
  /**
   * Starts a thread; null to always hash inline.
   * @default {`node:worker_threads` if the runtime has it}
   */
  readonly start?: StartThread | null;
  /**
   * Minimum image size in bytes for a thread.
   * @default {128 MiB}
   */
  readonly minSize?: number;
}

/**
 * Creates a hasher for a Python algorithm name and an image size, in a thread if the image is large enough
 * and the runtime has threads. Null if the algorithm is not supported.
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

/** A hasher whose thread starts with the first bytes and ends when it is closed. */
class HashThread implements TransferHasher {
  #memory: Uint8Array = new Uint8Array();
  /** Hashes inline if the thread cannot be used. */
  readonly #inline: NativeHasher;
  readonly #start: StartThread;
  #thread: Thread | null = null;
  #isInline = false;
  #isClosed = false;
  #end: Promise<void> | null = null;
  #failure: { readonly reason: unknown } | null = null;
  /** Number of slots that were posted, and of those that were hashed. */
  #posted = 0;
  #hashed = 0;
  /** Number of bytes in the slots that were posted last. */
  readonly #lengths: number[] = [];
  /** Number of bytes in the next slot. */
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
    while (this.#digest === null) await this.#nextMessage();
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
      // Post the buffer without its view: with it, Deno 2.9 takes ten times as long.
      const buffer = new SharedArrayBuffer(SLOTS * SLOT_SIZE);
      this.#memory = new Uint8Array(buffer);
      const thread = this.#start(CODE, { algorithm, buffer, slotSize: SLOT_SIZE });
      thread.on("message", (digest) => this.#onMessage(digest));
      thread.on("error", (reason) => this.#onExit(reason));
      thread.on("exit", (reason) => this.#onExit(reason));
      // An abandoned download must not keep the process alive.
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

  /** Copies bytes into free slots and returns the rest. */
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
    for (let rest = bytes; rest.byteLength > 0; rest = this.#put(rest)) await this.#nextMessage();
  }

  #post(): void {
    this.#lengths[this.#posted++ % SLOTS] = this.#filled;
    this.#thread?.postMessage(this.#filled);
    this.#filled = 0;
  }

  /** Waits for the next message of the thread. */
  async #nextMessage(): Promise<void> {
    const message = new Promise<void>((resolve) => this.#wake = resolve);
    if (!this.#isClosed && this.#failure === null) await alive(message);
    if (!this.#isClosed && this.#failure === null) return;
    throw new GlanceError(
      "Cannot continue hashing: the hashing thread has ended; download the image again",
      {
        cause: this.#failure?.reason,
      },
    );
  }

  #onMessage(digest: string | null): void {
    if (digest === null) this.#hashed++;
    else this.#digest = digest;
    this.#wake();
  }

  /** If the thread has hashed nothing yet, all bytes are still in the slots. If it has, its state is lost. */
  #onExit(reason: unknown): void {
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
 * Keeps the process alive while waiting, since the thread is unreferenced. Runtimes differ in what `ref` and
 * `unref` of a thread do between two messages.
 */
async function alive<T>(work: Promise<T>): Promise<T> {
  const timer = setInterval(() => {}, LONG);
  try {
    return await work;
  } finally {
    clearInterval(timer);
  }
}

/** The API of `node:worker_threads` that is used. */
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
