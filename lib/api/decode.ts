/**
 * From an answer to the result of an operation.
 *
 * @module
 */
import { parseJson } from "../http/json.ts";
import { describeType, inspect, isRecord } from "../validate.ts";
import type { GlanceImage } from "./types.ts";
import type { ImagePage } from "./wire.ts";

/** An answer is not what its operation gives; the message goes on behind "the answer …". */
export class WrongShape extends Error {}

/** Makes a result of the text of an answer. @throws {WrongShape} */
export type Receive<Result> = (text: string) => Result;

/** The object that an answer is, or that it holds under `key`; it has a text in each of `fields`. */
export function receiveRecord<Result extends object>(
  key?: string,
  fields: readonly string[] = [],
): Receive<Result> {
  return (text) => {
    const value = valueIn(text, key);
    if (!isRecord(value)) throw new WrongShape(`is not ${nameOf(key)}`);
    for (const field of fields) checkText(value, field);
    // The table states what Glance sends; this is the seam where the wire gets its type.
    return value as Result;
  };
}

/** The record of an image. Sizes, hashes and names become headers and checks, so their types are checked. */
export function receiveImage(text: string): GlanceImage {
  const image = receiveRecord<GlanceImage>(undefined, ["id"])(text);
  checkImage(image);
  return image;
}

/** A page of a list of images, each checked as {@linkcode receiveImage} checks one. */
export function receiveImages(text: string): ImagePage {
  const page = receivePage<ImagePage>("images", "id")(text);
  for (const image of page.images) checkImage(image);
  return page;
}

function checkImage(image: GlanceImage): void {
  const { size = null } = image;
  if (size !== null && !(Number.isSafeInteger(size) && size >= 0)) {
    throw new WrongShape(`has the "size" ${inspect(size)}, which is not a number of bytes`);
  }
  for (const field of OPTIONAL_TEXTS) {
    const value = image[field] ?? "";
    if (typeof value !== "string") {
      throw new WrongShape(`has ${describeType(value)} as "${field}", which is not a string`);
    }
  }
}

/** What else of an image is a text, or null, or missing. */
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

/** The list of objects that an answer is, or that it holds under `key`. */
export function receiveList<Entry extends object>(key?: string): Receive<readonly Entry[]> {
  return (text) => {
    const value = valueIn(text, key);
    if (isListOfRecords(value)) return value as Entry[];
    throw new WrongShape(`is not ${nameOf(key)}`);
  };
}

/** A list, bare or under `key`: for what has been written both ways. */
export function receiveBareList<Entry>(key: string): Receive<readonly Entry[]> {
  return (text) => {
    const document = valueIn(text);
    const value = isRecord(document) ? document[key] : document;
    if (Array.isArray(value)) return value;
    throw new WrongShape(`is not ${nameOf(key)}`);
  };
}

/**
 * A document with a list of objects under `key`, and what else stands beside it; each of the objects has a
 * text in `field`.
 */
export function receivePage<Page extends object>(
  key: string & keyof Page,
  field?: string,
): Receive<Page> {
  return (text) => {
    const page = valueIn(text);
    const entries = isRecord(page) ? page[key] : null;
    if (!isListOfRecords(entries)) throw new WrongShape(`is not ${nameOf(key)}`);
    if (field !== undefined) { for (const entry of entries) checkText(entry, field); }
    return page as Page;
  };
}

/** A short text. A page is from a proxy or a portal. */
export function receiveText(text: string): string {
  if (/^\s*</.test(text)) throw new WrongShape("is a page instead of a word");
  return text.trim();
}

/**
 * An answer that tells nothing. Glance leaves it empty (204, and 202 of an import); JSON is taken, too,
 * lest a version that adds some is refused. A page is somebody else's word: a proxy's, a portal's.
 */
export function receiveNothing(text: string): void {
  if (text.trim() === "" || parseJson(text) !== undefined) return;
  throw new WrongShape("is neither empty nor JSON");
}

function valueIn(text: string, key?: string): unknown {
  const document = parseJson(text);
  if (key === undefined) return document;
  return isRecord(document) ? document[key] : undefined;
}

/** An id is never empty. A name may be, and Glance repeats a member id that came as a number. */
function checkText(record: Readonly<Record<string, unknown>>, field: string): void {
  const value = record[field];
  const isText = typeof value === "string" && (field !== "id" || value !== "");
  if (isText || typeof value === "number" && field === "member_id") return;
  throw new WrongShape(`is not a JSON document with the text "${field}"`);
}

function isListOfRecords(value: unknown): value is Record<string, unknown>[] {
  return Array.isArray(value) && value.every(isRecord);
}

function nameOf(key: string | undefined): string {
  return key === undefined ? "a JSON document" : `a JSON document with "${key}"`;
}
