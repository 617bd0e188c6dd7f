/** Image data, sources and sinks for the checks of uploads and downloads. */
import { randomBytes, type RawGlance } from "../raw_glance.ts";

export const MIB = 1024 * 1024;
export const IMAGE_SIZE_CAP = 8 * MIB;

/** Not a power of two, so that the end is not at a chunk boundary. */
export const BYTES = randomBytes(3 * MIB + 12_345);

export { toBytes as bytesOf } from "@std/streams";

export async function* chunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

export async function* iterableOf<T>(stream: ReadableStream<T>): AsyncGenerator<T, void> {
  yield* stream;
}

/** A stream that fails after `size` bytes. */
export function failingAfter(size: number, failure: Error): ReadableStream<Uint8Array> {
  return sourceOf(size, (controller) => controller.error(failure));
}

/** A stream that stalls after `size` bytes until it is canceled. */
export function pausingAfter(size: number): ReadableStream<Uint8Array> {
  return sourceOf(size, () => new Promise(() => {}));
}

/** A stream of random chunks; `then` runs at its end. */
export function sourceOf(
  size: number,
  then: (controller: ReadableStreamDefaultController<Uint8Array>) => void | Promise<void>,
): ReadableStream<Uint8Array> {
  let given = 0;
  return new ReadableStream({
    pull(controller) {
      if (given >= size) return then(controller);
      const chunk = randomBytes(64 * 1024);
      given += chunk.length;
      controller.enqueue(chunk);
    },
  }, { highWaterMark: 0 });
}

/** A sink that keeps its chunks, and how it ended. */
export function collecting(): {
  readonly sink: WritableStream<Uint8Array<ArrayBuffer>>;
  readonly state: { readonly chunks: Uint8Array<ArrayBuffer>[]; end: "closed" | "aborted" | null };
} {
  const state = {
    chunks: [] as Uint8Array<ArrayBuffer>[],
    end: null as "closed" | "aborted" | null,
  };
  const sink = new WritableStream<Uint8Array<ArrayBuffer>>({
    write: (chunk) => void state.chunks.push(chunk),
    close: () => void (state.end = "closed"),
    abort: () => void (state.end = "aborted"),
  });
  return { sink, state };
}

/** Polls, because Glance notices the start and end of an upload with a delay. */
export async function untilStatus(raw: RawGlance, id: string, status: string): Promise<void> {
  await until(
    `image ${id} is ${status}`,
    async () => (await raw.record(id))?.["status"] === status,
  );
}

export async function untilEmpty(folder: string): Promise<void> {
  await until(
    `"${folder}" is empty`,
    () => Promise.resolve([...Deno.readDirSync(folder)].length === 0),
  );
}

async function until(claim: string, check: () => Promise<boolean>): Promise<void> {
  for (let poll = 0; poll < 200; poll++) {
    if (await check()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`Cannot see that ${claim}: not after 200 polls`);
}
