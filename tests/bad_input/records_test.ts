/** Bad ids and bad metadata. */
import {
  ImageConflict,
  type ImageMeta,
  ImageNotAuthorized,
  ImageNotFound,
  Invalid,
} from "../../mod.ts";
import { ALICE, type BadInputFixture, META, row, testBadInput, untyped } from "./harness.ts";

const OUTSIDE = "would lead to another path";

function show(id: unknown) {
  return ({ service }: BadInputFixture) => service.show(ALICE, untyped<string>(id));
}

function create(meta: ImageMeta) {
  return ({ service }: BadInputFixture) => service.create(ALICE, { ...META, ...meta });
}

testBadInput([
  row("show()", "an unknown id", show("no-such-image"), ImageNotFound, '"no-such-image"', "404"),
  row("show()", "an id with a slash", show("a/b"), Invalid, '"a/b"', OUTSIDE, "image id alone"),
  row("show()", "an id with a backslash", show("a\\b"), Invalid, OUTSIDE, "image id alone"),
  row("show()", "the id ..", show(".."), Invalid, '".."', OUTSIDE, "image id alone"),
  row("show()", "the id .", show("."), Invalid, '"."', OUTSIDE, "image id alone"),
  row("show()", "an empty id", show(""), Invalid, '""', "must be a non-empty string"),
  row("show()", "an id with a line break", show("a\nb"), Invalid, '"a\\nb"', OUTSIDE),
  row("show()", "an id that is a number", show(42), Invalid, "42", "must be a non-empty string"),
  row("show()", "no id", show(undefined), Invalid, "undefined", "must be a non-empty string"),
  row(
    "call()",
    "a member id with a slash",
    ({ service }) => service.client.call(ALICE, "members.get", "42", "../../images"),
    Invalid,
    '"../../images" as member id',
    OUTSIDE,
  ),
  row(
    "call()",
    "an operation that is not there",
    ({ service }) => service.client.call(ALICE, untyped<"get">("images.get"), "42"),
    Invalid,
    '"images.get"',
    "there is no such operation",
    '"members.list"',
  ),
  row(
    "show()",
    "a call with null for options",
    ({ service }) => service.show(ALICE, "42", untyped(null)),
    Invalid,
    "null as the options of a call",
    "must be an object",
  ),

  ...[null, undefined, "text", []].map((meta) =>
    row(
      "create()",
      `${Deno.inspect(meta)} as metadata`,
      ({ service }) => service.create(ALICE, untyped<ImageMeta>(meta)),
      Invalid,
      "as the metadata of an image",
      "must be an object",
    )
  ),
  ...[null, "text", ["text"]].map((properties) =>
    row(
      "create()",
      `${Deno.inspect(properties)} as properties`,
      create({ properties: untyped(properties) }),
      Invalid,
      "as the properties of an image",
      "must be an object",
    )
  ),
  row(
    "create()",
    "a property that is an object",
    create({ properties: { count: {} } }),
    Invalid,
    "its value is an object",
    "convert it to a string",
  ),
  row(
    "create()",
    "a name of 300 characters",
    create({ name: "x".repeat(300) }),
    Invalid,
    "400",
    "is too long",
  ),
  row(
    "create()",
    "a property that is a number",
    create({ properties: { count: 1 } }),
    Invalid,
    '"count"',
    "a number",
    "convert it to a string",
  ),
  row(
    "create()",
    "a property that is a boolean",
    create({ properties: { is_public: false } }),
    Invalid,
    '"is_public"',
    "convert it to a string",
  ),
  row(
    "create()",
    "a reserved property",
    create({ properties: { os_glance_x: "1" } }),
    Invalid,
    '"os_glance_x"',
    "reserved for Glance",
    "choose another name",
  ),
  row(
    "create()",
    "a property name of 300 characters",
    create({ properties: { ["k".repeat(300)]: "x" } }),
    Invalid,
    "255 characters",
  ),
  row(
    "create()",
    "an unknown disk format",
    create({ diskFormat: "floppy" }),
    Invalid,
    "'floppy'",
    "'qcow2'",
  ),
  row("create()", "a negative disk size", create({ minDisk: -1 }), Invalid, "min_disk", "negative"),
  row(
    "create()",
    "an unknown visibility",
    create({ visibility: untyped("nowhere") }),
    Invalid,
    "'nowhere'",
    "'shared'",
  ),
  row("create()", "an id that is not a UUID", create({ id: "disk" }), Invalid, "'disk'"),
  row(
    "create()",
    "an id that is taken",
    async (fixture) => create({ id: await fixture.queued() })(fixture),
    ImageConflict,
    "409",
    "already exists",
  ),
  row(
    "update()",
    "a property that is a number",
    async (fixture) => {
      await fixture.service.update(ALICE, await fixture.queued(), { properties: { count: 1 } });
    },
    Invalid,
    '"count"',
    "convert it to a string",
  ),
  row(
    "delete()",
    "a protected image",
    async (fixture) => fixture.service.delete(ALICE, await fixture.queued({ protected: true })),
    ImageNotAuthorized,
    "delete image",
    "403",
    "protected",
  ),
  row(
    "addLocation()",
    "a location of an active image",
    async (fixture) =>
      fixture.service.addLocation(ALICE, await fixture.image(), "https://store.example/disk"),
    ImageConflict,
    "409",
    "active",
  ),
]);
