/**
 * The inspection of an upload before its first byte is sent. The code that inspects is imported on demand: a
 * program that uploads nothing does not load it.
 */
import { GET_IMAGE } from "../../api/operations/images.ts";
import type { Session } from "../../api/session.ts";
import { ImageContentRejected, Invalid } from "../../errors.ts";
import { abortable } from "../../http/deadline.ts";
import { inspect } from "../../validate.ts";
import type { UploadOptions } from "../types.ts";
import type { UploadTarget } from "./on_demand/inspect_upload.ts";
import type { UploadSource } from "./upload_source.ts";

/** Code that is passed to the inspection. */
const SHARED = { abortable, GET_IMAGE, ImageContentRejected, inspect, Invalid };

/**
 * Refuses data that Glance would refuse.
 *
 * @throws {ImageContentRejected} if the data is not of the declared format, or unsafe.
 */
export async function inspected(
  session: Session,
  source: UploadSource,
  { inspect: mode = "match" }: UploadOptions,
  target: UploadTarget,
): Promise<UploadSource> {
  if (mode === "off") return source;
  const { inspectUpload } = await import("./on_demand/inspect_upload.ts");
  return await inspectUpload(session, source, mode, target, SHARED);
}
