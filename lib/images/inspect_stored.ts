/** Inspects images in Glance: reads only their first bytes. */
import type { Session } from "../api/session.ts";
import type { GlanceImage } from "../api/types.ts";
import type { ByteRange } from "../http/byte_range.ts";
import { ImageInspector } from "../formats/image_inspector.ts";
import { inspectImage } from "../formats/inspect_image.ts";
import type { ImageInspection } from "../formats/types.ts";
import { openDownload } from "../transfer/download/download.ts";
import { streamOf } from "../transfer/download/byte_stream.ts";

/**
 * Where the requests end, in bytes. Most formats are certain after the first one, and a response that is read to
 * its end leaves its connection open. All formats are certain after the last one.
 */
const ENDS = [64 * 1024, 256 * 1024];

/**
 * Finds out what the data of an image is. At most 256 KiB are read: as ranges, or, from a store without them, as
 * the start of a response that is then canceled. What is stored later is listed in `unchecked`.
 *
 * @throws the errors of a download.
 */
export async function inspectStored(
  session: Session,
  record: GlanceImage,
): Promise<ImageInspection> {
  const { size = null } = record;
  if (size === null) {
    const { signal } = session;
    return await inspectImage(await dataOf(session, record), {
      headerOnly: true,
      ...signal && { signal },
    });
  }
  const inspector = new ImageInspector({ size });
  let start = 0;
  for (const limit of ENDS) {
    const end = Math.min(limit, size);
    if (end <= start || (start > 0 && inspector.isDecided)) break;
    const data = await dataOf(session, record, { start, end: end - 1 });
    for await (const chunk of data) inspector.update(chunk);
    start = end;
  }
  return inspector.finish();
}

async function dataOf(
  { client, context, signal }: Session,
  record: GlanceImage,
  range?: ByteRange,
): Promise<ReadableStream<Uint8Array>> {
  const options = { signal, range, verify: "off" } as const;
  return streamOf(await openDownload(client, context, record.id, options, record));
}
