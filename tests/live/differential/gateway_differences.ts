/** Differences between the gateway and its Glance. */
import type { Difference } from "./differences.ts";
import type { Finding } from "./campaign.ts";

/** A path segment that the gateway does not forward. */
const UNSENDABLE = /^$|%2f|%(ff|c0|ed)/i;

/** Glance's messages about a body that it parses although the path or method takes none. */
const BODY_READ = /Malformed JSON|Body expected|Unexpected body type/;

/** Differences of the gateway. */
export const GATEWAY_DIFFERENCES: readonly Difference[] = [
  {
    name: "a path without a version",
    reason: "Such paths belong to the application of the router: 404 instead of the versions.",
    explains: ({ step, expected, actual }) =>
      (expected.status === 300 || step.method === "OPTIONS") && actual.status === 404 &&
      !/^\/v2(\.\d+)?([/?]|$)/.test(step.path),
  },
  {
    name: "a segment that is empty, has an encoded slash, or is not UTF-8",
    reason: "A slash that is encoded would hide the path from the rules of an application: 404.",
    explains: (finding) => isRefusal(finding) && segmentsOf(finding).some(isUnsendable),
  },
  {
    name: "a name that consists of dots",
    reason: "No URL of the Fetch API can carry it, however it is encoded: 404.",
    explains: (finding) =>
      isRefusal(finding) && segmentsOf(finding).some((part) => /^(\.|%2e){1,2}$/i.test(part)),
  },
  {
    name: "an id that cannot be one, or in capital letters",
    reason: "Ids have one spelling, so that a decision about one of them holds for all.",
    explains: ({ step, expected, actual }) =>
      actual.status >= 400 && expected.status >= 400 &&
      /\/(images|members|tasks|cache|stores\/\w+)\/[^/?]*(%|[A-F]{8})/.test(step.path),
  },
  {
    name: "a request id where Glance gives none",
    reason: "The gateway's log names every request by its id.",
    explains: ({ mismatch: { what, expected } }) =>
      what === "header x-openstack-request-id" && expected === "(absent)",
  },
  {
    name: "a request id of more than 60 characters",
    reason:
      "With its prefix it is longer than Glance takes from the next server: another takes its place.",
    explains: ({ step, mismatch: { what } }) =>
      step.headers.some(([name, value]) => /request-id/i.test(name) && value.length > 60) &&
      (what === "status" || what === "header x-openstack-request-id"),
  },
  {
    name: "headers of image data that browsers, curl and caches need",
    reason: "Ranges, entity tags and file names are the gateway's own; Glance has none of them.",
    explains: ({ step, mismatch: { what, expected } }) =>
      isData(step.path) && expected === "(absent)" &&
      /^header (accept-ranges|etag|cache-control|content-disposition)$/.test(what),
  },
  {
    name: "Content-Range of an answer with 416",
    reason: "RFC 9110, section 15.5.17: it tells the size.",
    explains: ({ mismatch: { what }, actual }) =>
      actual.status === 416 && what === "header content-range",
  },
  {
    name: "HEAD of image data",
    reason: "It is answered without reading the data; Glance responds with 405.",
    explains: ({ step }) => step.method === "HEAD" && isData(step.path),
  },
  {
    name: "several ranges",
    reason: "RFC 9110, section 14.2: a server may send all of it; Glance responds with 400.",
    explains: ({ step, expected, actual }) =>
      isData(step.path) && expected.status === 400 && actual.status === 200 &&
      /,/.test(rangeOf(step)),
  },
  {
    name: "a range that is malformed, or in another unit",
    reason:
      "RFC 9110, section 14.2: a range that is not understood is ignored; Glance responds with 416.",
    explains: ({ step, expected, actual }) =>
      isData(step.path) && expected.status === 416 && actual.status === 200,
  },
  {
    name: "the last 0 bytes",
    reason:
      "RFC 9110, section 14.1.2: no byte is asked for, so 416; Glance sends the whole with 206.",
    explains: ({ step, actual }) =>
      isData(step.path) && rangeOf(step) === "bytes=-0" && actual.status === 416,
  },
  {
    name: "a range of an image of no bytes",
    reason: "RFC 9110, section 14.4: Content-Range cannot describe it, so 416; Glance sends 206.",
    explains: ({ step, actual, mismatch: { expected } }) =>
      isData(step.path) && rangeOf(step) !== "" && actual.status === 416 && expected === "206 ",
  },
  {
    name: "a write of another site without a token",
    reason: "A web page must not use the gateway of its reader: 403 instead of 401.",
    explains: ({ step, expected, actual }) =>
      expected.status === 401 && actual.status === 403 &&
      step.headers.some(([name]) => name === "Origin"),
  },
  {
    name: "a new namespace with control characters in its name",
    reason: "Glance writes them into Location, and fetch refuses such a response: 502.",
    explains: ({ expected, actual }) =>
      actual.status === 502 && hasControlCharacter(expected.headers["location"] ?? ""),
  },
  {
    name: "a new namespace whose name is not Latin-1",
    reason: "Glance creates it and closes the connection, since Location cannot hold the name.",
    explains: ({ step, expected }) =>
      expected.status === 0 && step.method === "POST" && /metadefs/.test(step.path),
  },
  {
    name: "an image of the cache whose id is clean, prune or nodes",
    reason: "Since 2.18 these are paths of their own, and never ids.",
    explains: ({ step }) => /\/cache\/(clean|prune|nodes)\b/.test(step.path),
  },
  {
    name: "conditions",
    reason: "The gateway knows entity tags, so If-Match and If-None-Match count.",
    explains: ({ step, actual }) =>
      isData(step.path) && (actual.status === 304 || actual.status === 412),
  },
  {
    name: "a body of a request whose method or path takes none",
    reason:
      "It is not read, so it cannot be malformed; Glance parses it before it looks at the method.",
    explains: ({ step, expected, actual }) =>
      expected.status === 400 && BODY_READ.test(expected.body) && step.body !== null &&
      (actual.status === 405 || actual.status === 404 || step.method === "GET"),
  },
  {
    name: "a chunked body without a byte",
    reason: "fetch sends it with a length of 0, which Glance takes for no body.",
    explains: ({ step }) => step.isChunked && step.body?.length === 0,
  },
  {
    name: "the media type of an answer to HEAD",
    reason:
      "RFC 9110, section 9.3.2: the headers are those of GET; Glance's are always those of HTML.",
    explains: ({ step, mismatch: { what, expected } }) =>
      step.method === "HEAD" && what === "header content-type" && expected.startsWith("text/html"),
  },
  {
    name: "a method in lower case",
    reason:
      "RFC 9110, section 9.1: methods are case-sensitive; Glance's layers do not agree on it.",
    explains: ({ step }) => /^[a-z]+$/.test(step.method),
  },
];

function segmentsOf({ step }: Finding): string[] {
  return (step.path.split("?")[0] ?? "").split("/").slice(1);
}

function isUnsendable(segment: string): boolean {
  return UNSENDABLE.test(segment);
}

/** True if the gateway rejected the request without forwarding it. */
function isRefusal({ actual: { status } }: Finding): boolean {
  return [300, 401, 404, 405, 501].includes(status);
}

function hasControlCharacter(text: string): boolean {
  return [...text].some((char) => char < " " && char !== "\t" || char === "\u007f");
}

function isData(path: string): boolean {
  return /^\/+v2(\.\d+)?\/+images\/[^/]+\/file$/.test(path.split("?")[0] ?? "");
}

function rangeOf({ headers }: Finding["step"]): string {
  return headers.find(([name]) => name === "Range")?.[1] ?? "";
}
