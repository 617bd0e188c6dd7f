/**
 * The compared parts of a response: status, headers, and body, without what differs between correct
 * servers (addresses, generated ids, times).
 */
import type { RawResponse } from "./raw_http.ts";

/** A normalized response. */
export interface Outcome {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A difference between two outcomes. */
export interface Mismatch {
  /** `status`, `body`, or `header` with its name. */
  readonly what: string;
  readonly expected: string;
  readonly actual: string;
}

/** Values that are specific to a server. */
export interface Deviations {
  /** URL without a path. */
  readonly origin: string;
  /** Directory of the stores if they are files. */
  readonly directory: string;
}

/** Headers that depend on the connection or the server software. */
const IGNORED_HEADERS: ReadonlySet<string> = new Set([
  "connection",
  "date",
  "keep-alive",
  "server",
  "transfer-encoding",
  "vary",
]);

/** Suffix of ids in requests, which distinguishes them from generated ids. */
export const CHOSEN_ID_END = "-4111-8111-111111111111";

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const TIME = /\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z?/g;

/** Lists ordered by creation time (whole seconds) or by a hash. */
const UNORDERED_LISTS: ReadonlySet<string> = new Set([
  "cached_images",
  "images",
  "members",
  "namespaces",
  "objects",
  "properties",
  "queued_images",
  "resource_type_associations",
  "resource_types",
  "tags",
  "tasks",
]);

/** Normalizes a response. `isOrdered` is true if the request sets the order of the list. */
export function outcomeOf(
  response: RawResponse,
  own: Deviations,
  isOrdered: boolean,
): Outcome {
  const headers: Record<string, string> = {};
  for (const [name, value] of response.headers) {
    if (IGNORED_HEADERS.has(name) || name === "content-length") continue;
    headers[name] = neutral(value, own);
  }
  const text = textOf(response.body);
  const isJson = headers["content-type"]?.includes("json") ?? false;
  const body = isJson ? neutralJson(text, own, isOrdered) : neutral(text, own);
  return { status: response.status, headers, body: response.isCut ? `${body} (cut)` : body };
}

/** All differences. If the status differs, headers and bodies are not compared. */
export function mismatchesOf(expected: Outcome, actual: Outcome): Mismatch[] {
  if (expected.status !== actual.status) {
    return [{ what: "status", ...texts(expected, actual, summaryOf) }];
  }
  const mismatches: Mismatch[] = [];
  const names = new Set([...Object.keys(expected.headers), ...Object.keys(actual.headers)]);
  for (const name of [...names].sort()) {
    const valueIn = ({ headers }: Outcome) => headers[name] ?? "(absent)";
    if (valueIn(expected) !== valueIn(actual)) {
      mismatches.push({ what: `header ${name}`, ...texts(expected, actual, valueIn) });
    }
  }
  if (expected.body !== actual.body) {
    mismatches.push({ what: "body", ...texts(expected, actual, ({ body }) => body) });
  }
  return mismatches;
}

function texts(expected: Outcome, actual: Outcome, textIn: (outcome: Outcome) => string) {
  return { expected: textIn(expected), actual: textIn(actual) };
}

function summaryOf({ status, body }: Outcome): string {
  return `${status} ${body.replaceAll(/\s+/g, " ").slice(0, 200)}`;
}

/** Text of the bytes; bytes that are not UTF-8 are shown as numbers. */
function textOf(bytes: Uint8Array<ArrayBuffer>): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return `(bytes ${bytes.toHex()})`;
  }
}

function neutral(text: string, { origin, directory }: Deviations): string {
  return text
    .replaceAll(origin, "ORIGIN")
    .replaceAll(new URL(origin).host, "HOST")
    .replaceAll(directory, "DIRECTORY")
    // Glance adds its internal stores to the list once they were used.
    .replaceAll(",os_glance_staging_store,os_glance_tasks_store", "")
    .replaceAll(UUID, (id) => id.endsWith(CHOSEN_ID_END) ? id : "ID")
    .replaceAll(/\breq-ID\b|req-[0-9a-f]{32}/g, "REQUEST-ID")
    .replaceAll(TIME, "TIME");
}

/** JSON with sorted keys. Lists of records are sorted unless the request sets the order. */
function neutralJson(text: string, own: Deviations, isOrdered: boolean): string {
  try {
    return neutral(JSON.stringify(sorted(JSON.parse(text), isOrdered), null, 1), own);
  } catch {
    return neutral(text, own);
  }
}

function sorted(value: unknown, isOrdered: boolean, name = ""): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => sorted(item, isOrdered));
    if (!UNORDERED_LISTS.has(name) || isOrdered && name !== "tags") return items;
    return items.sort((a, b) => keyOf(a) < keyOf(b) ? -1 : 1);
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => a < b ? -1 : 1)
      .map(([key, item]) => [key, sorted(item, isOrdered, key)]),
  );
}

function keyOf(record: unknown): string {
  return JSON.stringify(record)
    .replaceAll(UUID, (id) => id.endsWith(CHOSEN_ID_END) ? id : "ID")
    .replaceAll(TIME, "TIME");
}
