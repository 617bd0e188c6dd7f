/** Waits until an image has a status. */
import type { RequestContext } from "../context.ts";
import { ImageConflict, ImageNotFound, ImageStalled, Invalid } from "../errors.ts";
import { ignoringErrors } from "../events.ts";
import type { GlanceImageService } from "../images/service.ts";
import { fromGlance } from "../api/translate.ts";
import type { Image, ImageStatus } from "../api/types.ts";
import { showImage } from "../images/visible.ts";
import { inspect } from "../validate.ts";
import { poll, WAIT_LONGER, type WaitOptions } from "./poll.ts";
import { sessionOf } from "./service_session.ts";

/** Options of a wait for a status. */
export interface StatusWaitOptions extends WaitOptions {
  /** Called with the first state of the image, and with each change. Its errors are ignored. */
  readonly onProgress?: ((image: Image) => void) | undefined;
}

/** Final statuses, from Glance's table of transitions. */
const FINAL: readonly string[] = ["killed", "deleted"];

/**
 * Waits until an image has a status, or one of several, and returns the image. An image that does not exist
 * any more is `deleted`.
 *
 * @throws {ImageNotFound} if the image does not exist, unless the wait is for `deleted`.
 * @throws {ImageConflict} if the image reaches another final status.
 * @throws {ImageStalled} if the image has not changed for `stallTimeout`.
 *
 * @example
 * ```ts
 * import { connect, waitForStatus } from "@glance-edge/glance";
 * import { createEmbeddedGlance } from "@glance-edge/glance/embedded";
 * import { assert } from "@std/assert";
 *
 * const glance = createEmbeddedGlance();
 * const { service, context } = await connect({ // leave all of this out to use your cloud
 *   apiServers: ["glance.example"],
 *   environment: {},
 *   fetch: (input, init) => glance.fetch(new Request(input, init)),
 * });
 * const meta = { name: "disk", diskFormat: "raw", containerFormat: "bare" };
 * const { id } = await service.create(context, meta, new Blob(["the bytes of a disk"]));
 *
 * const image = await waitForStatus(service, context, id, "active", { stallTimeout: 60_000 });
 * assert(image.size === 19);
 * ```
 */
export async function waitForStatus(
  service: GlanceImageService,
  context: RequestContext,
  imageId: string,
  statuses: ImageStatus | readonly ImageStatus[],
  options: StatusWaitOptions = {},
): Promise<Image> {
  const expected = listOf(statuses);
  const session = sessionOf(service, context, options);
  const names = expected.join(" or ");
  const image = await poll<Image>(session.client.options, options, {
    read: () =>
      showImage(session, imageId).catch((error) => {
        if (error instanceof ImageNotFound && expected.includes("deleted")) {
          return deletedImage(imageId);
        }
        throw error;
      }),
    isFinal: ({ status }) => expected.includes(status) || FINAL.includes(status),
    onChange: ignoringErrors(options.onProgress),
    stalled: ({ status }, ms) =>
      new ImageStalled(
        `Cannot wait any longer until image "${imageId}" is ${names}: it is ${status} and has not changed for ${ms} ms; check the operation that changes it, or set a longer "stallTimeout"`,
        { imageId, messageParts: [WAIT_LONGER] },
      ),
  });
  if (expected.includes(image.status)) return image;
  throw new ImageConflict(
    `Cannot wait until image "${imageId}" is ${names}: it is ${image.status}, which is a final status; delete it and create it again`,
    { imageId },
  );
}

function listOf(statuses: ImageStatus | readonly ImageStatus[]): readonly string[] {
  const list = typeof statuses === "string" ? [statuses] : statuses;
  const isGood = Array.isArray(list) && list.length > 0 &&
    list.every((status) => typeof status === "string" && status !== "");
  if (isGood) return list;
  throw new Invalid(
    `Cannot wait for the status ${
      inspect(statuses)
    }: it must be a status or a list of statuses, for example "active"`,
  );
}

function deletedImage(imageId: string): Image {
  return fromGlance({ id: imageId, status: "deleted" });
}
