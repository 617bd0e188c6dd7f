/** Refuses an upload that Glance would refuse, before its first byte is sent. Imported on demand. */
import type { GET_IMAGE } from "../../../api/operations/images.ts";
import type { Session } from "../../../api/session.ts";
import type { ImageContentRejected, Invalid } from "../../../errors.ts";
import type { ImageInspection } from "../../../formats/types.ts";
import { verdictFor } from "../../../formats/verdict.ts";
import type { abortable } from "../../../http/deadline.ts";
import type { MessagePart } from "../../../message_parts.ts";
import type { inspect } from "../../../validate.ts";
import type { InspectMode } from "../../types.ts";
import type { UploadSource } from "../upload_source.ts";
import { inspectSource } from "./inspect_source.ts";

/** Code that is loaded at the start. It is passed in, because bundlers would split an import into another file. */
export interface InspectShared {
  readonly abortable: typeof abortable;
  readonly GET_IMAGE: typeof GET_IMAGE;
  readonly ImageContentRejected: typeof ImageContentRejected;
  readonly inspect: typeof inspect;
  readonly Invalid: typeof Invalid;
}

/** The image that an upload is for. */
export interface UploadTarget {
  /** Undefined if the image does not exist yet. */
  readonly imageId: string | undefined;
  /** The known fields of its record; the record is read if a format is missing. */
  readonly known: Readonly<Record<string, unknown>>;
}

/**
 * Inspects the first bytes of an upload. The returned source has all of the data, and fails if the rest is
 * unsafe. As in Glance, only data in `bare` containers is inspected; without a disk format, Glance responds with 400.
 *
 * @throws {ImageContentRejected} if Glance would refuse the data.
 * @throws {Invalid} if the mode is unknown.
 * @throws the error of the source, or the reason of the signal, unchanged.
 */
export async function inspectUpload(
  session: Session,
  source: UploadSource,
  mode: Exclude<InspectMode, "off">,
  { imageId, known }: UploadTarget,
  shared: InspectShared,
): Promise<UploadSource> {
  checkMode(mode, shared);
  const isKnown = imageId === undefined || ("disk_format" in known && "container_format" in known);
  // The errors of this request name the upload.
  const getRecord = { ...shared.GET_IMAGE, action: 'upload image "{image_id}"' };
  const image = isKnown ? known : await session.call(getRecord, imageId);
  const { disk_format: declared, container_format: container } = image;
  if (container !== "bare" || typeof declared !== "string") return source;
  const { client: { options: { onEvent } }, signal } = session;
  let isWarned = false;
  const findFault = (inspection: ImageInspection) => {
    // What is not checked yet is inspected while it is sent.
    const checked = { ...inspection, unchecked: [] };
    const verdict = verdictFor(checked, mode === "safe" ? undefined : declared, "glance");
    if (!verdict.accepted) {
      return rejectionOf(
        { imageId, name: known["name"], declared },
        inspection,
        verdict.reason,
        shared,
      );
    }
    const { warning } = verdict;
    if (warning !== undefined && !isWarned) onEvent({ kind: "inspected", imageId, warning });
    isWarned = true;
    return null;
  };
  return await inspectSource(source, { findFault, signal, abortable: shared.abortable });
}

function checkMode(mode: string, { inspect, Invalid }: InspectShared): void {
  if (mode === "match" || mode === "safe") return;
  throw new Invalid(
    `Cannot upload with the option "inspect": it is ${
      inspect(mode)
    } and must be "match", "safe" or "off"`,
    { messageParts: [{ key: "inspect", text: '"inspect"' }] },
  );
}

/** The error names the declared format, the detected one, and the hint. */
function rejectionOf(
  { imageId, name, declared }: {
    readonly imageId: string | undefined;
    readonly name: unknown;
    readonly declared: string;
  },
  { format }: ImageInspection,
  reason: string,
  { ImageContentRejected, inspect }: InspectShared,
): ImageContentRejected {
  const newImage = typeof name === "string" ? `image ${inspect(name)}` : "the image";
  const action = imageId === undefined ? `create ${newImage}` : `upload image "${imageId}"`;
  const declare = `declare the disk format ${format}`;
  const fix: MessagePart = imageId === undefined
    ? { key: "declareFormat", text: declare, subject: format }
    : { key: "changeFormat", text: declare, subject: `${format} ${imageId}` };
  const off: MessagePart = { key: "inspectOff", text: 'set "inspect" to "off"' };
  return new ImageContentRejected(
    `Cannot ${action} as ${declared}: ${reason}, or ${off.text} if the cloud accepts such data`,
    { imageId, messageParts: [fix, off] },
  );
}
