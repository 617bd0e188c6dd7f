/** Inspects an image from any source of bytes. */
import { Invalid } from "../errors.ts";
import { describeType } from "../validate.ts";
import { HEAD_BYTES } from "./format_steps.ts";
import { ImageInspector } from "./image_inspector.ts";
import type { ImageInspection, InspectOptions } from "./types.ts";

/**
 * Finds out what an image is, from its bytes, and whether it is safe to open. A stream is read to its end,
 * or canceled as soon as further bytes cannot change the result.
 *
 * @throws {Invalid} if `data` is not a Blob, bytes, or an unlocked stream of bytes.
 * @throws the error of the stream, or the reason of the signal.
 *
 * @example
 * ```ts
 * import { inspectImage, verdictFor } from "@glance-edge/glance";
 * import { assert } from "@std/assert";
 *
 * const inspection = await inspectImage(new Blob(["the bytes of a disk"]));
 * const verdict = verdictFor(inspection, "qcow2", "glance");
 * assert(!verdict.accepted && verdict.reason.includes("raw"));
 * ```
 */
export async function inspectImage(
  data: ReadableStream<Uint8Array> | Blob | Uint8Array,
  options: InspectOptions = {},
): Promise<ImageInspection> {
  const { headerOnly = false, signal } = options;
  signal?.throwIfAborted();
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
  if (data instanceof Blob) return { stream: data.stream(), size: data.size };
  if (!(data instanceof ReadableStream)) {
    throw new Invalid(
      `Cannot inspect ${
        describeType(data)
      }: it is not image data; pass bytes, a Blob, or a ReadableStream`,
    );
  }
  if (data.locked) {
    throw new Invalid("Cannot inspect the stream: it is locked; pass an unlocked stream");
  }
  return { stream: data };
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
