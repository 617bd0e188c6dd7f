/** Differences between the embedded Glance and the real one. */
import type { Difference } from "./differences.ts";

/** Differences of the embedded Glance. */
export const EMBEDDED_DIFFERENCES: readonly Difference[] = [
  {
    name: "input over which Glance fails",
    reason:
      "No input makes the embedded Glance answer 500: it answers 4xx, or does what was asked.",
    explains: ({ expected, actual }) => expected.status === 500 && actual.status < 500,
  },
  {
    name: "the schema in a message about what does not fit",
    reason: "Python prints the part of the schema and the value; the words before it are the same.",
    explains: ({ mismatch, expected, actual }) =>
      mismatch.what === "body" && expected.status === 400 &&
      withoutSchema(expected.body) === withoutSchema(actual.body),
  },
  {
    name: "the address of Keystone",
    reason: "The embedded Glance has none: a 401 names no way to authenticate.",
    explains: ({ mismatch }) => mismatch.what === "header www-authenticate",
  },
  {
    name: "a backslash or a segment of dots in a path",
    reason: "The URL Standard, which Request follows, resolves both.",
    explains: ({ step }) =>
      /\\|(^|\/)(\.|%2e){1,2}(?=\/|$|\?)/i.test(step.path.split("?")[0] ?? ""),
  },
  {
    name: "the place of the data",
    reason: "The embedded Glance of this test keeps it in memory, the real one in files.",
    explains: ({ mismatch }) =>
      mismatch.what === "body" &&
      inFiles(mismatch.expected) === inFiles(mismatch.actual),
  },
  {
    name: "the words of a schema",
    reason: "Descriptions are the project's own; 2.17 brought a type of task.",
    explains: ({ step, mismatch, expected, actual }) =>
      mismatch.what === "body" &&
      (/^\/v2(\.\d+)?\/+schemas\//.test(step.path)
        ? withoutWords(expected.body) === withoutWords(actual.body)
        : actual.body.includes("'location_import']")),
  },
  {
    name: "a body where none is expected",
    reason: "Glance reads it first, and fails over one that is JSON.",
    explains: ({ mismatch, actual }) =>
      mismatch.what === "body" && actual.body.includes("A body is not expected"),
  },
  {
    name: "a malformed body of a request without a body",
    reason: "The embedded Glance does not read it.",
    explains: ({ step, expected }) =>
      ["GET", "DELETE"].includes(step.method) && step.body !== null && expected.status === 400 &&
      /Malformed JSON|Unexpected body type/.test(expected.body),
  },
  {
    name: "half a surrogate pair, or numbers that JSON does not have",
    reason: "Python reads them; the embedded Glance responds with 400 before anything else.",
    explains: ({ step, actual }) =>
      step.body !== null && actual.status === 400 && actual.body.includes("Malformed JSON") &&
      /\\ud[89a-f]|NaN|Infinity/i.test(new TextDecoder().decode(step.body)),
  },
  {
    name: "a character in a Location that a URL has percent-encoded",
    reason: "Glance writes it as it is.",
    explains: ({ step, mismatch }) =>
      mismatch.what === "header location" && /\/metadefs\/namespaces(\?|$)/.test(step.path),
  },
  {
    name: "one of several faults of a body",
    reason: "Which of them Glance tells first follows from no rule that a client could rely on.",
    explains: ({ mismatch, expected, actual }) =>
      mismatch.what === "body" && expected.status === 400 &&
      [expected, actual].every(({ body }) => body.includes("does not match schema")),
  },
  {
    name: "a property that is too long",
    reason: "Glance responds with 500, or finds another fault first.",
    explains: ({ actual }) =>
      actual.status === 400 && actual.body.includes("must not exceed 65535"),
  },
  {
    name: "a response that Glance cannot write",
    reason: "A name in its Location breaks the connection.",
    explains: ({ expected }) => expected.status === 0,
  },
  {
    name: "a request id that is too long",
    reason: "Glance responds with 500, or finds another fault first; here it is 431.",
    explains: ({ actual }) => actual.status === 431,
  },
  {
    name: "a visibility given twice, or an empty list of resource types",
    reason: "Not modeled: Glance takes the last one, and asks its database nothing for the other.",
    explains: ({ step }) => /visibility=.*visibility=|resource_types=(&|$)/.test(step.path),
  },
  {
    name: "a percent sign with a single digit in a list of resource types",
    reason: "Glance decodes it in its links, against the URL Standard.",
    explains: ({ step, mismatch }) =>
      mismatch.what === "body" &&
      /resource_types=[^&]*%[0-9a-f](?![0-9a-f])/i.test(step.path),
  },
  {
    name: "a line break in a path",
    reason: "It differs only in how the message about it is folded.",
    explains: ({ step, mismatch }) => mismatch.what === "body" && /%0[ad]/i.test(step.path),
  },
  {
    name: "a method in lower case",
    reason: "Request makes it upper case.",
    explains: ({ step }) => step.method !== step.method.toUpperCase(),
  },
];

/** A message up to the quoted schema, without separators. */
function withoutSchema(body: string): string {
  const words = body.replaceAll(/\\n|<br ?\/?>|\s+/g, " ");
  return words.replace(/Failed validating .*?(?="|<\/body>|$)/s, "").replaceAll(/ +/g, "");
}

/** Replaces URLs of data as if all data were in files. */
function inFiles(text: string): string {
  return text.replaceAll("memory:///", "file://DIRECTORY/stores/")
    .replaceAll(/"data_dir": "(DIRECTORY\/stores)?\//g, '"data_dir": "/');
}

/** A schema without descriptions. */
function withoutWords(text: string): string {
  const parsed = JSON.parse(
    text,
    (name, value: unknown) => name === "description" && typeof value === "string" ? "" : value,
  );
  return JSON.stringify(parsed).replaceAll('"location_import"', "").replaceAll(",]", "]");
}
