/** Arguments of operations: which are sent, and which are refused before any request. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Invalid } from "../../mod.ts";
import { actionOf, imageIdOf, toRequest } from "../../lib/api/operation.ts";
import { DEFINITIONS } from "../../lib/api/operations.ts";
import { fc, forAll } from "../support/properties.ts";
import { harnessOf } from "../support/client_harness.ts";
import type { OperationName } from "../../lib/api/mod.ts";
import { DATA, REQUESTS, rowOf } from "./operation_requests.ts";

/** Values that cannot be a segment of a path. */
const SEGMENTS: readonly unknown[] = [
  ...["", ".", "..", "a/b", "../admin", "/", "a\\b", "a\u0000b", "a\nb", "\u007f", "\ud800"],
  ...[undefined, null, 42, {}, [], true],
];

for (const segment of SEGMENTS) {
  Deno.test(`toRequest() rejects the id ${Deno.inspect(segment)}`, () => {
    for (const name of Object.keys(DEFINITIONS) as OperationName[]) {
      const row = rowOf(name);
      for (const [i] of row.parameters.entries()) {
        const args = row.parameters.map((_, j) => i === j ? segment : "good");
        assertThrows(() => toRequest(row, args), Invalid, "Cannot");
      }
    }
  });
}

Deno.test("toRequest() rejects a lone surrogate in a query and in a header", () => {
  assertThrows(() => toRequest(rowOf("list"), [[["name", "\ud800"]]]), Invalid, "list images");
  const request = { storeId: "\udc00" };
  assertThrows(() => toRequest(rowOf("upload"), ["42", DATA, request]), Invalid, "lone surrogate");
});

/** An invalid argument -> the error message after the action. */
const UNSENT: readonly (readonly [name: OperationName, args: readonly unknown[], says: string])[] =
  [
    ["list", [{ limit: 1 }], "list images: the query is an object and must be a list"],
    ["list", [["limit", "1"]], 'an entry of the query is "limit" and must be a pair of strings'],
    ["list", [[["limit", 1]]], "an entry of the query is a list and must be a pair of strings"],
    ["list", [[["limit"]]], "an entry of the query is a list and must be a pair of strings"],
    ["create", [[]], "create an image: the image is a list and must be an object"],
    ["create", [{ size: 1n }], "create an image: its body cannot be written as JSON"],
    ["update", ["42", { op: "remove", path: "/a" }], 'update image "42": the patch is an object'],
    ["update", ["42", ["/a"]], 'a change of the patch is "/a" and must be an object'],
    [
      "update",
      ["42", [{ op: "move", path: "/a" }]],
      '"op" of a change is "move" and must be "add" or',
    ],
    ["update", ["42", [{ op: "remove" }]], '"path" of a change is undefined and must be'],
    ["data", ["42", { prefer: "x" }], 'download image "42": prefer is "x" and must be a list'],
    ["data", ["42", { prefer: [7] }], "an entry of prefer is 7 and must be a non-empty string"],
    ["data", ["42", { range: "0-1" }], 'the range is "0-1" and must be an object'],
    [
      "data",
      ["42", { range: {} }],
      "the start of the range is undefined and must be a whole number",
    ],
    ["data", ["42", { range: { start: -1 } }], "the start of the range is -1 and must be"],
    ["data", ["42", { range: { start: 0, end: 0.5 } }], "the end of the range is 0.5 and must be"],
    ["data", ["42", { range: { start: 2, end: 1 } }], "the range ends at byte 1, before its start"],
    ["upload", ["42", null], 'upload image "42": the data is null and must be bytes, a Blob'],
    ["upload", ["42", { a: 1 }], "the data is an object and must be bytes, a Blob, a stream"],
    ["upload", ["42", new FormData()], "the data is an object and must be bytes, a Blob, a stream"],
    [
      "upload",
      ["42", DATA, { size: "4" }],
      'the size is "4" and must be a whole number of at least 0',
    ],
    ["upload", ["42", DATA, { size: NaN }], "the size is NaN and must be a whole number"],
    ["upload", ["42", DATA, { storeId: "" }], 'the store is "" and must be a non-empty string'],
    ["stage", ["42", DATA, { size: -1 }], 'stage image "42": the size is -1 and must be'],
    ["stage", ["42", DATA, { baseImageRef: {} }], "the base image is an object and must be"],
    ["import", ["42", {}], 'import image "42": the method is undefined and must be an object'],
    [
      "import",
      ["42", { method: "copy-image" }],
      'the method is "copy-image" and must be an object',
    ],
    ["import", ["42", { method: {} }], '"name" of the method is undefined and must be'],
    ["import", ["42", { method: { name: "a" }, stores: "x" }], 'the list of stores is "x"'],
    [
      "import",
      ["42", { method: { name: "a" }, all_stores: "yes" }],
      'all_stores is "yes" and must be',
    ],
    ["addImageLocation", ["42", 7], 'add a location to image "42": the URL is 7 and must be'],
    ["addImageLocation", ["42", "a:b", {}], "os_hash_algo is undefined and must be"],
    ["members.create", ["42", ""], 'the member is "" and must be a non-empty string'],
    ["members.update", ["42", "p"], "the status is undefined and must be a non-empty string"],
    ["tasks.create", [{ type: "import" }], "create a task: the input is undefined and must be"],
    ["tasks.create", [{ input: {} }], "the type is undefined and must be a non-empty string"],
    ["cache.clear", ["all"], 'clear the cache: the target is "all" and must be "cache" or "queue"'],
    ["metadefs.namespaces.create", [{}], '"namespace" of the namespace is undefined and must be'],
    ["metadefs.namespaces.get", ["a", "X"], 'the view is "X" and must be an object'],
    ["metadefs.namespaces.get", ["a", { resourceType: 1 }], "the resource type is 1 and must be"],
    ["metadefs.namespaces.update", ["a", { namespace: 1 }], '"namespace" of the namespace is 1'],
    ["metadefs.objects.create", ["a", {}], '"name" of the object is undefined and must be'],
    ["metadefs.objects.update", ["a", "o", "x"], 'the object is "x" and must be an object'],
    ["metadefs.properties.create", ["a", {}], '"name" of the property is undefined and must be'],
    ["metadefs.tags.createAll", ["a", "x"], 'the list of tags is "x" and must be a list'],
    [
      "metadefs.tags.createAll",
      ["a", [{ name: "x" }]],
      "an entry of the list of tags is an object",
    ],
    [
      "metadefs.tags.createAll",
      ["a", [], { append: "yes" }],
      'append is "yes" and must be true or',
    ],
    [
      "metadefs.tags.update",
      ["a", "x"],
      "the new name is undefined and must be a non-empty string",
    ],
    ["metadefs.associations.create", ["a", {}], '"name" of the association is undefined'],
  ];

for (const [name, args, message] of UNSENT) {
  Deno.test(`run() throws Invalid before any request when "${name}" is given ${Deno.inspect(args, { breakLength: Infinity })}`, async () => {
    const { client, script } = harnessOf([]);
    const call = () => client.run({}, name, args as never) as Promise<unknown>;
    const error = await assertRejects(call, Invalid, message);
    assertEquals(error.imageId, imageIdOf(rowOf(name), args));
    assertEquals(script.requests.length, 0);
  });
}

Deno.test("toRequest() throws Invalid for invalid arguments of every operation", () => {
  for (const { name, args } of REQUESTS) {
    const row = rowOf(name);
    for (const i of args.keys()) {
      if (i < row.parameters.length) continue;
      for (const value of [null, 42, true, Symbol("s"), () => {}, 7n]) {
        const bad = args.map((arg, j) => i === j ? value : arg);
        assertThrows(() => toRequest(row, bad), Invalid, "must be");
      }
    }
  }
});

/** Any JavaScript value, a few levels deep, with the keys that operations read. */
const ANYTHING = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", maxDepth: 3 },
    fc.constantFrom<unknown>(undefined, null, NaN, 7, -0.5, 7n, true, Symbol("s"), () => "x"),
    fc.constantFrom("", "a", "..", "a/b", "\ud800", "\0", "{image_id}"),
    fc.constantFrom<unknown>(circle(), {
      toJSON: () => undefined,
      name: "n",
      type: "t",
      input: {},
    }),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(
      fc.constantFrom("name", "method", "range", "start", "prefer", "op", "path", "url"),
      tie("value"),
    ),
  ),
})).value;

function circle(): unknown {
  const value: Record<string, unknown> = {};
  value["method"] = value;
  return value;
}

const KEEP = Symbol("keep");

/** Invalid arguments, by their position in the call. */
const REPLACEMENTS = fc.array(
  fc.oneof({ weight: 2, arbitrary: fc.constant<unknown>(KEEP) }, ANYTHING),
  { minLength: 4 },
);

Deno.test("toRequest() returns a request or throws Invalid for any arguments", async () => {
  let [made, refused] = [0, 0];
  await forAll(REPLACEMENTS, (replacements) => {
    for (const { name, args } of REQUESTS) {
      const row = rowOf(name);
      const given = args.map((arg, i) => replacements[i] === KEEP ? arg : replacements[i]);
      try {
        const { path, headers = {}, body } = toRequest(row, given);
        assertEquals(
          new URL(path, "http://glance").pathname.split("/").length,
          row.path.split("/").length,
        );
        new Headers(headers);
        assert(row.mediaType === undefined || body !== undefined);
        made++;
      } catch (error) {
        if (!(error instanceof Invalid)) throw error;
        refused++;
      }
    }
  });
  assert(made > 100 && refused > 100, `${made} made, ${refused} refused`);
});

Deno.test("run() rejects an invalid context or argument list before any request", async () => {
  const { client, script } = harnessOf([]);
  for (const context of [42, "token", []]) {
    await assertRejects(() => client.call(context as never, "list"), Invalid, "the context");
  }
  for (const args of [undefined, "42", { 0: "42" }]) {
    await assertRejects(() => client.run({}, "get", args as never), Invalid, "must be a list");
  }
  assertEquals(script.requests.length, 0);
});

/** Unusual ids that are one segment each. */
const ODD: readonly (readonly [id: string, path: string])[] = [
  ["...", "/v2/images/..."],
  ["%2e%2e", "/v2/images/%252e%252e"],
  ["%2F", "/v2/images/%252F"],
  ["a?b#c", "/v2/images/a%3Fb%23c"],
  ["a b", "/v2/images/a%20b"],
  ["ü\u{1f4be}", "/v2/images/%C3%BC%F0%9F%92%BE"],
  ["{image_id}", "/v2/images/%7Bimage_id%7D"],
  ["$&$1$$", "/v2/images/%24%26%241%24%24"],
  ["a;b,c:d@e", "/v2/images/a%3Bb%2Cc%3Ad%40e"],
];

for (const [id, path] of ODD) {
  Deno.test(`toRequest() keeps the id ${JSON.stringify(id)} as one segment of the path`, () => {
    assertEquals(toRequest(rowOf("get"), [id]).path, path);
    assertEquals(new URL(path, "http://glance").pathname, path);
    assertEquals(actionOf(rowOf("get"), [id]), `show image "${id}"`);
  });
}
