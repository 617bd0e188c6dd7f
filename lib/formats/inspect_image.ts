/** Inspects an image from any source of bytes. The inspectors are imported on demand. */
import { Invalid } from "../errors.ts";
import { optionPart } from "../message_parts.ts";
import { checkObject, describeType, inspect } from "../validate.ts";
import type { ImageInspection, InspectOptions } from "./types.ts";

/**
 * Detects the format of an image from its bytes, and checks whether it is safe to open. A stream is read to its end, or
 * canceled as soon as further bytes cannot change the result.
 *
 * @throws {Invalid} if `data` is not a Blob, bytes, or an unlocked stream of bytes, or the size is invalid.
 * @throws the error of the stream, or the reason of the signal.
 *
 * @example
 * ```ts
 * import { inspectImage } from "@glance-edge/glance";
 * import { verdictFor } from "@glance-edge/glance/formats";
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
  checkObject("the options of an inspection", options);
  options.signal?.throwIfAborted();
  checkData(data);
  checkSize(options.size);
  const { inspectData } = await import("./inspect_data.ts");
  return await inspectData(data, options, checkChunk);
}

function checkData(data: unknown): void {
  if (data instanceof Uint8Array || data instanceof Blob) return;
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
}

function checkChunk(chunk: unknown): void {
  if (chunk instanceof Uint8Array) return;
  throw new Invalid(
    `Cannot inspect the stream: it has ${
      describeType(chunk)
    } as a chunk; pass a stream of Uint8Array`,
  );
}

function checkSize(size: number | undefined): void {
  if (size === undefined || (Number.isSafeInteger(size) && size >= 0)) return;
  throw new Invalid(
    `Cannot inspect with the option "size": it is ${
      inspect(size)
    } and must be a whole number of at least 0`,
    { messageParts: [optionPart("size")] },
  );
}
