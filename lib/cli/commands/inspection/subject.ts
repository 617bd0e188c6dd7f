/** Finds and reads the subject of `image-inspect`: a file, standard input, a URL, or an image in Glance. */
import type { GlanceImage } from "../../../api/types.ts";
import { ImageNotFound } from "../../../errors.ts";
import { concat } from "../../../concat.ts";
import { ARCHIVE_BYTES, detectArchive } from "../../../formats/compression/archive.ts";
import { type CompressionFormat, detectCompression } from "../../../formats/compression/detect.ts";
import { HEAD_BYTES } from "../../../formats/format_steps.ts";
import { inspectImage } from "../../../formats/inspect_image.ts";
import { inspectRegions, type ReadableRegions } from "../../../formats/inspect_regions.ts";
import type { ImageInspection, InspectOptions } from "../../../formats/types.ts";
import { inspectStored } from "../../../images/inspect_stored.ts";
import { isImageId } from "../../../jobs/find_image.ts";
import { redact } from "../../../redact.ts";
import type { Invocation } from "../../args/command.ts";
import { readBytes } from "../../files/read_bytes.ts";
import { requireBytes } from "../../files/upload_input.ts";
import { withWebFile } from "../../files/url_input.ts";
import { CommandFailed, sentenceOf } from "../../system/errors.ts";
import { attempt } from "../../system/fs_errors.ts";
import type { FileFacts } from "../../system/system.ts";
import { findRecord, sessionOf } from "../shared/find_image.ts";

/** The inspected data. */
export interface Subject {
  readonly kind: "file" | "stdin" | "url" | "image";
  /** Path, URL without its secrets, or id. */
  readonly name: string;
  /** Size in bytes; null if unknown. */
  readonly size: number | null;
  readonly inspection: ImageInspection;
  /** The format in which the data is compressed; null if it is not, or for an image in Glance. */
  readonly compression: CompressionFormat | null;
  /** Name of the archive format; null for other data, or for an image in Glance. */
  readonly archive: string | null;
  /** The record of an image in Glance. */
  readonly record: GlanceImage | null;
}

type InspectCall = Pick<Invocation, "system" | "connect" | "call">;

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
  if (isFile || PATH.test(source)) {
    return await inspectBytes(invocation, source, facts?.kind);
  }
  const absence = isFile || facts === null ? "there is no such file" : "it is a directory";
  return await inspectRecord(invocation, await recordNamed(invocation, source, absence));
}

/**
 * A stream is read to its end, because the size of raw data is its length. A character device, such as `/dev/zero`, may
 * have no end.
 */
async function inspectBytes(
  { system }: InspectCall,
  file: string,
  kind: FileFacts["kind"] | null = null,
): Promise<Subject> {
  const { data, size, name } = await requireBytes({ system, values: { file } }, "inspect an image");
  const isInput = name !== file;
  const isEndless = kind === "character device";
  // Files in /proc have no size.
  const isSeekable = typeof data === "function" && size;
  const noted = isSeekable
    ? await notingHead(regionsOf(data, size, system.signal))
    : await notingHead(typeof data === "function" ? await data() : data, {
      signal: system.signal,
      headerOnly: isEndless,
    });
  return {
    kind: isInput ? "stdin" : "file",
    name: isInput ? "-" : file,
    size: size || (isEndless ? null : noted.inspection.bytesRead),
    ...noted,
    record: null,
  };
}

/** The parts of a file. If it gets shorter, its stream errors. */
function regionsOf(
  open: (start: number) => Promise<ReadableStream<Uint8Array>>,
  size: number,
  signal: AbortSignal,
): ReadableRegions {
  return {
    size,
    async read(start, end) {
      signal.throwIfAborted();
      return await readBytes(await open(start), end - start);
    },
  };
}

async function inspectUrl({ system }: InspectCall, url: string): Promise<Subject> {
  return await withWebFile(system, url, async ({ data, size }, signal) => {
    const options = { headerOnly: true, signal, limit: HEAD_BYTES, ...size !== null && { size } };
    const noted = await notingHead(data, options);
    return { kind: "url", name: redact(url), size, ...noted, record: null };
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
  return { kind: "image", name: id, size, inspection, compression: null, archive: null, record };
}

/** Inspects data, and detects from its first bytes whether it is compressed, or an archive. */
async function notingHead(
  data: ReadableStream<Uint8Array> | ReadableRegions,
  options: InspectOptions & { readonly limit?: number } = {},
): Promise<Pick<Subject, "inspection" | "compression" | "archive">> {
  const { limit, ...streamOptions } = options;
  let head: Uint8Array = new Uint8Array();
  const note = (chunk: Uint8Array) => {
    if (head.byteLength < ARCHIVE_BYTES) {
      head = concat([head, chunk.subarray(0, ARCHIVE_BYTES)]);
    }
  };
  const inspection = data instanceof ReadableStream
    ? await inspectImage(data.pipeThrough(notingStream(note)), streamOptions)
    : await inspectRegions({
      size: data.size,
      async read(start, end) {
        const bytes = await data.read(start, end);
        if (start === 0) note(bytes);
        return bytes;
      },
    }, limit);
  const archive = inspection.format === "raw" ? detectArchive(head) : null;
  return { inspection, compression: detectCompression(head), archive };
}

function notingStream(
  note: (chunk: Uint8Array) => void,
): TransformStream<Uint8Array, Uint8Array> {
  return new TransformStream({
    transform(chunk, controller) {
      note(chunk);
      controller.enqueue(chunk);
    },
  });
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
      `Cannot inspect "${name}": ${absence}, and no image with this id or name is visible to you; see "glance-edge image-list"`,
      error,
    );
  }
}
