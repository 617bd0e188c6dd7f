/**
 * Commands for the locations of an image: `location-…`.
 *
 * @module
 */
import { CommandFailed } from "../system/errors.ts";
import { ask, type FoundImage, imageOf } from "./shared/find_image.ts";
import {
  type Command,
  command,
  type Flags,
  type Invocation,
  type Positional,
} from "../args/command.ts";
import { jsonObject } from "../args/json_flag.ts";
import type { GlanceImage, ImageLocation } from "../../api/types.ts";
import { printRecord } from "../output/records.ts";

const IMAGE: Positional = { name: "<IMAGE>", summary: "Id or name of the image" };

const METADATA_FLAGS = {
  "url": { kind: "text", value: "<URL>", required: true, summary: "URL of the location" },
  "metadata": {
    kind: "text",
    value: "<JSON>",
    summary: "Metadata of the location, a JSON object (default: {})",
  },
} as const satisfies Flags;

const LOCATION_ADD = command({
  name: "location-add",
  summary: "Add a location (URL) to an image",
  positionals: [IMAGE],
  flags: {
    ...METADATA_FLAGS,
    "checksum": { kind: "text", value: "<MD5>", summary: "MD5 checksum of the data" },
    "hash-algo": {
      kind: "text",
      value: "<NAME>",
      summary: "Algorithm of --hash-value, for example sha512",
    },
    "hash-value": { kind: "text", value: "<HEX>", summary: "Hash of the data" },
  },
  async run(invocation) {
    const { url, checksum, "hash-algo": algorithm, "hash-value": hash } = invocation.values;
    const metadata = jsonObject("--metadata", invocation.values["metadata"] ?? "{}");
    const { id, connection } = await imageOf(invocation);
    const validation = { os_hash_algo: algorithm, os_hash_value: hash };
    if (checksum === undefined) {
      const { service, context } = connection;
      const { signal } = invocation.system;
      await service.addLocation(context, id, url, { ...metadata, ...validation }, { signal });
    } else {
      // The locations API has no field for an MD5 checksum; PATCH has.
      const value = { url, metadata, validation_data: { ...validation, checksum } };
      await ask(invocation, connection, "update", id, [{ op: "add", path: "/locations/-", value }]);
    }
    await printLocated(invocation, await ask(invocation, connection, "get", id));
  },
});

const LOCATION_UPDATE = command({
  name: "location-update",
  summary: "Update the metadata of a location of an image",
  positionals: [IMAGE],
  flags: METADATA_FLAGS,
  async run(invocation) {
    const { url } = invocation.values;
    const metadata = jsonObject("--metadata", invocation.values["metadata"] ?? "{}");
    const found = await imageOf(invocation);
    const locations = await locationsOf(invocation, found);
    checkKnown(found.id, locations, [url]);
    const value = locations.map((one) => one.url === url ? { ...one, metadata } : one);
    const patch = [{ op: "replace", path: "/locations", value }] as const;
    await printLocated(
      invocation,
      await ask(invocation, found.connection, "update", found.id, patch),
    );
  },
});

const LOCATION_DELETE = command({
  name: "location-delete",
  summary: "Remove locations from an image",
  positionals: [IMAGE],
  flags: {
    "url": {
      kind: "list",
      value: "<URL>",
      required: true,
      summary: "URL of the location; may be repeated",
    },
  },
  async run(invocation) {
    const { url } = invocation.values;
    const found = await imageOf(invocation);
    const locations = await locationsOf(invocation, found);
    checkKnown(found.id, locations, url);
    // From last to first: removing a location shifts the indexes after it.
    const patch = locations.flatMap((one, i) => url.includes(one.url) ? [i] : []).reverse()
      .map((i) => ({ op: "remove", path: `/locations/${i}` }) as const);
    await ask(invocation, found.connection, "update", found.id, patch);
  },
});

/** The commands of this file. */
export const LOCATION_COMMANDS: readonly Command[] = [
  LOCATION_ADD,
  LOCATION_UPDATE,
  LOCATION_DELETE,
];

async function locationsOf(
  invocation: Pick<Invocation, "system">,
  { id, connection }: FoundImage,
): Promise<readonly ImageLocation[]> {
  const { locations } = await ask(invocation, connection, "get", id);
  if (locations !== undefined && locations !== null) return locations;
  throw new CommandFailed(
    `Cannot change the locations of image "${id}": this cloud does not show locations; ask an administrator of the cloud`,
  );
}

function checkKnown(
  id: string,
  locations: readonly ImageLocation[],
  urls: readonly string[],
): void {
  const unknown = urls.find((url) => locations.every((one) => one.url !== url));
  if (unknown === undefined) return;
  throw new CommandFailed(
    `Cannot find the location "${unknown}": image "${id}" does not have it; see "glance image-show ${id}"`,
  );
}

/** Prints an image as glanceclient does after a change of locations: without `self`. */
async function printLocated(
  invocation: Pick<Invocation, "system" | "json">,
  image: GlanceImage,
): Promise<void> {
  const { self: _, ...shown } = image;
  await printRecord(invocation, invocation.json ? image : shown);
}
