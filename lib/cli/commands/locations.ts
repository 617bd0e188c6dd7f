/** Commands for the locations of an image: `add-location` and `location-…`. */
import { list, required, text } from "../args/flags.ts";
import { CommandFailed, UsageError } from "../system/errors.ts";
import { findImageId, findRecord, IMAGE, sessionOf } from "./shared/find_image.ts";
import { command, type Flags, type Invocation } from "../args/command.ts";
import { jsonObject } from "../args/json_flag.ts";
import { IMAGE_COLUMNS, IMAGE_OUTPUT, NO_TABLE } from "./shared/image_columns.ts";
import { addLocation } from "../../images/image_locations.ts";
import type { GlanceImage, ImageLocation, ValidationData } from "../../api/types.ts";
import { NotFound, NotImplemented } from "../../errors.ts";
import { type OutputCall, printImage, printRecord } from "../output/records.ts";

const METADATA_FLAGS = {
  "url": required("<URL>", "URL of the location"),
  "metadata": text("<JSON>", "Metadata of the location, a JSON object (default: {})"),
} as const satisfies Flags;

/** Algorithms that Glance accepts in the hash of a new location. */
const HASH_ALGORITHMS: readonly string[] = ["sha512", "sha256", "sha1", "md5"];

/** The output of `printLocated`. */
const LOCATED_OUTPUT = { ...IMAGE_OUTPUT, columns: [...IMAGE_COLUMNS, "file", "schema"] };

export const COMMANDS = {
  "add-location": command({
    output: IMAGE_OUTPUT,
    details: 'For older clouds, and for metadata of the location, use "glance-edge location-add".',
    positionals: [IMAGE],
    flags: {
      "url": required("<URL>", "URL of the location"),
      "validation-data": text(
        "<JSON>",
        "Hash of the data, a JSON object of os_hash_algo and os_hash_value (default: {})",
      ),
    },
    async run(invocation, image) {
      const { url, "validation-data": json = "{}" } = invocation.values;
      const hash = validationFrom(json);
      const id = await findImageId(invocation, image);
      const missing = await invocation.call("addImageLocation", id, url, hash)
        .then(() => null, missingApi);
      // A missing API and a missing image have the same status; for the latter, this request fails, too.
      const located = await invocation.call("get", id);
      if (missing === null) return await printImage(invocation, located);
      throw new CommandFailed(
        `Cannot add a location to image "${id}": the cloud has no location API (2.17); use "glance-edge location-add"`,
        missing,
      );
    },
  }),
  "location-add": command({
    positionals: [IMAGE],
    output: LOCATED_OUTPUT,
    flags: {
      ...METADATA_FLAGS,
      "checksum": text("<MD5>", "MD5 checksum of the data"),
      "hash-algo": text("<NAME>", "Algorithm of --hash-value, for example sha512"),
      "hash-value": text("<HEX>", "Hash of the data"),
    },
    async run(invocation, image) {
      const { url, checksum, "hash-algo": algorithm, "hash-value": hash } = invocation.values;
      const metadata = jsonObject("--metadata", invocation.values["metadata"] ?? "{}");
      const id = await findImageId(invocation, image);
      const validation = { os_hash_algo: algorithm, os_hash_value: hash };
      if (checksum === undefined) {
        const session = await sessionOf(invocation);
        const located = await addLocation(session, id, url, { ...metadata, ...validation });
        return await printLocated(invocation, located);
      }
      // The locations API has no field for an MD5 checksum; PATCH has.
      const value = { url, metadata, validation_data: { ...validation, checksum } };
      const patch = [{ op: "add", path: "/locations/-", value }] as const;
      await printLocated(invocation, await invocation.call("update", id, patch));
    },
  }),
  "location-update": command({
    positionals: [IMAGE],
    output: LOCATED_OUTPUT,
    flags: METADATA_FLAGS,
    async run(invocation, image) {
      const { url } = invocation.values;
      const metadata = jsonObject("--metadata", invocation.values["metadata"] ?? "{}");
      const { id, locations } = await findLocations(invocation, image);
      checkKnown(id, locations, [url]);
      const value = locations.map((one) => one.url === url ? { ...one, metadata } : one);
      const patch = [{ op: "replace", path: "/locations", value }] as const;
      await printLocated(invocation, await invocation.call("update", id, patch));
    },
  }),
  "location-delete": command({
    positionals: [IMAGE],
    output: NO_TABLE,
    flags: {
      "url": list("<URL>", "URL of the location; may be repeated", { required: true }),
    },
    async run(invocation, image) {
      const { url } = invocation.values;
      const { id, locations } = await findLocations(invocation, image);
      checkKnown(id, locations, url);
      // From last to first: removing a location shifts the indexes after it.
      const patch = locations.flatMap((one, i) => url.includes(one.url) ? [i] : []).reverse()
        .map((i) => ({ op: "remove", path: `/locations/${i}` }) as const);
      await invocation.call("update", id, patch);
    },
  }),
};

/**
 * The hash in the value of --validation-data; undefined for an empty object.
 *
 * @throws {UsageError} if it has other members, lacks one, or names another algorithm.
 */
function validationFrom(json: string): ValidationData | undefined {
  const { os_hash_algo, os_hash_value, ...others } = jsonObject("--validation-data", json);
  const [other] = Object.keys(others);
  const refuse = (cause: string): never => {
    throw new UsageError(`Cannot use "--validation-data ${json}": ${cause}`);
  };
  if (other !== undefined) {
    return refuse(`it may only have os_hash_algo and os_hash_value, not ${other}`);
  }
  if (os_hash_algo === undefined && os_hash_value === undefined) return undefined;
  if (typeof os_hash_algo !== "string" || typeof os_hash_value !== "string") {
    return refuse("it must have os_hash_algo and os_hash_value, both as strings");
  }
  if (!HASH_ALGORITHMS.includes(os_hash_algo)) {
    return refuse(`os_hash_algo must be one of ${HASH_ALGORITHMS.join(", ")}`);
  }
  return { os_hash_algo, os_hash_value };
}

/** Returns the error of a cloud without the API, and throws all others. */
function missingApi(error: unknown): Error {
  if (error instanceof NotFound || error instanceof NotImplemented) return error;
  throw error;
}

/** @throws {CommandFailed} if the cloud does not show the locations of images. */
async function findLocations(
  invocation: Omit<Invocation, "values">,
  image: string,
): Promise<{ readonly id: string; readonly locations: readonly ImageLocation[] }> {
  const { id, locations } = await findRecord(invocation, image);
  if (locations !== undefined && locations !== null) return { id, locations };
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
    `Cannot find the location "${unknown}": image "${id}" does not have it; see "glance-edge image-show ${id}"`,
  );
}

/** Prints an image as glanceclient does after a change of locations: without `self`. */
async function printLocated(
  invocation: OutputCall,
  image: GlanceImage,
): Promise<void> {
  const { self: _, ...shown } = image;
  await printRecord(invocation, invocation.json ? image : shown);
}
