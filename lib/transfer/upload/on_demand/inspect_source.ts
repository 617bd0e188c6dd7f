/** Inspects the source of an upload each time it is opened. Imported on demand. */
import { ImageInspector } from "../../../formats/image_inspector.ts";
import { HEAD_BYTES } from "../../../formats/format_steps.ts";
import type { abortable } from "../../../http/deadline.ts";
import type { OpenedSource, UploadSource } from "../upload_source.ts";
import { type FindFault, InspectingReader } from "./inspecting_reader.ts";

/** Options of an inspection, with code that is loaded at the start. */
export interface SourceInspection {
  readonly findFault: FindFault;
  readonly signal: AbortSignal | undefined;
  readonly abortable: typeof abortable;
}

/**
 * Opens a source and inspects its first bytes. The first attempt of the upload continues with the opened source, so no
 * byte of a stream is lost, and a function is not called twice.
 *
 * @throws the error of `findFault` or of the source, or the reason of the signal.
 */
export async function inspectSource(
  source: UploadSource,
  inspection: SourceInspection,
): Promise<UploadSource> {
  let first: OpenedSource | null = await openInspected(source, inspection);
  const takeFirst = () => {
    const taken = first;
    first = null;
    return taken;
  };
  return {
    ...source,
    open: async () => takeFirst() ?? await openInspected(source, inspection),
    discard: async (reason) => await closeSource(takeFirst(), reason),
  };
}

async function openInspected(
  source: UploadSource,
  { findFault, signal, abortable }: SourceInspection,
): Promise<OpenedSource> {
  signal?.throwIfAborted();
  const opened = await abortable(
    source.open(),
    signal,
    (late: OpenedSource) => closeSource(late, signal?.reason),
  );
  if (opened instanceof Uint8Array) {
    await checkBytes(opened, opened.byteLength, findFault);
    return opened;
  }
  const reader = new InspectingReader(opened, source.size, findFault);
  try {
    if (opened.blob === undefined) {
      await reader.readAhead((chunk) => abortable(chunk, signal));
    } else {
      // The Blob may be sent without being read here, so its reader is not used.
      const head = opened.blob.slice(0, HEAD_BYTES).arrayBuffer();
      await checkBytes(new Uint8Array(await abortable(head, signal)), opened.blob.size, findFault);
    }
    return reader;
  } catch (error) {
    await closeSource(opened, error);
    throw error;
  }
}

async function closeSource(opened: OpenedSource | null, reason: unknown): Promise<void> {
  if (opened !== null && !(opened instanceof Uint8Array)) {
    await opened.cancel(reason).catch(() => {});
  }
}

/** Checks data by its first bytes, or by all of them. */
async function checkBytes(bytes: Uint8Array, size: number, findFault: FindFault): Promise<void> {
  const inspector = new ImageInspector({ size: size ?? undefined });
  inspector.update(bytes);
  const error = await findFault(inspector.finish());
  if (error !== null) throw error;
}
