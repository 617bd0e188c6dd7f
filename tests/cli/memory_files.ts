/** Files and output streams in memory, for commands under test. */
import { concat } from "../../lib/concat.ts";
import type { Bytes, Output, SystemFiles } from "../../lib/cli/mod.ts";

/** A stream that keeps what was written, or fails. */
export class MemoryOutput implements Output {
  readonly isTerminal: boolean;
  readonly columns: number | null;
  readonly #chunks: Uint8Array<ArrayBuffer>[] = [];

  readonly #fails: string | undefined;

  constructor(isTerminal: boolean, fails?: string) {
    this.#fails = fails;
    this.isTerminal = isTerminal;
    this.columns = isTerminal ? 80 : null;
  }

  get bytes(): Uint8Array {
    return concat(this.#chunks);
  }

  get text(): string {
    return new TextDecoder().decode(this.bytes);
  }

  write(bytes: Uint8Array): Promise<void> {
    if (this.#fails !== undefined) return Promise.reject(failure(this.#fails));
    this.#chunks.push(bytes.slice());
    return Promise.resolve();
  }
}

/** Files in memory, and what can be wrong with them. */
export class MemoryFiles implements SystemFiles {
  readonly content: Map<string, Uint8Array> = new Map();
  readonly directories: Set<string> = new Set();
  /** Devices and pipes. */
  readonly special: Map<string, "block device" | "character device" | "pipe"> = new Map();
  /** Targets of symbolic links by path. */
  readonly links: Map<string, string> = new Map();
  /** Error codes by path, for every attempt to open it. */
  readonly broken: Map<string, string> = new Map();
  /** Bytes that fit on the disk. */
  capacity = Infinity;
  /** The files after a power failure: content as of its last sync. */
  readonly durable: Map<string, Uint8Array>;
  /** Names of files that were not closed. */
  readonly left: Set<string> = new Set();

  constructor(content: Readonly<Record<string, Uint8Array | string>> = {}) {
    for (const [path, bytes] of Object.entries(content)) {
      this.content.set(path, typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes);
    }
    this.durable = new Map(this.content);
  }

  stat(path: string): ReturnType<SystemFiles["stat"]> {
    const kind = this.special.get(path) ??
      (this.directories.has(path) ? "directory" : this.content.has(path) ? "file" : null);
    const size = this.special.has(path) ? 0 : this.content.get(path)?.byteLength ?? 0;
    return Promise.resolve(kind === null ? null : { kind, size, mode: null });
  }

  targetOf(path: string): Promise<string> {
    return Promise.resolve(this.links.get(path) ?? path);
  }

  deviceSize(path: string): Promise<number> {
    return Promise.resolve(this.content.get(path)?.byteLength ?? 0);
  }

  async read(path: string, start = 0): Promise<ReadableStream<Bytes>> {
    await this.#check(path);
    return streamOf((this.content.get(path) ?? new Uint8Array()).subarray(start));
  }

  async openSpecial(path: string): ReturnType<SystemFiles["openSpecial"]> {
    return await this.open(path);
  }

  async create(path: string): ReturnType<SystemFiles["create"]> {
    const file = await this.open(path);
    await file.truncate(0);
    return file;
  }

  async open(path: string): ReturnType<SystemFiles["open"]> {
    await this.#check(path);
    if (!this.content.has(path)) this.content.set(path, new Uint8Array());
    return this.#updatable(path);
  }

  rename(from: string, to: string): Promise<void> {
    for (const content of [this.content, this.durable]) {
      content.set(to, content.get(from) ?? new Uint8Array());
      content.delete(from);
    }
    return Promise.resolve();
  }

  remove(path: string): Promise<void> {
    this.content.delete(path);
    this.durable.delete(path);
    return Promise.resolve();
  }

  /** The disk after a power failure. */
  afterPowerFailure(): MemoryFiles {
    return new MemoryFiles(Object.fromEntries(this.durable));
  }

  text(path: string): string | null {
    const bytes = this.content.get(path);
    return bytes === undefined ? null : new TextDecoder().decode(bytes);
  }

  #updatable(path: string): Awaited<ReturnType<SystemFiles["open"]>> {
    this.left.add(path);
    const content = () => this.content.get(path) ?? new Uint8Array();
    let position = 0;
    return {
      size: () => Promise.resolve(content().byteLength),
      read: (limit) => {
        const chunk = new Uint8Array(
          content().subarray(position, position + Math.min(limit, 65_536)),
        );
        position += chunk.byteLength;
        return Promise.resolve(chunk.byteLength === 0 ? null : chunk);
      },
      truncate: (size) => {
        this.content.set(path, content().slice(0, size));
        return Promise.resolve();
      },
      write: (bytes) => {
        const all = concat([content(), bytes]);
        // A full disk takes the first bytes.
        this.content.set(path, all.subarray(0, this.capacity));
        return all.byteLength > this.capacity
          ? Promise.reject(failure("ENOSPC"))
          : Promise.resolve();
      },
      isAt: (other) => Promise.resolve(other === path && this.content.has(path)),
      sync: () => {
        this.durable.set(path, content());
        return Promise.resolve();
      },
      close: () => {
        this.left.delete(path);
      },
    };
  }

  #check(path: string): Promise<void> {
    const code = this.broken.get(path);
    return code === undefined ? Promise.resolve() : Promise.reject(failure(code));
  }
}

/** An error of the operating system. */
export function failure(code: string): Error {
  return Object.assign(new Error(`${code} (os error 1)`), { code });
}

/** Bytes in chunks of 64 KiB. */
export function streamOf(bytes: Uint8Array): ReadableStream<Bytes> {
  let offset = 0;
  return new ReadableStream({
    pull(controller) {
      if (offset >= bytes.byteLength) return controller.close();
      controller.enqueue(new Uint8Array(bytes.subarray(offset, offset += 65_536)));
    },
  }, { highWaterMark: 0 });
}
