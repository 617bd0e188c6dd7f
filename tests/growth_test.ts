/** The time to process untrusted text is proportional to its length, whatever its content. */
import { assert, assertEquals } from "@std/assert";
import { explanationIn } from "../lib/http/on_demand/explanation.ts";
import { parseRetryAfter } from "../lib/http/retry/retry_policy.ts";
import { causesOf, sentenceOf } from "../lib/cli/system/errors.ts";
import { printable } from "../lib/cli/system/console.ts";
import { nearest } from "../lib/cli/args/nearest.ts";
import { drawTable, widthOf, wrap } from "../lib/cli/output/table.ts";
import { parseApiServer } from "../lib/api_server.ts";
import { dateOf } from "../lib/api/date.ts";
import { isoTime, splitList } from "../lib/embedded/lists/filter_values.ts";
import { Failure, failureResponse } from "../lib/embedded/http/errors.ts";
import { bestOffer } from "../lib/embedded/http/negotiation.ts";
import { python, urlencode } from "../lib/embedded/http/python_format.ts";
import { orderOf } from "../lib/embedded/lists/sort.ts";
import { addressOf, rawPath } from "../lib/router/path.ts";
import { planOf } from "../lib/router/file/conditions.ts";
import { isIdempotentPatch, withId } from "../lib/router/forward/image_writes.ts";
import { credentialOf, inboundHeaders, requestIdOf } from "../lib/router/forward/headers.ts";
import { httpErrorResponse } from "../lib/router/on_demand/error_formats.ts";
import { HttpError } from "../lib/router/error_response.ts";
import { dataHeaders } from "../lib/router/file/file_headers.ts";
import { API_PATHS } from "../lib/router/routes.ts";
import { getRemoteImageService } from "../mod.ts";
import { type GlanceImage, redact } from "../lib/api/mod.ts";
import { redactUrls } from "../lib/redact.ts";
import { assertLinear } from "./support/growth.ts";

/** Characters of the shorter text; the longer one has eight times as many. */
const SHORT = 4_000;

/** The parts of the texts: the starts and ends of everything that the code searches for. */
// deno-fmt-ignore
const UNITS = [
  "a", "A ", " ", "\t", "\n", ".", ". ", "<", "<a", "<head", "<head>", "<br", "</", ">", "http://", "http:", "://",
  "a:", "a-", "a.", "a+", "@", "http://@", "?", "#", "/", "/ ", "\"", "\\", "\\\"", "\",", ",", ", ", ";", ";q=", "-",
  "--", "ab-cd", " for url (", "This server could not verify that you are authorized", "credentials required",
  "\u00e9", "\u6f22", "e\u0301", "\u{1f468}\u200d\u{1f469}\u200d\u{1f467}", "\u{1f1e6}", "\u0301", "\u0915\u094d", "\u1100", "\u200b", "\ud800", "[", "{", "{\"a\":", "[{", "&lt;", "&", "%", "%20",
  ":", "=", "W/\"", "~", "0", "bytes=", "1-", "/images/", "/v2", "/v2.1/", "'", "(", "in:", "name:asc,", "secret", "metadata namespace ", "authUrl (OS_AUTH_URL, ", "aA", "the option ",
];

const image = (name: string): GlanceImage => ({ id: "1", name, disk_format: "raw" } as GlanceImage);
const pathOfImage = API_PATHS.find(({ path }) => path === "/images/{image_id}");

/** A header with the characters of a text that a header can contain. */
function header(name: string, text: string): Headers {
  return new Headers({ [name]: text.replaceAll(/[^\t -~]/g, "x") });
}

function swallow(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    assert(!(error instanceof RangeError), `${error}`);
  }
}

/** Every function that reads text of servers, callers, or files. */
const READERS: Readonly<Record<string, (text: string) => unknown>> = {
  redact,
  "redact of a URL": (text) => redact(`http://host/${text}`),
  "redact of user information": (text) => redact(`http://${text}@host`),
  redactUrls,
  explanationIn: (text) => explanationIn(text, ["secret"]),
  "explanationIn of JSON": (text) => explanationIn(JSON.stringify({ message: text }), ["secret"]),
  parseRetryAfter: (text) => parseRetryAfter(text, 0),
  sentenceOf: (text) => sentenceOf(new Error(text)),
  causesOf: (text) => causesOf(new Error("a", { cause: new Error(text) })),
  printable,
  drawTable: (text) => drawTable(["Property", "Value"], [["a", text]], { maxWidths: [80, 80] }),
  widthOf,
  "wrap to one column": (text) => wrap(text, 1),
  nearest: (text) => nearest(text, ["image-list"]),
  parseApiServer: (text) => parseApiServer(`http://host/${text}`),
  "parseApiServer of a host": parseApiServer,
  getRemoteImageService: (text) => getRemoteImageService({}, `http://host/${text}`),
  "getRemoteImageService of a host": (text) => getRemoteImageService({}, text),
  dateOf,
  "planOf of Range": (text) => planOf("GET", header("range", text), { etag: '"1"', size: 9 }),
  "planOf of a range of bytes": (text) =>
    planOf("GET", header("range", `bytes=${text}`), { etag: '"1"', size: 9 }),
  "planOf of If-None-Match": (text) =>
    planOf("GET", header("if-none-match", text), { etag: '"1"', size: 9 }),
  rawPath: (text) => rawPath(`http://host/${text}`),
  addressOf: (text) => pathOfImage && addressOf(`http://host/v2/images/${text}`, pathOfImage, "v2"),
  "inboundHeaders of Connection": (text) => inboundHeaders(header("connection", text)),
  requestIdOf: (text) => requestIdOf(header("x-openstack-request-id", text)),
  credentialOf: (text) => credentialOf(header("x-auth-token", text), "x-auth-token"),
  "httpErrorResponse of Accept": (text) =>
    httpErrorResponse(
      new Request("http://host", { headers: header("accept", text) }),
      new HttpError(404, text),
    ),
  "dataHeaders of a name": (text) => dataHeaders(image(text), { kind: "whole" }),
  withId: (text) => withId(text, "1"),
  isIdempotentPatch,
  splitList,
  isoTime,
  bestOffer: (text) => bestOffer(text, ["text/html", "application/json"]),
  python,
  urlencode: (text) => urlencode([["a", text]]),
  orderOf: (text) => orderOf(new URLSearchParams([["sort", text]])),
  failureResponse: (text) =>
    failureResponse(
      new Request("http://host", { headers: { accept: "image/x" } }),
      new Failure(404, text),
    ),
};

for (const [name, read] of Object.entries(READERS)) {
  Deno.test(`${name.replace(/^\w+/, "$&()")} takes time in proportion to the length of its input`, async () => {
    for (const unit of UNITS) {
      // A run in the middle, and one at the end.
      for (const [before, after] of [["", "!"], ["x b", ""]] as const) {
        const work = (length: number) => {
          const text = before + unit.repeat(Math.ceil(length / unit.length)) + after;
          swallow(() => read(text));
        };
        await assertLinear(SHORT, work, JSON.stringify(unit));
      }
    }
  });
}

Deno.test("redactUrls() hides user information and queries of URLs of any scheme", () => {
  const long = `a${"1".repeat(80)}`;
  for (const scheme of ["http", "swift+https", "rbd", long]) {
    assertEquals(redactUrls(`no "${scheme}://me:pw@h/a?t=x" here`), `no "${scheme}://h/a" here`);
  }
  assertEquals(redactUrls("http://me:p/w@h/a is no URL"), "http://h/a is no URL");
});
