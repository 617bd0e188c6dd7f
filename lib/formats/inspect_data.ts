/** Reads data for an inspection. Imported on demand. */
import { HEAD_BYTES } from "./format_steps.ts";
import { ImageInspector } from "./image_inspector.ts";
import type { ImageInspection, InspectOptions } from "./types.ts";

/** Inspects bytes, a Blob, or an unlocked stream. */
export async function inspectData(
  data: ReadableStream<Uint8Array> | Blob | Uint8Array,
  options: InspectOptions,
): Promise<ImageInspection> {
  const { headerOnly = false, signal } = options;
  const { stream, size = options.size } = openData(data);
  const inspector = new ImageInspector({ size });
  const isEnough = () => inspector.isComplete || (headerOnly && inspector.isDecided);
  const isWhole = await read(stream, inspector, isEnough, signal);
  return (isWhole ? null : inspector.preview()) ?? inspector.finish();
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

/** Returns whether the stream was read to its end; else it is canceled. */
async function read(
  stream: ReadableStream<Uint8Array>,
  inspector: ImageInspector,
  isEnough: () => boolean,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const reader = stream.getReader();
  const stop = () => void reader.cancel(signal?.reason).catch(() => {});
  signal?.addEventListener("abort", stop, { once: true });
  try {
    while (!isEnough()) {
      const { done, value } = await reader.read();
      signal?.throwIfAborted();
      if (done) return true;
      inspector.update(value);
    }
    stop();
    return false;
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}
