/** Waits for the import of an image. */
import type { RequestContext } from "../context.ts";
import { redactUrls } from "../redact.ts";
import {
  ImageImportFailed,
  ImageStalled,
  NotAuthorized,
  NotFound,
  NotImplemented,
} from "../errors.ts";
import { ignoringErrors } from "../events.ts";
import { LIST_IMAGE_TASKS } from "../api/operations/images.ts";
import type { GlanceTask } from "../api/wire.ts";
import type { GlanceImageService } from "../images/service.ts";
import type { Session } from "../api/session.ts";
import { fromGlance } from "../api/translate.ts";
import type { GlanceImage, Image } from "../api/types.ts";
import { showRecord } from "../images/visible.ts";
import { ownValue } from "../validate.ts";
import {
  classifyStatus,
  type ImportGoal,
  type ImportProgress,
  lockOf,
  progressOf,
  taskIn,
} from "./import_state.ts";
import { poll, WAIT_LONGER, type WaitOptions } from "./poll.ts";
import { sessionOf } from "./service_session.ts";

/** Options of a wait for an import. */
export interface ImportWaitOptions extends WaitOptions, ImportGoal {
  /** Called with the first state of the import, and with each change. Its errors are ignored. */
  readonly onProgress?: ((progress: ImportProgress) => void) | undefined;
}

/**
 * Waits until the import of an image is complete, and returns the image. Works for every import method. Call
 * it after Glance has accepted the import.
 *
 * Glance responds to an import request immediately and imports in the background. The wait polls the properties of the
 * image (pending and failed stores) and the import task, if the cloud shows it. The import is stalled if none of these
 * change.
 *
 * @throws {ImageImportFailed} if the import failed, for the image or for a store; it has the failed stores
 * and the task's message.
 * @throws {ImageStalled} if nothing has changed for `stallTimeout`.
 * @throws {ImageNotFound} if the image does not exist any more.
 *
 * @example
 * ```ts
 * import { connect, waitForImport } from "@glance-edge/glance";
 * import { createEmbeddedGlance } from "@glance-edge/glance/embedded";
 * import { assert } from "@std/assert";
 *
 * const glance = createEmbeddedGlance();
 * const { service, context } = await connect({ // leave all of this out to use your cloud
 *   apiServers: ["glance.example"],
 *   environment: {},
 *   fetch: (input, init) => glance.fetch(new Request(input, init)),
 * });
 * const { id } = await service.create(context, { diskFormat: "raw", containerFormat: "bare" });
 * await service.client.call(context, "stage", id, "the bytes of a disk");
 * await service.client.call(context, "import", id, { method: { name: "glance-direct" } });
 *
 * const image = await waitForImport(service, context, id, {
 *   onProgress: ({ importing, message }) => console.log(importing.join(), message),
 * });
 * assert(image.status === "active");
 * ```
 */
export async function waitForImport(
  service: GlanceImageService,
  context: RequestContext,
  imageId: string,
  options: ImportWaitOptions = {},
): Promise<Image> {
  const session = sessionOf(service, context, options);
  const tasks = new ImageTasks(session, imageId);
  return fromGlance(await followImport(session, imageId, options, tasks));
}

/** Does the same as {@linkcode waitForImport}, with the tasks that are already known, and returns the record. */
export async function followImport(
  session: Session,
  imageId: string,
  options: ImportWaitOptions,
  tasks: ImageTasks,
): Promise<GlanceImage> {
  const seen = await poll<ImportProgress & { readonly record: GlanceImage }>(
    session.client.options,
    options,
    {
      read: async () => {
        const record = await showRecord(session, imageId);
        const image = fromGlance(record);
        return { ...progressOf(image, await tasks.current(lockOf(image)), options), record };
      },
      isFinal: (progress) => classifyStatus(progress, options) !== "busy",
      onChange: ignoringErrors(options.onProgress),
      stalled: ({ image: { status }, message }, ms) =>
        new ImageStalled(
          `Cannot wait any longer for the import of image "${imageId}": it is ${status}${
            quoted(message)
          }, and has not changed for ${ms} ms; ask the operator of the cloud, or set a longer "stallTimeout"`,
          { imageId, messageParts: [WAIT_LONGER] },
        ),
    },
  );
  if (classifyStatus(seen, options) === "done") return seen.record;
  throw failureOf(seen);
}

/** The errors of a cloud that does not show the tasks of images to the caller. */
const NOT_SHOWN_ERRORS = [NotFound, NotImplemented, NotAuthorized] as const;

/** The tasks of an image; none if the cloud does not show them. */
export class ImageTasks {
  readonly #list: () => Promise<readonly GlanceTask[]>;
  readonly #old = new Set<string>();
  #isShown = true;
  #id: string | null = null;

  /** Sends no request. */
  constructor(session: Session, imageId: string) {
    this.#list = () => session.call(LIST_IMAGE_TASKS, imageId);
  }

  /** Ignores all tasks that exist now, which belong to earlier imports. */
  async ignoreExisting(): Promise<void> {
    for (const { id } of await this.#all()) this.#old.add(id);
  }

  /** The task that locks the image, or that locked it at the last poll; else the newest. */
  async current(lock: string | null): Promise<GlanceTask | null> {
    this.#id = lock ?? this.#id;
    const tasks = await this.#all();
    return taskIn(tasks.filter(({ id }) => !this.#old.has(id)), this.#id);
  }

  async #all(): Promise<readonly GlanceTask[]> {
    if (!this.#isShown) return [];
    try {
      return await this.#list();
    } catch (error) {
      if (!NOT_SHOWN_ERRORS.some((Hidden) => error instanceof Hidden)) throw error;
      this.#isShown = false;
      return [];
    }
  }
}

/** Hints by status. In any other status, the image cannot be imported again. */
const HINTS: Readonly<Record<string, string>> = {
  active: "copy it to these stores later",
  queued: "import it again, or upload its data",
};

/** The error of a failed import. A store that is still pending has failed, too. */
function failureOf({ image, failed, importing, message }: ImportProgress): ImageImportFailed {
  const stores = [...new Set([...failed, ...importing])];
  const where = stores.length === 0 ? "" : `, failed for ${stores.map((id) => `"${id}"`).join()}`;
  const hint = ownValue(HINTS, image.status) ?? "delete it, and create it again";
  return new ImageImportFailed(
    `Cannot import image "${image.id}": it is ${image.status}${where}${quoted(message)}; ${hint}`,
    { imageId: image.id, stores, taskMessage: message },
  );
}

/** The message of a task, on one line, without secrets in URLs. */
function quoted(message: string | null): string {
  if (message === null) return "";
  const line = redactUrls(message.replaceAll(/\s+/g, " "));
  return `, "${line.slice(0, 400)}"`;
}
