/**
 * Commands for the records of images: `image-show`, `image-update`, `image-delete`, tags, deactivation and
 * reactivation.
 */
import { list, toggle } from "../args/flags.ts";
import { isPathSegment } from "../../api/operation.ts";
import { fromGlance } from "../../api/translate.ts";
import type { GlanceImage, ImageMeta } from "../../api/types.ts";
import { updateImage } from "../../images/update_image.ts";
import { forEachImage } from "./shared/each_image.ts";
import { CommandFailed, UsageError } from "../system/errors.ts";
import { findImage, findImageId, findRecord, IMAGE, sessionOf } from "./shared/find_image.ts";
import { command, type Invocation, type Positional } from "../args/command.ts";
import { CHANGED_IMAGE_OUTPUT, NO_TABLE } from "./shared/image_columns.ts";
import { IMAGE_FLAGS, metaFrom } from "./shared/image_fields.ts";
import {
  type Column,
  headingsOf,
  printImage,
  printRow,
  WIDTH_FLAGS,
  widthFrom,
} from "../output/records.ts";

const TAG: Positional = { name: "<TAG_VALUE>", summary: "The tag" };

const TAG_COLUMNS: readonly Column[] = [["ID", "id"], ["Tags", "tags"]];

/** As in glanceclient, a property that is also set is not removed. */
function withRemovals(meta: ImageMeta, keys: readonly string[]): ImageMeta {
  const removed = Object.fromEntries(keys.map((key) => [key, null]));
  const update = { ...meta, properties: { ...removed, ...meta.properties } };
  if (Object.keys(meta).length > 1 || Object.keys(update.properties).length > 0) return update;
  throw new UsageError(
    'Cannot update an image: no change is given; see "glance-edge help image-update"',
  );
}

export const COMMANDS = {
  "image-show": command({
    positionals: [IMAGE],
    flags: {
      "human-readable": toggle("Show the size with a unit: kB, MB, GB"),
      ...WIDTH_FLAGS,
    },
    async run(invocation, image) {
      await printImage(invocation, await findRecord(invocation, image), {
        isHumanReadable: invocation.values["human-readable"],
        ...widthFrom(invocation.values),
      });
    },
  }),
  "image-update": command({
    details: "Fields and properties without a flag keep their values.",
    output: CHANGED_IMAGE_OUTPUT,
    positionals: [IMAGE],
    flags: {
      ...IMAGE_FLAGS,
      "remove-property": list("<KEY>", "Custom property to remove; may be repeated"),
    },
    async run(invocation, image) {
      const meta = withRemovals(metaFrom(invocation.values), invocation.values["remove-property"]);
      const { id, record } = await findImage(invocation, image);
      const options = { purgeProps: false };
      const session = await sessionOf(invocation);
      const updated = await updateImage(session, id, meta, null, options, record);
      await printImage(invocation, updated);
    },
  }),
  "image-delete": command({
    positionals: [{ ...IMAGE, many: true }],
    output: NO_TABLE,
    async run(invocation) {
      const words = ["delete", "deleted"] as const;
      await forEachImage(invocation, words, (id) => invocation.call("delete", id));
    },
  }),
  "image-tag-update": command({
    positionals: [IMAGE, TAG],
    output: { columns: headingsOf(TAG_COLUMNS) },
    async run(invocation, image, tag) {
      const tagged = isSafeInPath(tag)
        ? await addTag(invocation, image, tag)
        : await changeTags(invocation, image, (tags) => [...tags, tag]);
      await printRow(invocation, tagged, TAG_COLUMNS);
    },
  }),
  "image-tag-delete": command({
    positionals: [IMAGE, TAG],
    output: NO_TABLE,
    async run(invocation, image, tag) {
      if (isSafeInPath(tag)) {
        return await invocation.call("tags.delete", await findImageId(invocation, image), tag);
      }
      await changeTags(invocation, image, (tags, id) => {
        if (tags.includes(tag)) return tags.filter((one) => one !== tag);
        throw new CommandFailed(
          `Cannot delete tag "${tag}" of image "${id}": the image does not have it; see "glance-edge image-show ${id}"`,
        );
      });
    },
  }),
  "image-deactivate": command({
    positionals: [IMAGE],
    output: NO_TABLE,
    async run(invocation, image) {
      await invocation.call("deactivate", await findImageId(invocation, image));
    },
  }),
  "image-reactivate": command({
    positionals: [IMAGE],
    output: NO_TABLE,
    async run(invocation, image) {
      await invocation.call("reactivate", await findImageId(invocation, image));
    },
  }),
};

/** Whether a tag can be part of a path: Glance decodes paths as Latin-1 and splits them at slashes. */
function isSafeInPath(tag: string): boolean {
  return /^[\x20-\x7e]+$/.test(tag) && isPathSegment(tag);
}

/** Adds a tag. Glance returns nothing, so the image is read afterward. */
async function addTag(
  invocation: Omit<Invocation, "values">,
  image: string,
  tag: string,
): Promise<GlanceImage> {
  const id = await findImageId(invocation, image);
  await invocation.call("tags.update", id, tag);
  return await invocation.call("get", id);
}

/** Replaces all tags with a PATCH, unless another client has changed the image meanwhile. */
async function changeTags(
  invocation: Omit<Invocation, "values">,
  image: string,
  change: (tags: readonly string[], id: string) => readonly string[],
): Promise<GlanceImage> {
  const record = await findRecord(invocation, image);
  const tags = change(record.tags ?? [], record.id);
  const session = await sessionOf(invocation);
  const options = { purgeProps: false, ifUnchanged: fromGlance(record) };
  return await updateImage(session, record.id, { tags }, null, options, record);
}
