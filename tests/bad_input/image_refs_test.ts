/** Bad references to images. */
import { getRemoteImageService } from "../../mod.ts";
import { InvalidImageRef } from "../../lib/errors.ts";
import { ALICE, CANARY, NO_URL, PASSWORD, row, testBadInput, untyped } from "./harness.ts";

function href(text: string) {
  return () => getRemoteImageService(ALICE, text);
}

testBadInput([
  ...[
    ["http://", NO_URL],
    ["http://glance", "it does not name an image"],
    ["http://glance/", "it does not name an image"],
    ["http://glance/v2/images", "it does not name an image"],
    ["http://glance/v2/images/", "it does not name an image"],
    ["http://glance/v2/images/..", "it does not name an image"],
    ["http://glance/v2/images/%2e%2e", "it does not name an image"],
    ["http://glance/v2/images/%2F..%2Fx", "its id is invalid"],
    ["http://glance/v2/images/a%20b", "its id is invalid"],
    ["http://glance/v2/images/%ZZ", "its id is not valid percent-encoding"],
    ["http://[::1/42", NO_URL],
    ["http://glance:port/42", NO_URL],
    ["glance/v2/images/42", NO_URL],
    ["/v2/images/42", NO_URL],
    ["//glance/42", NO_URL],
    ["ftp://glance/v2/images/42", NO_URL],
    ["file:///etc/passwd", NO_URL],
    ["javascript:alert(1)//42", NO_URL],
    ["..", "its id is invalid"],
    ["", "its id is invalid"],
    [`https://me:${PASSWORD}@glance/v2/images/42`, "user information"],
    [`ftp://glance/v2/images/42?signature=${CANARY}`, NO_URL],
  ].map(([text = "", state = ""]) =>
    row(
      "getRemoteImageService()",
      `the image reference "${text}"`,
      href(text),
      InvalidImageRef,
      state,
      'use an id or "https://host/v2/images/<id>"',
    )
  ),

  ...[undefined, null, 42, {}].map((reference) =>
    row(
      "getRemoteImageService()",
      `${Deno.inspect(reference)} as image reference`,
      href(untyped(reference)),
      InvalidImageRef,
      "it is not a string",
      "use an id or",
    )
  ),
]);
