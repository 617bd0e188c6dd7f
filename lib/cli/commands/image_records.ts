/**
 * Commands for the records of images: `image-show`, `image-update`, `image-delete`, tags, deactivation and
 * reactivation.
 *
 * @module
 */
import type { Connection } from "../../connect.ts";
import { isPathSegment } from "../../api/operation.ts";
import type { ImageMeta } from "../../api/types.ts";
import { forEachImage } from "./shared/each_image.ts";
import { CommandFailed, UsageError } from "../system/errors.ts";
import { ask, imageOf } from "./shared/find_image.ts";
import { type Command, command, type Invocation, type Positional } from "../args/command.ts";
import { IMAGE_FLAGS, metaFrom } from "./shared/image_fields.ts";
import { printImage, printRow, WIDTH_FLAGS, widthFrom } from "../output/records.ts";

const IMAGE: Positional = { name: "<IMAGE>", summary: "Id or name of the image" };

const TAG: Positional = { name: "<TAG_VALUE>", summary: "The tag" };

const IMAGE_SHOW = command({
  name: "image-show",
  summary: "Show an image",
  positionals: [IMAGE],
  flags: {
    "human-readable": { kind: "switch", summary: "Show the size with a unit: kB, MB, GB" },
    ...WIDTH_FLAGS,
  },
  async run(invocation) {
    const { id, connection } = await imageOf(invocation);
    await printImage(invocation, await ask(invocation, connection, "get", id), {
      isHumanReadable: invocation.values["human-readable"],
      ...widthFrom(invocation.values),
    });
  },
});

const IMAGE_UPDATE = command({
  name: "image-update",
  summary: "Update an image",
  details: "Fields and properties without a flag keep their values.",
  positionals: [IMAGE],
  flags: {
    ...IMAGE_FLAGS,
    "remove-property": {
      kind: "list",
      value: "<KEY>",
      summary: "Custom property to remove; may be repeated",
    },
  },
  async run(invocation) {
    const meta = withRemovals(metaFrom(invocation.values), invocation.values["remove-property"]);
    const { id, connection } = await imageOf(invocation);
    const { service, context } = connection;
    const options = { purgeProps: false, signal: invocation.system.signal };
    await service.update(context, id, meta, null, options);
    await printImage(invocation, await ask(invocation, connection, "get", id));
  },
});

/** As in glanceclient, a property that is also set is not removed. */
function withRemovals(meta: ImageMeta, keys: readonly string[]): ImageMeta {
  const removed = Object.fromEntries(keys.map((key) => [key, null]));
  const update = { ...meta, properties: { ...removed, ...meta.properties } };
  if (Object.keys(meta).length > 1 || Object.keys(update.properties).length > 0) return update;
  throw new UsageError(
    'Cannot update an image: no change is given; see "glance help image-update"',
  );
}

const IMAGE_DELETE = command({
  name: "image-delete",
  summary: "Delete images",
  positionals: [{ ...IMAGE, many: true }],
  flags: {},
  async run(invocation) {
    const connection = await invocation.connect();
    const action = { verb: "delete", done: "deleted" };
    await forEachImage(
      invocation,
      connection,
      action,
      (id) => ask(invocation, connection, "delete", id),
    );
  },
});

const IMAGE_TAG_UPDATE = command({
  name: "image-tag-update",
  summary: "Add a tag to an image",
  positionals: [IMAGE, TAG],
  flags: {},
  async run(invocation) {
    const { id, connection } = await imageOf(invocation);
    const [, tag = ""] = invocation.positionals;
    if (isSafeInPath(tag)) await ask(invocation, connection, "tags.update", id, tag);
    else await changeTags(invocation, connection, id, (tags) => [...tags, tag]);
    const image = await ask(invocation, connection, "get", id);
    await printRow(invocation, image, [["ID", (row) => row["id"]], ["Tags", (row) => row["tags"]]]);
  },
});

const IMAGE_TAG_DELETE = command({
  name: "image-tag-delete",
  summary: "Remove a tag from an image",
  positionals: [IMAGE, TAG],
  flags: {},
  async run(invocation) {
    const { id, connection } = await imageOf(invocation);
    const [, tag = ""] = invocation.positionals;
    if (isSafeInPath(tag)) return await ask(invocation, connection, "tags.delete", id, tag);
    await changeTags(invocation, connection, id, (tags) => {
      if (tags.includes(tag)) return tags.filter((one) => one !== tag);
      throw new CommandFailed(
        `Cannot delete tag "${tag}" of image "${id}": the image does not have it; see "glance image-show ${id}"`,
      );
    });
  },
});

const IMAGE_DEACTIVATE = command({
  name: "image-deactivate",
  summary: "Deactivate an image: only administrators can read its data",
  positionals: [IMAGE],
  flags: {},
  async run(invocation) {
    const { id, connection } = await imageOf(invocation);
    await ask(invocation, connection, "deactivate", id);
  },
});

const IMAGE_REACTIVATE = command({
  name: "image-reactivate",
  summary: "Reactivate a deactivated image",
  positionals: [IMAGE],
  flags: {},
  async run(invocation) {
    const { id, connection } = await imageOf(invocation);
    await ask(invocation, connection, "reactivate", id);
  },
});

/** The commands of this file. */
export const RECORD_COMMANDS: readonly Command[] = [
  IMAGE_SHOW,
  IMAGE_UPDATE,
  IMAGE_DELETE,
  IMAGE_TAG_UPDATE,
  IMAGE_TAG_DELETE,
  IMAGE_DEACTIVATE,
  IMAGE_REACTIVATE,
];

/** Whether a tag can be part of a path: Glance decodes paths as Latin-1 and splits them at slashes. */
function isSafeInPath(tag: string): boolean {
  return /^[\x20-\x7e]+$/.test(tag) && isPathSegment(tag);
}

/** Replaces all tags with a PATCH, unless another client has changed the image meanwhile. */
async function changeTags(
  { system: { signal } }: Pick<Invocation, "system">,
  { service, context }: Connection,
  id: string,
  change: (tags: readonly string[]) => readonly string[],
): Promise<void> {
  const image = await service.show(context, id, { signal });
  const options = { purgeProps: false, ifUnchanged: image, signal };
  await service.update(context, id, { tags: change(image.tags) }, null, options);
}
