/** Finds what `image-inspect` inspects, and reads it: a file, standard input, a URL, or an image in Glance. */
import type { GlanceImage } from "../../../api/types.ts";
import { ImageNotFound } from "../../../errors.ts";
import { concat } from "../../../concat.ts";
import {
  type CompressionFormat,
  detectCompression,
  DETECTION_BYTES,
} from "../../../formats/compression/detect.ts";
import { inspectImage } from "../../../formats/inspect_image.ts";
import type { ImageInspection } from "../../../formats/types.ts";
import { inspectStored } from "../../../images/inspect_stored.ts";
import { isImageId } from "../../../jobs/find_image.ts";
import { redact } from "../../../redact.ts";
import type { Invocation } from "../../args/command.ts";
import { requireBytes } from "../../files/upload_input.ts";
import { withWebHead } from "../../files/url_input.ts";
import { CommandFailed, sentenceOf } from "../../system/errors.ts";
import { attempt } from "../../system/fs_errors.ts";
import { findRecord, sessionOf } from "../shared/find_image.ts";

/** What was inspected. */
export interface Subject {
  readonly kind: "file" | "stdin" | "url" | "image";
  /** Path, URL without its secrets, or id. */
  readonly name: string;
  /** Size in bytes; null if unknown. */
  readonly size: number | null;
  readonly inspection: ImageInspection;
  /** The format in which the data is compressed; null if it is not, or for an image in Glance. */
  readonly compression: CompressionFormat | null;
  /** The record of an image in Glance. */
  readonly record: GlanceImage | null;
}

type InspectCall = Pick<Invocation, "system" | "connect" | "ask">;

/** Statuses of images whose data can be read. */
const READABLE: readonly string[] = ["active", "deactivated"];

/** How users write paths. Names of images can have slashes, but do not begin with one. */
const PATH = /^(\.{0,2}|~)[/\\]|^[a-z]:[/\\]/i;

/**
 * Inspects `-` (standard input), an http or https URL, an image id, an existing file, or the name of an image, in
 * this order.
 *
 * @throws {CommandFailed} if it does not exist, or cannot be read.
 */
export async function inspectSubject(invocation: InspectCall, source: string): Promise<Subject> {
  const { system } = invocation;
  if (source === "-") return await inspectBytes(invocation, source);
  if (/^https?:/i.test(source)) return await inspectUrl(invocation, source);
  if (isImageId(source)) {
    return await inspectRecord(invocation, await findRecord(invocation, source));
  }
  const facts = await attempt("read", source, () => system.files.stat(source));
  const isFile = facts !== null && facts.kind !== "directory";
  if (isFile || PATH.test(source)) return await inspectBytes(invocation, source);
  const absence = isFile || facts === null ? "there is no such file" : "it is a directory";
  return await inspectRecord(invocation, await recordNamed(invocation, source, absence));
}

/** A stream is read to its end, because the size of raw data is its length. */
async function inspectBytes({ system }: InspectCall, file: string): Promise<Subject> {
  const { data, size, name } = await requireBytes({ system, values: { file } }, "inspect an image");
  const stream = typeof data === "function" ? await data() : data;
  const { signal } = system;
  const options = size === null || size === 0 ? { signal } : { signal, size };
  const { passed, compression } = notingCompression(stream);
  const inspection = await inspectImage(passed, options);
  const isInput = name !== file;
  return {
    kind: isInput ? "stdin" : "file",
    name: isInput ? "-" : file,
    // Files in /proc have no size.
    size: size || inspection.bytesRead,
    inspection,
    compression: compression(),
    record: null,
  };
}

async function inspectUrl({ system }: InspectCall, url: string): Promise<Subject> {
  return await withWebHead(system, url, async ({ stream, size }, signal) => {
    const options = { headerOnly: true, signal, ...size !== null && { size } };
    const { passed, compression } = notingCompression(stream);
    const inspection = await inspectImage(passed, options);
    const name = redact(url);
    return { kind: "url", name, size, inspection, compression: compression(), record: null };
  });
}

async function inspectRecord(invocation: InspectCall, record: GlanceImage): Promise<Subject> {
  const { id, status, size = null } = record;
  if (!READABLE.includes(status)) {
    throw new CommandFailed(
      `Cannot inspect image "${id}": it has no data (status ${status}); upload its data first`,
    );
  }
  const inspection = await inspectStored(await sessionOf(invocation), record);
  return { kind: "image", name: id, size, inspection, compression: null, record };
}

/** A stream that finds out, from the first bytes that pass, how they are compressed. */
function notingCompression(stream: ReadableStream<Uint8Array>): {
  readonly passed: ReadableStream<Uint8Array>;
  readonly compression: () => CompressionFormat | null;
} {
  let head: Uint8Array = new Uint8Array();
  const notes = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      if (head.byteLength < DETECTION_BYTES) {
        head = concat([head, chunk.subarray(0, DETECTION_BYTES)]);
      }
      controller.enqueue(chunk);
    },
  });
  return { passed: stream.pipeThrough(notes), compression: () => detectCompression(head) };
}

/** @throws {CommandFailed} if there is neither a file nor an image, or no cloud to look in. */
async function recordNamed(
  invocation: InspectCall,
  name: string,
  absence: string,
): Promise<GlanceImage> {
  await invocation.connect().catch((error) => {
    throw new CommandFailed(
      `Cannot inspect "${name}": ${absence}, and no cloud to find an image in: ${
        sentenceOf(error)
      }`,
      error,
    );
  });
  try {
    return await findRecord(invocation, name);
  } catch (error) {
    if (!(error instanceof ImageNotFound)) throw error;
    throw new CommandFailed(
      `Cannot inspect "${name}": ${absence}, and no image with this id or name is visible to you; see "glance image-list"`,
      error,
    );
  }
}
