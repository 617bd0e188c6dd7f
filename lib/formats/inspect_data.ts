/** Reads data for an inspection. Imported on demand. */
import { HEAD_BYTES } from "./format_steps.ts";
import { ImageInspector } from "./image_inspector.ts";
import { inspectRegions, type ReadableRegions } from "./inspect_regions.ts";
import type { ImageInspection, InspectOptions } from "./types.ts";

/**
 * Inspects bytes, a Blob, or an unlocked stream. Of bytes and Blobs, only what the format requires is read.
 * `checkChunk` throws if a chunk is not bytes.
 */
export async function inspectData(
  data: ReadableStream<Uint8Array> | Blob | Uint8Array,
  options: InspectOptions,
  checkChunk: (chunk: unknown) => void,
): Promise<ImageInspection> {
  const { headerOnly = false, signal } = options;
  if (!headerOnly && !(data instanceof ReadableStream)) {
    return await inspectRegions(regionsOf(data, signal));
  }
  const { stream, size = options.size } = openData(data);
  const inspector = new ImageInspector({ size });
  for await (const chunk of chunksOf(stream, signal)) {
    checkChunk(chunk);
    inspector.update(chunk);
    const preview = inspector.isComplete || headerOnly ? inspector.preview() : null;
    if (preview !== null) return preview;
  }
  return inspector.finish();
}

function regionsOf(data: Blob | Uint8Array, signal: AbortSignal | undefined): ReadableRegions {
  if (data instanceof Uint8Array) {
    const read = (start: number, end: number) => Promise.resolve(data.subarray(start, end));
    return { size: data.byteLength, read };
  }
  return {
    size: data.size,
    async read(start, end) {
      const bytes = await data.slice(start, end).arrayBuffer();
      signal?.throwIfAborted();
      return new Uint8Array(bytes);
    },
  };
}

interface OpenedData {
  readonly stream: ReadableStream<Uint8Array>;
  readonly size?: number;
}

function openData(data: ReadableStream<Uint8Array> | Blob | Uint8Array): OpenedData {
  if (data instanceof Uint8Array) return { stream: streamOf(data), size: data.byteLength };
  return data instanceof Blob ? { stream: data.stream(), size: data.size } : { stream: data };
}

/** In parts, so that no more is read than needed. */
function streamOf(bytes: Uint8Array): ReadableStream<Uint8Array> {
  let offset = 0;
  return new ReadableStream({
    pull: (controller) => {
      if (offset >= bytes.byteLength) return controller.close();
      controller.enqueue(bytes.subarray(offset, offset += HEAD_BYTES));
    },
  });
}

/** The chunks of a stream, which is canceled if the consumer stops, or the signal is aborted. */
async function* chunksOf(
  stream: ReadableStream<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  const stop = () => void reader.cancel(signal?.reason).catch(() => {});
  signal?.addEventListener("abort", stop, { once: true });
  try {
    for (;;) {
      const { done, value } = await reader.read();
      signal?.throwIfAborted();
      if (done) return;
      yield value;
    }
  } finally {
    signal?.removeEventListener("abort", stop);
    // Without effect after the end of the stream.
    stop();
  }
}
