/** Decodes the body of a response into the result of an operation. Pure. */
import { parseJson } from "../http/json.ts";
import { describeType, inspect, isObject } from "../validate.ts";
import type { GlanceImage } from "./types.ts";
import type { ImagePage } from "./wire.ts";

/** A body does not have the expected shape. The message continues "the response …". */
export class WrongShape extends Error {}

/**
 * Decodes the text of a body.
 *
 * @throws {WrongShape} if it does not have the expected shape.
 */
export type Receive<Result> = (text: string) => Result;

/** Decodes an object, or the object under `key`, with a string in each of `fields`. */
export function receiveRecord<Result extends object>(
  key?: string,
  fields: readonly string[] = [],
): Receive<Result> {
  return (text) => {
    const value = valueIn(text, key);
    if (!isObject(value)) throw new WrongShape(`is not ${nameOf(key)}`);
    for (const field of fields) checkText(value, field);
    // The table of operations declares the type of the response.
    return value as Result;
  };
}

/** Decodes an image. Checks the types of sizes, hashes, and names, which are used in headers and checks. */
export function receiveImage(text: string): GlanceImage {
  const image = receiveRecord<GlanceImage>(undefined, ["id"])(text);
  checkImage(image);
  return image;
}

/** Decodes a page of a list of images, each checked like {@linkcode receiveImage}. */
export function receiveImages(text: string): ImagePage {
  const page = receivePage<ImagePage>("images", "id")(text);
  for (const image of page.images) checkImage(image);
  return page;
}

function checkImage(image: GlanceImage): void {
  const { size = null } = image;
  if (size !== null && !(Number.isSafeInteger(size) && size >= 0)) {
    throw new WrongShape(`has ${inspect(size)} as "size" instead of a number of bytes`);
  }
  for (const field of OPTIONAL_TEXTS) {
    const value = image[field] ?? "";
    if (typeof value !== "string") {
      throw new WrongShape(`has ${describeType(value)} as "${field}" instead of a string`);
    }
  }
}

/** Properties of an image that must be a string, null, or absent. */
const OPTIONAL_TEXTS = [
  "name",
  "disk_format",
  "checksum",
  "os_hash_algo",
  "os_hash_value",
  "stores",
  "created_at",
  "updated_at",
  "deleted_at",
] as const satisfies (keyof GlanceImage)[];

/** Decodes a list of objects, or the one under `key`. */
export function receiveList<Entry extends object>(key?: string): Receive<readonly Entry[]> {
  return (text) => {
    const value = valueIn(text, key);
    if (isListOfRecords(value)) return value as Entry[];
    throw new WrongShape(`is not ${nameOf(key)}`);
  };
}

/** Decodes a list that is either the document or under `key`. */
export function receiveBareList<Entry>(key: string): Receive<readonly Entry[]> {
  return (text) => {
    const document = valueIn(text);
    const value = isObject(document) ? document[key] : document;
    if (Array.isArray(value)) return value;
    throw new WrongShape(`is not ${nameOf(key)}`);
  };
}

/**
 * Decodes a document with a list of objects under `key`. Each object has a string in `field`. Other keys
 * are kept.
 */
export function receivePage<Page extends object>(
  key: string & keyof Page,
  field?: string,
): Receive<Page> {
  return (text) => {
    const page = valueIn(text);
    const entries = isObject(page) ? page[key] : null;
    if (!isListOfRecords(entries)) throw new WrongShape(`is not ${nameOf(key)}`);
    if (field !== undefined) { for (const entry of entries) checkText(entry, field); }
    return page as Page;
  };
}

/** Decodes plain text. HTML is from a proxy or a captive portal. */
export function receiveText(text: string): string {
  if (/^\s*</.test(text)) throw new WrongShape("is an HTML page instead of text");
  return text.trim();
}

/**
 * Accepts an empty body (204, or 202 of an import). Also accepts JSON, which a later version of Glance
 * might add. Anything else is from a proxy or a captive portal.
 */
export function receiveNothing(text: string): void {
  if (text.trim() === "" || parseJson(text) !== undefined) return;
  throw new WrongShape("is neither empty nor JSON");
}

function valueIn(text: string, key?: string): unknown {
  const document = parseJson(text);
  if (key === undefined) return document;
  return isObject(document) ? document[key] : undefined;
}

/** An id is never empty; a name can be. Glance returns a member id as a number if it was sent as one. */
function checkText(record: Readonly<Record<string, unknown>>, field: string): void {
  const value = record[field];
  const isText = typeof value === "string" && (field !== "id" || value !== "");
  if (isText || typeof value === "number" && field === "member_id") return;
  throw new WrongShape(`is not a JSON document with the text "${field}"`);
}

function isListOfRecords(value: unknown): value is Record<string, unknown>[] {
  return Array.isArray(value) && value.every(isObject);
}

function nameOf(key: string | undefined): string {
  return key === undefined ? "a JSON document" : `a JSON document with "${key}"`;
}
