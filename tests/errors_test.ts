/** Every error has its class and cause, and shows no secret. */
import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import * as errors from "../lib/errors.ts";
import { GlanceError, ImageIntegrityError } from "../lib/errors.ts";
import { errorFromStatus, redact } from "../lib/api/mod.ts";

type ErrorClass = new (
  message: string,
  options: ConstructorParameters<typeof ImageIntegrityError>[1],
) => GlanceError;

/** Every error class, by the name under which it is exported. */
const CLASSES = Object.entries<unknown>(errors)
  .filter((entry): entry is [string, ErrorClass] => isErrorClass(entry[1]));

function isErrorClass(value: unknown): boolean {
  return typeof value === "function" && value.prototype instanceof Error;
}

const FACTS = {
  imageId: "42",
  server: "https://glance",
  status: 418,
  requestId: "req-1",
  attempts: 3,
  expected: "size 1",
  actual: "size 2",
};

Deno.test("GlanceError and its subclasses are exports of lib/errors.ts", () => {
  const names = CLASSES.map(([name]) => name);
  for (const name of ["GlanceError", "ImageNotFound", "GlanceConnectionFailed"]) {
    assert(names.includes(name), name);
  }
  assert(names.length > 20);
});

for (const [name, ErrorClass] of CLASSES) {
  Deno.test(`new ${name}() sets name, cause and its own members`, () => {
    const cause = new TypeError("the reason");
    const error = new ErrorClass("Cannot do it", { ...FACTS, cause });
    assertInstanceOf(error, GlanceError);
    assertInstanceOf(error, Error);
    assertEquals(error.name, name);
    assertEquals(ErrorClass.name, name);
    assertEquals(error.message, "Cannot do it");
    assertEquals(String(error), `${name}: Cannot do it`);
    assert(error.stack?.includes("errors_test.ts"));
    assertStrictEquals(error.cause, cause);
    const { imageId, server, status, requestId, attempts } = error;
    assertEquals({ imageId, server, status, requestId, attempts }, {
      imageId: "42",
      server: "https://glance",
      status: 418,
      requestId: "req-1",
      attempts: 3,
    });
  });
}

Deno.test("GlanceError has a cause if and only if one is given, even undefined", () => {
  assertEquals("cause" in new GlanceError("Cannot do it"), false);
  assertEquals("cause" in new GlanceError("Cannot do it", { cause: undefined }), true);
  assertEquals(new GlanceError("Cannot do it").imageId, undefined);
});

Deno.test("ImageIntegrityError has the expected and the actual value", () => {
  const { expected, actual } = new ImageIntegrityError("Cannot accept it", FACTS);
  assertEquals([expected, actual], ["size 1", "size 2"]);
});

/** Status -> the error of a request about one image, and that of another request. */
const STATUSES: readonly (readonly [status: number, image: string, other: string])[] = [
  [400, "Invalid", "Invalid"],
  [401, "ImageNotAuthorized", "NotAuthorized"],
  [402, "UnexpectedStatus", "UnexpectedStatus"],
  [403, "ImageNotAuthorized", "NotAuthorized"],
  [404, "ImageNotFound", "NotFound"],
  [405, "NotImplemented", "NotImplemented"],
  [406, "UnexpectedStatus", "UnexpectedStatus"],
  [408, "UnexpectedStatus", "UnexpectedStatus"],
  [409, "ImageConflict", "Conflict"],
  [410, "ImageConflict", "Conflict"],
  [412, "UnexpectedStatus", "UnexpectedStatus"],
  [413, "ImageLimitExceeded", "ImageLimitExceeded"],
  [415, "ImageContentRejected", "Invalid"],
  [416, "Invalid", "Invalid"],
  [418, "UnexpectedStatus", "UnexpectedStatus"],
  [429, "UnexpectedStatus", "UnexpectedStatus"],
  [500, "UnexpectedStatus", "UnexpectedStatus"],
  [501, "NotImplemented", "NotImplemented"],
  [502, "UnexpectedStatus", "UnexpectedStatus"],
  [503, "UnexpectedStatus", "UnexpectedStatus"],
  [504, "UnexpectedStatus", "UnexpectedStatus"],
  [507, "UnexpectedStatus", "UnexpectedStatus"],
];

for (const [status, image, other] of STATUSES) {
  Deno.test(`errorFromStatus() returns ${image} for an image and ${other} otherwise when the status is ${status}`, () => {
    const response = { status, action: "do it", explanation: "because", attempts: 2 };
    const ofImage = errorFromStatus({ ...response, imageId: "42" });
    const ofOther = errorFromStatus(response);
    assertEquals([ofImage.name, ofOther.name], [image, other]);
    const [what, hint] = ofImage.message.split("; ");
    assertEquals(what, `Cannot do it: the server responded with ${status}, "because"`);
    assertEquals(hint !== undefined, [401, 403, 405, 413, 501].includes(status));
    assertEquals(ofOther.message, ofImage.message);
    assertEquals([ofImage.imageId, ofOther.imageId], ["42", undefined]);
    assertEquals([ofImage.status, ofImage.attempts], [status, 2]);
  });
}

Deno.test("errorFromStatus() quotes nothing when the response has no explanation", () => {
  const { message } = errorFromStatus({ status: 500, action: "do it", explanation: "" });
  assertEquals(message, "Cannot do it: the server responded with 500");
});

/** A URL -> what `redact` shows of it. */
const REDACTED: readonly (readonly [url: string, shown: string])[] = [
  ["https://host/v2/images", "https://host/v2/images"],
  ["https://host:9292", "https://host:9292"],
  ["https://me:pw@host/v2/images?token=x", "https://host/v2/images"],
  ["https://me@host/", "https://host/"],
  ["https://:pw@host/", "https://host/"],
  ["https://me:p@w@host/", "https://host/"],
  ["https://me:p%40w@host/", "https://host/"],
  ["HTTPS://me:pw@HOST/", "HTTPS://HOST/"],
  ["https://host?token=x", "https://host"],
  ["https://host/a?b?c#d?e", "https://host/a"],
  ["https://host/a#token=x", "https://host/a"],
  ["https://host/a?b\nc", "https://host/a"],
  ["https://host/mail@example", "https://host/mail@example"],
  ["https://host/a?mail=me@example", "https://host/a"],
  ["https://[::1]:9292/v2", "https://[::1]:9292/v2"],
  ["https://me:pw@[::1]:9292/v2?x", "https://[::1]:9292/v2"],
  ["rbd://me:pw@pool/image", "rbd://pool/image"],
  ["swift+https://account:user:key@auth/v1/c/o", "swift+https://auth/v1/c/o"],
  ["file:///var/lib/glance/a@b", "file:///var/lib/glance/a@b"],
  ["/v2/images/42?token=x", "/v2/images/42"],
  ["/v2/images/a@b", "/v2/images/a@b"],
  ["?token=x", ""],
  ["", ""],
  ["host:9292", "host:9292"],
  ["me:pw@host:9292", "host:9292"],
  ["//me:pw@host/a", "//host/a"],
  ["//host/a?token=x", "//host/a"],
  // Not a URL, because the password is not encoded: its end is unknown.
  ["https://me:p/w@host/a", "https://host/a"],
  ["https://me:p?w@host/a", "https://host/a"],
  ["https://me:p#w@host/a", "https://host/a"],
  ["https://me:p w/@host/a", "https://host/a"],
  ["https:/me:pw@host/a", "https:/host/a"],
  ["me:p/w@host:9292", "host:9292"],
  ["  https://me:pw@host", "host"],
];

for (const [url, shown] of REDACTED) {
  Deno.test(`redact() returns ${JSON.stringify(shown)} for ${JSON.stringify(url)}`, () => {
    assertEquals(redact(url), shown);
    if (URL.canParse(url)) assert(!/pw|token=x/.test(redact(new URL(url))), redact(new URL(url)));
  });
}
