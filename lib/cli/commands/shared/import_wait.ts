/** Waits for an import and shows its status. */
import { toggle } from "../../args/flags.ts";
import type { ImportRequest } from "../../../api/operations.ts";
import type { GlanceImage } from "../../../api/types.ts";
import type { ImportProgress } from "../../../jobs/import_state.ts";
import { followImport, ImageTasks, type ImportWaitOptions } from "../../../jobs/wait_for_import.ts";
import { Interrupted } from "../../system/errors.ts";
import type { Flags, Invocation } from "../../args/command.ts";
import { sessionOf } from "./find_image.ts";

/** The flag `--wait`. */
export const WAIT_FLAGS = {
  "wait": toggle("Wait until the import ends, and fail if it has failed"),
} as const satisfies Flags;

/**
 * Waits until the import has ended if `--wait` is given.
 *
 * @returns the record of the imported image; null without `--wait`
 * @throws {ImageImportFailed} if the import has failed.
 */
export async function waitIfRequested(
  invocation: Invocation<typeof WAIT_FLAGS>,
  imageId: string,
  { stores, all_stores_must_succeed }: ImportRequest,
): Promise<GlanceImage | null> {
  if (!invocation.values["wait"]) return null;
  const { messages } = invocation;
  const seen: { failed: readonly string[] } = { failed: [] };
  const session = await sessionOf(invocation);
  const goal: ImportWaitOptions = {
    partial: all_stores_must_succeed === false,
    stores,
    onProgress: (progress) => {
      seen.failed = progress.failed;
      messages.status(importText(progress));
    },
  };
  const imported = followImport(session, imageId, goal, new ImageTasks(session, imageId));
  const image = await namingImport(invocation, imageId, imported).finally(() =>
    messages.keepStatus()
  );
  if (seen.failed.length > 0) {
    const stores = seen.failed.join('", "');
    messages.line(`Image "${imageId}" is not in "${stores}": Glance could not write to it`);
  }
  return image;
}

/** Waits for work after the start of an import; an interruption prints which import continues. */
export async function namingImport<Result>(
  { messages, system }: Pick<Invocation, "messages" | "system">,
  imageId: string,
  work: Promise<Result>,
): Promise<Result> {
  return await work.catch((error) => {
    if (system.signal.reason instanceof Interrupted) {
      messages.keepStatus();
      messages.line(
        `The import of image "${imageId}" continues; see "glance-edge image-tasks ${imageId}"`,
      );
    }
    throw error;
  });
}

/** A status line: `importing  to fast, slow  failed for old  Copied 15 MiB`. */
function importText({ image, importing, failed, message }: ImportProgress): string {
  return [
    image.status,
    ...importing.length === 0 ? [] : [`to ${importing.join(", ")}`],
    ...failed.length === 0 ? [] : [`failed for ${failed.join(", ")}`],
    ...message === null ? [] : [message],
  ].join("  ");
}
