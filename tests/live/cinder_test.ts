/**
 * Compares Cinder's own image service (Debian's `python3-cinder`) with ours: the same calls on the
 * same Glance have the same results and errors, field by field, except for the differences in the
 * table.
 */
import { equal } from "@std/assert";
import { runCinder, runOurs } from "./cinder/services.ts";
import { CinderHarness, type Recording } from "./cinder/harness.ts";
import { STEPS, STEPS_WITH_ONE_DOWN } from "./cinder/steps.ts";
import {
  assertIntended,
  differencesOf,
  having,
  type IntendedDifference,
  renamed,
} from "./cinder/differences.ts";
import { startStack } from "./stack.ts";

const IMAGE_SIZE_CAP = 1024 * 1024;

/** The stores of the live stack. */
const STORES = [{ id: "fast", default: "true" }, { id: "slow" }, {
  id: "web",
  "read-only": "true",
}];

/** Base properties are present on every image, so callers need not check. */
const ALWAYS_THERE = "every image has every base property, so that no caller has to check that";

/** glanceclient validates with the image schema before it sends a request, and throws TypeError. */
const CHECKED_BY_GLANCECLIENT = "what glanceclient refuses by the schema is refused with a type";

/** All intended differences, with their reasons. */
const DIFFERENCES: readonly IntendedDifference[] = [
  {
    steps: "any",
    field: "file",
    theirs: /^\/v2\/images\/<\w+>\/file$/,
    ours: undefined,
    reason: "a link within the API says nothing about an image",
  },
  {
    steps: "any",
    field: "stores",
    theirs: /^\w+(,\w+)*$/,
    ours: (stores, theirs) => equal(stores, String(theirs).split(",")),
    reason: "a list is a list",
  },
  { steps: "any", field: "stores", theirs: undefined, ours: [], reason: ALWAYS_THERE },
  { steps: "any", field: "direct_url", theirs: undefined, ours: null, reason: ALWAYS_THERE },
  { steps: "any", field: "deleted_at", theirs: undefined, ours: null, reason: ALWAYS_THERE },
  {
    steps: ["add a location", "add another location"],
    field: "created_at",
    theirs: "text <now>",
    ours: "Date <now>",
    reason: "an image is an image, whatever gives it: Cinder hands Glance's own record on here",
  },
  {
    steps: ["add a location", "add another location"],
    field: "updated_at",
    theirs: "text <now>",
    ours: "Date <now>",
    reason: "as above",
  },
  {
    steps: ["add a location", "add another location"],
    field: "schema",
    theirs: "/v2/schemas/image",
    ours: undefined,
    reason: "as above",
  },
  {
    steps: ["add a location", "add another location"],
    field: "properties",
    theirs: undefined,
    ours: {},
    reason: "as above",
  },
  {
    steps: ["get the stores"],
    field: "result",
    theirs: { stores: STORES },
    ours: STORES,
    reason: "a list is a list",
  },
  {
    steps: ["create an image whose id is taken", "update with data that is there already"],
    field: "error",
    theirs: /^HTTPConflict 409: /,
    ours: renamed("ImageConflict"),
    reason: "409 has a class of its own instead of glanceclient's",
  },
  {
    steps: ["create with a negative disk"],
    field: "error",
    theirs: /^HTTPBadRequest 400: /,
    ours: renamed("Invalid"),
    reason: "create translates errors as every other method does",
  },
  {
    steps: ["create a public image", "create for another project"],
    field: "error",
    theirs: /^HTTPForbidden 403: /,
    ours: renamed("NotAuthorized"),
    reason: "create translates errors as every other method does",
  },
  {
    steps: ["delete another project's visible image", "delete a protected image"],
    field: "error",
    theirs: /^HTTPForbidden 403: /,
    ours: renamed("ImageNotAuthorized"),
    reason: "delete translates errors as every other method does",
  },
  {
    steps: ["delete with a bad token"],
    field: "error",
    theirs: /^HTTPUnauthorized 401: /,
    ours: /^ImageNotAuthorized 401: /,
    reason: "delete translates errors as every other method does",
  },
  {
    steps: ["list the members of a community image"],
    field: "error",
    theirs: /^HTTPForbidden 403: /,
    ours: renamed("ImageNotAuthorized"),
    reason: "glanceclient's lists fail when they are read, where Cinder translates no more",
  },
  {
    steps: ["list the members of an unknown image"],
    field: "error",
    theirs: /^HTTPNotFound 404: /,
    ours: renamed("ImageNotFound"),
    reason: "as above",
  },
  {
    steps: [
      "detail by an unknown key",
      "detail after an unknown image",
      "detail by an unusable date",
    ],
    field: "error",
    theirs: /^HTTPBadRequest 400: /,
    ours: renamed("Invalid"),
    reason: "as above",
  },
  {
    steps: ["detail with a bad token"],
    field: "error",
    theirs: /^HTTPUnauthorized 401: /,
    ours: /^NotAuthorized 401: /,
    reason: "as above",
  },
  {
    steps: ["detail in an unknown direction", "detail of less than none"],
    field: "error",
    theirs: /^HTTPBadRequest 400: /,
    ours: /^Invalid: Cannot list images: the (limit|sort direction) is /,
    reason: "what cannot be is refused before a request is made",
  },
  {
    steps: ["detail by a name with a colon"],
    field: "result",
    theirs: "HTTPBadRequest 400: Unable to filter by unknown operator 'os'",
    ours: (images) => (images as { id: string }[]).map(({ id }) => id).join() === "<colon>",
    reason: "what stands before a colon is taken for an operator, unless the value is sent as one",
  },
  {
    steps: ["show an id with a slash", "show the id ..", "show an empty id"],
    field: "error",
    theirs: "ImageNotFound",
    ours: /^Invalid: Cannot use "[^"]*" as image id: /,
    reason: "an id that is part of no URL never leaves, least of all to another path",
  },
  {
    steps: ["show without a token"],
    field: "error",
    theirs: "AuthorizationFailure: No valid authentication is available",
    ours: /^ImageNotAuthorized 401: /,
    reason: "whether a token is needed, Glance decides",
  },
  {
    steps: ["download an image without data"],
    field: "error",
    theirs: "TypeError: 'NoneType' object is not iterable",
    ours: /^ImageDownloadFailed: Cannot download image "<queued>": it has no data; /,
    reason: "Cinder means to say so, and compares a proxy of None with None",
  },
  {
    steps: ["download a damaged image"],
    field: "error",
    theirs: /^BrokenPipeError: \[Errno 32\] Corrupt image download/,
    ours: /^ImageIntegrityError: Cannot accept image "<damaged>": its sha512 is /,
    reason: "wrong bytes have a class of their own",
  },
  {
    steps: ["download a damaged file directly"],
    field: "result",
    theirs: having({ size: 1024 }),
    ours: /^ImageIntegrityError: Cannot accept image "<damaged>": its sha512 is /,
    reason: "a file is verified like any other source: Cinder hands wrong bytes on",
  },
  {
    steps: ["create with data"],
    field: "result",
    theirs: /^TypeError: Unable to set 'data' to /,
    ours: having({ id: "<filled>", status: "active", size: 5 }),
    reason: "data is uploaded: Cinder sends it as a property, which Image API v2 has not",
  },
  {
    steps: ["create with too much data"],
    field: "error",
    theirs: /^TypeError: Unable to set 'data' to /,
    ours: /^ImageLimitExceeded 413: The incoming image is too large/,
    reason: "as above",
  },
  {
    steps: ["create with no properties"],
    field: "result",
    theirs: /^TypeError: Unable to set 'properties' to {}/,
    ours: having({ id: "<empty>", status: "queued", properties: {} }),
    reason: "no properties are none: Cinder 21 sends the empty dictionary as a property",
  },
  {
    steps: ["update with no properties"],
    field: "result",
    theirs: /^TypeError: Unable to set 'properties' to {}/,
    ours: having({ id: "<one>", name: "one-c", properties: {} }),
    reason: "as above",
  },
  {
    steps: ["update a property to null"],
    field: "result",
    theirs: /^TypeError: Unable to set 'color' to None/,
    ours: having({ id: "<one>", properties: {} }),
    reason: "null removes a property",
  },
  {
    steps: ["update an image whose properties Glance has added to"],
    field: "result",
    theirs: "ImageNotAuthorized",
    ours: having({ id: "<imported>", name: "imported-b", status: "active" }),
    reason: "a purge leaves alone what Glance has reserved for itself",
  },
  {
    steps: ["update what only Glance sets"],
    field: "error",
    theirs: "ImageNotAuthorized",
    ours: /^Invalid: Cannot update image "<one>": "checksum" is read-only, and is "a1749e/,
    reason:
      "what only Glance sets may be given back as it was shown, and is refused by name otherwise",
  },
  {
    steps: ["update a property to a number"],
    field: "error",
    theirs: /^TypeError: Unable to set 'color' to 5/,
    ours: /^Invalid: Cannot set property "color": its value is a number /,
    reason: CHECKED_BY_GLANCECLIENT,
  },
  {
    steps: ["create with a number as property"],
    field: "error",
    theirs: /^TypeError: Unable to set 'n' to 5/,
    ours: /^Invalid: Cannot set property "n": its value is a number /,
    reason: CHECKED_BY_GLANCECLIENT,
  },
  {
    steps: ["create with an unknown format"],
    field: "error",
    theirs: /^TypeError: Unable to set 'disk_format' to 'floppy'/,
    ours: /^Invalid 400: /,
    reason: "as above, by Glance itself: the formats that a cloud knows are its own",
  },
  {
    steps: ["create with a name of 300"],
    field: "error",
    theirs: /^TypeError: Unable to set 'name' to 'nnn/,
    ours: /^Invalid 400: /,
    reason: "as above",
  },
  {
    steps: ["create with an invalid id"],
    field: "error",
    theirs: /^TypeError: Unable to set 'id' to 'none'/,
    ours: /^Invalid 400: /,
    reason: "as above",
  },
  {
    steps: ["detail with all down"],
    field: "error",
    theirs: /^CommunicationError: Error finding address for <b>/,
    ours: /^GlanceConnectionFailed: Cannot list images: "<b>" gave no usable response /,
    reason: "a page of a list is retried and translated like any other request",
  },
  {
    steps: ["update a reserved property"],
    field: "error",
    theirs: "ImageNotAuthorized",
    ours: /^Invalid: Cannot set property "os_glance_x": /,
    reason: "a reserved name is refused before a request is made",
  },
  {
    steps: ["create with a reserved property"],
    field: "error",
    theirs: /^HTTPForbidden 403: /,
    ours: /^Invalid: Cannot set property "os_glance_x": /,
    reason: "as above",
  },
  {
    steps: ["what Glance holds of <one>"],
    field: "color",
    theirs: "green",
    ours: undefined,
    reason: "null removes a property",
  },
  {
    steps: ["what Glance holds of <imported>"],
    field: "name",
    theirs: "imported",
    ours: "imported-b",
    reason: "a purge leaves alone what Glance has reserved for itself",
  },
  {
    steps: ["what Glance holds of <imported>"],
    field: "color",
    theirs: undefined,
    ours: "blue",
    reason: "as above",
  },
  {
    steps: ["what Glance holds of <empty>", "what Glance holds of <filled>"],
    field: "result",
    theirs: null,
    ours: (image) => image !== null,
    reason: "see the creation of these images",
  },
  {
    steps: ["what Glance holds in all"],
    field: "result",
    theirs: ["anonymous", "big", "imported", "one-c", "place", "slow", "two-b"],
    ours: [
      "anonymous",
      "big",
      "empty",
      "filled",
      "imported-b",
      "one-c",
      "place",
      "slow",
      "two-b",
    ],
    reason: "as above; what could not be filled was deleted again",
  },
];

Deno.test("GlanceImageService returns what Cinder's service returns", async (t) => {
  await using stack = await startStack({ imageSizeCap: IMAGE_SIZE_CAP });
  const harness = await CinderHarness.prepare(stack, IMAGE_SIZE_CAP + 1);
  const records: [theirs: Recording, ours: Recording][] = [];

  await t.step("both servers available", async () => {
    records.push([await harness.run(runCinder, STEPS), await harness.run(runOurs, STEPS)]);
  });

  await t.step("one server unavailable", async () => {
    await stack.stopGlance(1, "SIGKILL");
    const steps = STEPS_WITH_ONE_DOWN;
    records.push([await harness.run(runCinder, steps), await harness.run(runOurs, steps)]);
  });

  await t.step("intended differences", () => {
    const seen = records.flatMap(([theirs, ours]) =>
      [...theirs].flatMap(([step, outcome]) =>
        differencesOf(step, outcome, ours.get(step) ?? { error: "nothing" })
      )
    );
    assertIntended(seen, DIFFERENCES);
  });
});
