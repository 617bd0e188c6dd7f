/** Bad references to images. */
import { getRemoteImageService, InvalidImageRef } from "../../mod.ts";
import { ALICE, CANARY, NO_URL, PASSWORD, row, testBadInput, untyped } from "./harness.ts";

function href(text: string) {
  return () => getRemoteImageService(ALICE, text);
}

testBadInput([
  ...[
    ["http://", NO_URL],
    ["http://glance", "it names no image"],
    ["http://glance/", "it names no image"],
    ["http://glance/v2/images", "it names no image"],
    ["http://glance/v2/images/", "it names no image"],
    ["http://glance/v2/images/..", "it names no image"],
    ["http://glance/v2/images/%2e%2e", "it names no image"],
    ["http://glance/v2/images/%2F..%2Fx", "its id cannot be one"],
    ["http://glance/v2/images/a%20b", "its id cannot be one"],
    ["http://glance/v2/images/%ZZ", "its id is not well encoded"],
    ["http://[::1/42", NO_URL],
    ["http://glance:port/42", NO_URL],
    ["glance/v2/images/42", NO_URL],
    ["/v2/images/42", NO_URL],
    ["//glance/42", NO_URL],
    ["ftp://glance/v2/images/42", NO_URL],
    ["file:///etc/passwd", NO_URL],
    ["javascript:alert(1)//42", NO_URL],
    ["..", "its id cannot be one"],
    ["", "its id cannot be one"],
    [`https://me:${PASSWORD}@glance/v2/images/42`, "user information"],
    [`ftp://glance/v2/images/42?signature=${CANARY}`, NO_URL],
  ].map(([text = "", state = ""]) =>
    row(
      "getRemoteImageService()",
      `the image reference "${text}"`,
      href(text),
      InvalidImageRef,
      state,
      'give an id or "https://host/v2/images/<id>"',
    )
  ),

  ...[undefined, null, 42, {}].map((reference) =>
    row(
      "getRemoteImageService()",
      `${Deno.inspect(reference)} as image reference`,
      href(untyped(reference)),
      InvalidImageRef,
      "it is not a string",
      "give an id or",
    )
  ),
]);
