/** Creates an image with data that Glance itself downloads from a URL. */
import { GET_IMAGE, IMPORT_IMAGE, LIST_IMAGE_TASKS } from "../../../api/operations/images.ts";
import { ImageUploadFailed } from "../../../errors.ts";
import { client, request, type User } from "../gateway.ts";
import { delay } from "../transfer/delay.ts";
import { type ChosenImage, withNewImage } from "./upload_file.ts";

/** Milliseconds between two requests for the state of an import. */
const POLL_INTERVAL = 1_000;

/** How an import is canceled, and where it reports its progress. */
export interface UrlImportOptions {
  readonly signal: AbortSignal;
  /** Called with the state of the task in the words of Glance. */
  readonly onStatus: (status: string) => void;
}

/** Imports an image by the method `web-download`, and waits until it is active. */
export async function importUrl(
  user: User,
  chosen: ChosenImage,
  uri: string,
  { signal, onStatus }: UrlImportOptions,
): Promise<void> {
  await withNewImage(user, chosen, signal, async (id) => {
    let refused: unknown = null;
    // Not awaited: a server may respond after the import. If the response is lost, the import continues.
    client.request(user.context, IMPORT_IMAGE, [id, { method: { name: "web-download", uri } }], {
      signal,
      retries: 0,
      onAttempt: (deadline) => deadline.arm(Infinity, () => {}),
    }).catch((error) => refused = error);
    for (;;) {
      const isRefused = refused !== null;
      const { status, os_glance_failed_import } = await request(user, GET_IMAGE, [id], signal);
      // Not every cloud shows the tasks.
      const [task] = await request(user, LIST_IMAGE_TASKS, [id], signal).catch(() => []);
      if (status === "active") return;
      if (isRefused && status === "queued") throw refused;
      if (task?.status === "failure" || (status === "queued" && os_glance_failed_import)) {
        throw new ImageUploadFailed(
          `Cannot import "${uri}": ${
            task?.message || "Glance gives no reason"
          }; check that Glance can reach the URL`,
          { imageId: id },
        );
      }
      onStatus([task?.status ?? status, task?.message].filter(Boolean).join(" · "));
      await delay(POLL_INTERVAL, signal);
    }
  });
}
