/**
 * Waiting until Glance has imported an image.
 *
 * @module
 */
import type { RequestContext } from "../context.ts";
import { redactUrls } from "../validate.ts";
import { NotAuthorized, NotFound, NotImplemented } from "../errors.ts";
import { ignoringErrors } from "../events.ts";
import type { GlanceTask } from "../api/operations.ts";
import type { GlanceImageService } from "../images/service.ts";
import type { Image } from "../api/types.ts";
import { ownValue } from "../validate.ts";
import { ImageImportFailed, ImageStalled } from "./errors.ts";
import {
  type ImportGoal,
  type ImportProgress,
  lockOf,
  progressOf,
  taskIn,
  verdictOf,
} from "./import_state.ts";
import { poll, type WaitOptions } from "./poll.ts";

/** How to wait for an import. */
export interface ImportWaitOptions extends WaitOptions, ImportGoal {
  /** Told of the import as it is first seen, and each time that it has changed. What it throws is ignored. */
  readonly onProgress?: (progress: ImportProgress) => void;
}

/**
 * Waits until the import of an image is over, by whatever method it was asked for, and gives the image as
 * it is then. Call it once Glance has accepted the import.
 *
 * Glance answers an import at once and works on; what it shows of that work are properties of the image
 * (the stores that it still writes to, those that failed) and, where the cloud lets the caller see it, a
 * task with a message. All of it is read. A stall is noticed where none of it changes.
 *
 * @throws {ImageImportFailed} where it failed, for the image or for a store: with the stores, and what
 * Glance's task says.
 * @throws {ImageStalled} where nothing has changed for `stallTimeout`.
 * @throws {ImageNotFound} where there is no such image any more.
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
  const tasks = new ImageTasks(service, context, imageId, options.signal);
  return await followImport(service, context, imageId, options, tasks);
}

/** {@linkcode waitForImport} with what is known of the image's tasks already. */
export async function followImport(
  service: GlanceImageService,
  context: RequestContext,
  imageId: string,
  options: ImportWaitOptions,
  tasks: ImageTasks,
): Promise<Image> {
  const seen = await poll<ImportProgress>(service.client.options, options, {
    look: async () => {
      const image = await service.show(context, imageId, { signal: options.signal });
      return progressOf(image, await tasks.current(lockOf(image)), options);
    },
    isOver: (progress) => verdictOf(progress, options) !== "busy",
    onChange: ignoringErrors(options.onProgress),
    stalled: ({ image: { status }, message }, ms) =>
      new ImageStalled(
        `Cannot wait any longer for the import of image "${imageId}": it is ${status}${
          said(message)
        }, and nothing about it has changed for ${ms} ms; ask the operator of the cloud, or give a longer "stallTimeout"`,
        { imageId },
      ),
  });
  if (verdictOf(seen, options) === "done") return seen.image;
  throw failureOf(seen);
}

/** What a cloud answers that has no tasks of images, or none for this caller. */
const HIDING = [NotFound, NotImplemented, NotAuthorized] as const;

/** The tasks of an image, as long as the cloud lets them be seen. */
export class ImageTasks {
  readonly #ask: () => Promise<readonly GlanceTask[]>;
  readonly #old = new Set<string>();
  #isShown = true;
  #id: string | null = null;

  /** Made before anything is asked of the cloud. */
  constructor(
    { client }: GlanceImageService,
    context: RequestContext,
    imageId: string,
    signal: AbortSignal | undefined,
  ) {
    this.#ask = () => client.run(context, "tasks", [imageId], { signal });
  }

  /** Takes those that there are for old ones, which have nothing to say of what comes. */
  async forget(): Promise<void> {
    for (const { id } of await this.#all()) this.#old.add(id);
  }

  /** The task that holds the image, or held it when it was last seen; else the newest. */
  async current(lock: string | null): Promise<GlanceTask | null> {
    this.#id = lock ?? this.#id;
    const tasks = await this.#all();
    return taskIn(tasks.filter(({ id }) => !this.#old.has(id)), this.#id);
  }

  async #all(): Promise<readonly GlanceTask[]> {
    if (!this.#isShown) return [];
    try {
      return await this.#ask();
    } catch (error) {
      if (!HIDING.some((Hidden) => error instanceof Hidden)) throw error;
      this.#isShown = false;
      return [];
    }
  }
}

/** Of an image in any other status, nothing can be imported any more. */
const HINTS: Readonly<Record<string, string>> = {
  active: "copy it to these stores later",
  queued: "import it again, or upload its data",
};

/** A store that it is still to be written to, though it is over, was not reached either. */
function failureOf({ image, failed, importing, message }: ImportProgress): ImageImportFailed {
  const stores = [...new Set([...failed, ...importing])];
  const where = stores.length === 0 ? "" : `, failed for ${stores.map((id) => `"${id}"`).join()}`;
  const wayOut = ownValue(HINTS, image.status) ?? "delete it, and create it anew";
  return new ImageImportFailed(
    `Cannot import image "${image.id}": it is ${image.status}${where}${said(message)}; ${wayOut}`,
    { imageId: image.id, stores, taskMessage: message },
  );
}

/** What a task says, on one line, without the secrets of URLs. */
function said(message: string | null): string {
  if (message === null) return "";
  const line = redactUrls(message.replaceAll(/\s+/g, " "));
  return `, "${line.slice(0, 400)}"`;
}
