/** Inspects images in Glance: reads only the parts that determine their format. */
import type { Session } from "../api/session.ts";
import type { GlanceImage } from "../api/types.ts";
import { inspectImage } from "../formats/inspect_image.ts";
import { inspectRegions } from "../formats/inspect_regions.ts";
import type { ImageInspection } from "../formats/types.ts";
import { streamOf } from "../transfer/download/byte_stream.ts";
import { openDownload } from "../transfer/download/download.ts";
import { GlanceRangeSource } from "../transfer/download/range_source.ts";
import { RangesUnavailable } from "../transfer/range_errors.ts";
import { ResumingReader } from "../transfer/download/resuming_reader.ts";
import { descriptorOf } from "../transfer/integrity/descriptor.ts";

/** Maximum bytes to read. They are enough to detect every format. */
const LIMIT = 256 * 1024;

/**
 * Detects the format of an image's data. At most 256 KiB are read: as ranges of the parts that its format requires; or,
 * from a store without ranges, as the start of a response that is then canceled. Checks that need more are listed in
 * `unchecked`.
 *
 * @throws the errors of a download.
 */
export async function inspectStored(
  session: Session,
  record: GlanceImage,
): Promise<ImageInspection> {
  const { size = null } = record;
  if (size === null) return await inspectStart(session, record);
  try {
    const read = (start: number, end: number) => readRange(session, record, start, end);
    return await inspectRegions({ size, read }, LIMIT);
  } catch (error) {
    if (!(error instanceof RangesUnavailable)) throw error;
    return await inspectStart(session, record);
  }
}

/** Reads bytes of an image; never the whole image, which a server without ranges would send. */
async function readRange(
  session: Session,
  record: GlanceImage,
  start: number,
  end: number,
): Promise<Uint8Array> {
  const { client: { options }, signal } = session;
  const last = end - 1;
  const source = new GlanceRangeSource(session, descriptorOf(record), {
    end: last,
    stores: record.stores ?? "",
    prefer: undefined,
    rangesOnly: true,
  });
  const reader = new ResumingReader(source, {
    options,
    start,
    end: last,
    isPart: false,
    verifier: null,
    isHashed: false,
    signal,
    onProgress: undefined,
  });
  await reader.open();
  return await new Response(streamOf(reader)).bytes();
}

/** The start of the data, until its format is certain. */
async function inspectStart(session: Session, record: GlanceImage): Promise<ImageInspection> {
  const { client, context, signal } = session;
  const { size = null } = record;
  const reader = await openDownload(client, context, record.id, { signal, verify: "off" }, record);
  return await inspectImage(streamOf(reader), {
    headerOnly: true,
    ...size !== null && { size },
    ...signal && { signal },
  });
}
