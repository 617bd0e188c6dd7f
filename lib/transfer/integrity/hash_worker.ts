/**
 * Hashes in a worker thread, since one thread cannot read and hash at the speed of a fast network. The thread
 * owns a few slabs of memory and transfers the free ones here. They are filled, transferred back, and hashed.
 * So neither thread blocks, and the worker can be terminated at any time. The worker is created by
 * `node:worker_threads` (Deno, Node, Bun) from a string, which needs no file, URL, or permission. Without a
 * worker, bytes are hashed inline.
 */
import type { GlanceError } from "../../errors.ts";
import type { builtinModule } from "../../node_builtin.ts";
import type { NativeHasher } from "./hashing.ts";
import type { TransferHasher } from "../types.ts";
import { DeferredHasher } from "./deferred_hasher.ts";

/** Maximum number of threads: one processor is left for the readers. Node 20 does not state their number. */
const MAX_THREADS = (globalThis.navigator?.hardwareConcurrency ?? 2) - 1;

/** Interval in milliseconds of a timer that only keeps the process alive. */
const KEEP_ALIVE_INTERVAL = 2 ** 30;

/**
 * The code of the thread. It posts each free slab, and each digest. It receives filled slabs with their
 * number of bytes, or null to request the digest so far.
 */
const CODE = `
const { parentPort, workerData } = process.getBuiltinModule("node:worker_threads");
const hash = process.getBuiltinModule("node:crypto").createHash(workerData);
const release = (slab) => parentPort.postMessage(slab, [slab]);
parentPort.on("message", (filled) => {
  if (filled === null) return parentPort.postMessage(hash.copy().digest("hex"));
  const [slab, length] = filled;
  hash.update(new Uint8Array(slab, 0, length));
  release(slab);
});
for (let slabs = 0; slabs < 4; slabs++) release(new ArrayBuffer(1024 * 1024));
`;

let running = 0;

/** A slab with bytes to hash, and their number. */
type FilledSlab = readonly [slab: ArrayBuffer, length: number];

/** A thread of `node:worker_threads`. */
export interface Thread {
  on(event: "message", listener: (message: ArrayBuffer | string) => void): unknown;
  on(event: "error" | "exit", listener: (reason: unknown) => void): unknown;
  postMessage(filled: FilledSlab | null, transferred?: readonly ArrayBuffer[]): void;
  unref(): void;
  terminate(): Promise<unknown>;
}

/** Starts a thread that runs `code` with `workerData`. */
export type StartThread = (code: string, workerData: unknown) => Thread;

/** The size, and code that is loaded at the start. It is passed in, because bundlers would split an import. */
export interface HashingShared {
  readonly builtinModule: typeof builtinModule;
  readonly GlanceError: typeof GlanceError;
  /** Number of bytes to hash, if it is known. */
  readonly size: number | null | undefined;
}

/** A hasher in a thread that `start` starts (default: `node:worker_threads`); `inline` if there are no threads. */
export function hashInThread(
  inline: NativeHasher,
  start: StartThread | undefined,
  shared: HashingShared,
): TransferHasher {
  const threads = start ?? threadsOfNode(shared);
  if (threads === null) return inline;
  const thread = new HashThread(inline, {
    start: threads,
    ended: (cause) =>
      new shared.GlanceError(
        "Cannot continue hashing: the hashing thread has ended; start the transfer again",
        { cause },
      ),
  });
  return (shared.size ?? null) === null ? new DeferredHasher(inline, thread) : thread;
}

/** The threads of a hasher. */
interface HashThreads {
  readonly start: StartThread;
  /** The error for a thread that ended, with its reason. */
  readonly ended: (reason: unknown) => GlanceError;
}

/** A hasher whose thread starts with the first bytes and ends when it is closed. */
class HashThread implements TransferHasher {
  readonly #inline: NativeHasher;
  readonly #threads: HashThreads;
  /** Undefined before the first bytes; null if they are hashed inline. */
  #thread: Thread | null | undefined;
  /** Free slabs. The first one is being filled. */
  readonly #slabs: ArrayBuffer[] = [];
  /** Number of bytes in the first slab. */
  #filled = 0;
  /** Whether the thread has received bytes. Then nothing can replace it. */
  #isUsed = false;
  #digest: string | null = null;
  #failure: GlanceError | null = null;
  /** Ends the waits for the next message: a digest may be requested while bytes wait for room. */
  #waits: (() => void)[] = [];
  #end: Promise<void> | null = null;

  constructor(inline: NativeHasher, threads: HashThreads) {
    this.#inline = inline;
    this.#threads = threads;
  }

  update(bytes: Uint8Array): Promise<void> | void {
    if (this.#thread === undefined) this.#thread = this.#started();
    if (this.#thread === null) return this.#inline.update(bytes);
    const rest = this.#fill(bytes);
    if (rest.byteLength > 0) return this.#fillAll(rest);
  }

  async digest(): Promise<string> {
    this.#digest = null;
    if (this.#filled > 0) this.#post();
    this.#thread?.postMessage(null);
    while (this.#thread && this.#digest === null) await this.#nextMessage();
    return this.#digest ?? this.#inline.digest();
  }

  close(): Promise<void> {
    return this.#end ??= this.#close();
  }

  async #close(): Promise<void> {
    this.#failure ??= this.#threads.ended("closed");
    this.#endWaits();
    if (this.#thread) await keepingAlive(this.#thread.terminate().finally(() => running--));
  }

  /** Starts the thread; null if it cannot be used. */
  #started(): Thread | null {
    if (this.#end !== null || running >= MAX_THREADS) return null;
    try {
      const thread = this.#threads.start(CODE, this.#inline.name);
      thread.on("message", (message) => this.#onMessage(message));
      thread.on("error", (reason) => this.#onExit(reason));
      thread.on("exit", (reason) => this.#onExit(reason));
      // An abandoned download must not keep the process alive.
      thread.unref();
      running++;
      return thread;
    } catch {
      return null;
    }
  }

  /** Copies bytes into free slabs, and returns those for which there is no room. */
  #fill(bytes: Uint8Array): Uint8Array {
    let rest = bytes;
    for (let [slab] = this.#slabs; slab && rest.byteLength > 0; [slab] = this.#slabs) {
      const part = rest.subarray(0, slab.byteLength - this.#filled);
      new Uint8Array(slab).set(part, this.#filled);
      this.#filled += part.byteLength;
      if (this.#filled === slab.byteLength) this.#post();
      rest = rest.subarray(part.byteLength);
    }
    return rest;
  }

  async #fillAll(bytes: Uint8Array): Promise<void> {
    for (let rest = bytes; rest.byteLength > 0; rest = this.#fill(rest)) {
      await this.#nextMessage();
      if (this.#thread === null) return this.#inline.update(rest);
    }
  }

  /** Transfers the first slab to the thread. */
  #post(): void {
    const slab = this.#slabs.shift() as ArrayBuffer;
    this.#thread?.postMessage([slab, this.#filled], [slab]);
    this.#filled = 0;
    this.#isUsed = true;
  }

  /** Waits for the next message of the thread, or until bytes are hashed inline. */
  async #nextMessage(): Promise<void> {
    const message = new Promise<void>((resolve) => void this.#waits.push(resolve));
    if (this.#failure === null) await keepingAlive(message);
    if (this.#failure !== null) throw this.#failure;
  }

  #endWaits(): void {
    for (const end of this.#waits.splice(0)) end();
  }

  #onMessage(message: ArrayBuffer | string): void {
    if (typeof message === "string") this.#digest = message;
    else this.#slabs.push(message);
    this.#endWaits();
  }

  /** Hashes inline if the thread has received nothing yet. Else its state is lost. */
  #onExit(reason: unknown): void {
    if (this.#end !== null || this.#thread === null) return;
    if (this.#isUsed) {
      this.#failure ??= this.#threads.ended(reason);
    } else {
      for (const slab of this.#slabs.slice(0, 1)) {
        this.#inline.update(new Uint8Array(slab, 0, this.#filled));
      }
      this.#filled = 0;
      this.#thread = null;
      running--;
    }
    this.#endWaits();
  }
}

/**
 * Keeps the process alive while waiting, since the thread is unreferenced. Runtimes differ in what `ref` and
 * `unref` of a thread do between two messages.
 */
async function keepingAlive<T>(work: Promise<T>): Promise<T> {
  const timer = setInterval(() => {}, KEEP_ALIVE_INTERVAL);
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

function threadsOfNode({ builtinModule }: HashingShared): StartThread | null {
  const Worker = builtinModule<WorkerThreads>("node:worker_threads")?.Worker;
  // The module of workerd is a stub that starts no thread.
  if (Worker === undefined || "FixedLengthStream" in globalThis) return null;
  return (code, workerData) => new Worker(code, { eval: true, workerData });
}
