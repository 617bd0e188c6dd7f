/**
 * From an answer to the result of an operation.
 *
 * @module
 */
import { isRecord } from "../values.ts";

/** An answer is not what its operation gives; the message goes on behind "the answer …". */
export class WrongShape extends Error {}

const DECODER = new TextDecoder();

/** What makes a result of an answer. @throws {WrongShape} */
export type Receive<Result> = (response: Response) => Promise<Result>;

/** The object that an answer is, or that it holds under `key`. */
export function receiveRecord<Result extends object>(key?: string): Receive<Result> {
  return async (response) => {
    const value = await valueIn(response, key);
    // The table states what Glance sends; this is the seam where the wire gets its type.
    if (isRecord(value)) return value as Result;
    throw new WrongShape(`is not ${nameOf(key)}`);
  };
}

/** The list of objects that an answer is, or that it holds under `key`. */
export function receiveList<Entry extends object>(key?: string): Receive<readonly Entry[]> {
  return async (response) => {
    const value = await valueIn(response, key);
    if (isListOfRecords(value)) return value as Entry[];
    throw new WrongShape(`is not ${nameOf(key)}`);
  };
}

/** A list, bare or under `key`: for what has been written both ways. */
export function receiveBareList<Entry>(key: string): Receive<readonly Entry[]> {
  return async (response) => {
    const document = await valueIn(response);
    const value = isRecord(document) ? document[key] : document;
    if (Array.isArray(value)) return value;
    throw new WrongShape(`is not ${nameOf(key)}`);
  };
}

/** A document with a list of objects under `key`, and what else stands beside it. */
export function receivePage<Page extends object>(key: string & keyof Page): Receive<Page> {
  return async (response) => {
    const page = await valueIn(response);
    if (isRecord(page) && isListOfRecords(page[key])) return page as Page;
    throw new WrongShape(`is not ${nameOf(key)}`);
  };
}

/** A short text. */
export async function receiveText(response: Response): Promise<string> {
  return (await response.text()).trim();
}

/**
 * An answer that tells nothing. Glance leaves it empty (204, and 202 of an import); JSON is taken, too,
 * lest a version that adds some is refused. A page is somebody else's word: a proxy's, a portal's.
 */
export async function receiveNothing(response: Response): Promise<void> {
  const text = await response.text();
  if (text.trim() === "" || parseJson(text) !== undefined) return;
  throw new WrongShape("is neither empty nor JSON");
}

async function valueIn(response: Response, key?: string): Promise<unknown> {
  const document = parseJson(await readText(response));
  if (key === undefined) return document;
  return isRecord(document) ? document[key] : undefined;
}

/**
 * The text of a body. Its bytes are given up at once: left to the collector, the pages of a long list
 * would each be read into memory that the system has to give first. Those of a `Response` that somebody
 * has made, which has no URL, are left: Deno shares them with its clones.
 */
async function readText(response: Response): Promise<string> {
  const bytes = await response.arrayBuffer();
  const text = DECODER.decode(bytes);
  // Node 20 has no `transfer`.
  if (response.url !== "") bytes.transfer?.(0);
  return text;
}

function isListOfRecords(value: unknown): boolean {
  return Array.isArray(value) && value.every(isRecord);
}

function nameOf(key: string | undefined): string {
  return key === undefined ? "a JSON document" : `a JSON document with "${key}"`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
