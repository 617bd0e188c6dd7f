/** The operations of the Image API: their requests, and their definitions. */
import { assert, assertEquals, assertObjectMatch } from "@std/assert";
import { actionOf, imageIdOf, toRequest } from "../../lib/api/operation.ts";
import { HINTS } from "../../lib/api/on_demand/operation_hints.ts";
import { DEFINITIONS } from "../../lib/api/operations.ts";
import { ERROR_MEANINGS } from "../../lib/api/operations/error_meanings.ts";
import { type OperationName, OPERATIONS } from "../../lib/api/mod.ts";
import { REQUESTS, rowOf } from "./operation_requests.ts";

for (
  const { name, args, requestLine: asks, headers = {}, body, action, imageId, since, repeatable }
    of REQUESTS
) {
  Deno.test(`toRequest() returns ${asks} for "${name}" with ${Deno.inspect(args, { breakLength: Infinity })}`, () => {
    const row = rowOf(name);
    const request = toRequest(row, args);
    assertEquals(`${request.method} ${request.path}`, asks);
    assertEquals(request.headers, headers);
    const sent = typeof request.body === "string" ? JSON.parse(request.body) : request.body;
    assertEquals(sent ?? undefined, body);
    assertEquals([actionOf(row, args), imageIdOf(row, args)], [action, imageId]);
    assertEquals(row.since, since);
    assertEquals(row.alreadyDoneStatus ?? row.idempotent, repeatable);
  });
}

Deno.test("OPERATIONS has only operations that are tested here", () => {
  const names = new Set<string>(REQUESTS.map(({ name }) => name));
  assertEquals([...names].sort(), Object.keys(DEFINITIONS).sort());
});

Deno.test("OPERATIONS has doc comments that match the definitions", async () => {
  const said: Record<string, string> = {};
  const folder = new URL("../../lib/api/operations/", import.meta.url);
  for await (const { name } of Deno.readDir(folder)) {
    const text = await Deno.readTextFile(new URL(name, folder));
    const documented = text.matchAll(/\/\*\*((?:(?!\*\/)[^])*)\*\/\s+"([\w.]+)"\(/g);
    for (const [, comment = "", operation = ""] of documented) {
      said[operation] = /`[A-Z]+ [^`]*`, since \d+\.\d+(?=\.)/.exec(comment)?.[0] ?? comment;
    }
  }
  const known = Object.entries(OPERATIONS).map(([name, { verb, path, since }]) =>
    [name, `\`${verb} ${path}\`, since ${since}`] as const
  );
  assertEquals(said, Object.fromEntries(known));
});

Deno.test("OPERATIONS equals the definitions, and is frozen", () => {
  assertEquals(Object.keys(OPERATIONS), Object.keys(DEFINITIONS));
  assert(Object.keys(ERROR_MEANINGS).every((name) => name in DEFINITIONS));
  for (const [name, description] of Object.entries(OPERATIONS)) {
    const row = rowOf(name as OperationName);
    const { errors: _, hints: __, ...defined } = description;
    assertObjectMatch(row, defined);
    assert(Object.values(description).every((value) => typeof value !== "function"), name);
    assert(
      [OPERATIONS, description, description.errors, description.hints].every(Object.isFrozen),
      name,
    );
  }
});

Deno.test("HINTS names only operations of the table", () => {
  const known = Object.values(DEFINITIONS).map(({ verb, path }) => `${verb} ${path}`);
  assertEquals(Object.keys(HINTS).filter((name) => !known.includes(name)), []);
});

Deno.test("OPERATIONS has hints only for errors of their operation, and for each 409", () => {
  for (const [name, { errors, hints, path }] of Object.entries(OPERATIONS)) {
    const known = Object.keys(errors);
    assert(Object.keys(hints).every((status) => known.includes(status)), name);
    assert(!path.includes("{") || hints[404] !== undefined || errors[404] === undefined, name);
    assert(hints[409] !== undefined || errors[409] === undefined, name);
  }
});

Deno.test("actionOf() fills names from the body, and omits missing ones", () => {
  const create = rowOf("metadefs.objects.create");
  assertEquals(
    actionOf(create, ["{name}", { name: 'a\n"b"' }]),
    'add object "a\\n\\"b\\"" to metadata namespace "{name}"',
  );
  for (const body of [{}, { name: 7 }, null, "text", undefined]) {
    assertEquals(actionOf(create, ["n", body]), 'add object to metadata namespace "n"');
  }
  assertEquals(actionOf(rowOf("create"), [{ name: null }]), "create an image");
});

Deno.test("OPERATIONS has a media type if and only if the operation sends a body", () => {
  for (const { name, args } of REQUESTS) {
    const { body, headers } = toRequest(rowOf(name), args);
    assertEquals(headers?.["content-type"], OPERATIONS[name].mediaType);
    assertEquals(body !== null, OPERATIONS[name].mediaType !== undefined, name);
  }
});

Deno.test("OPERATIONS has disjoint success and error statuses, and a meaning for each error", () => {
  for (const [name, { success, errors }] of Object.entries(OPERATIONS)) {
    assert(success.every((status) => status >= 200 && status <= 300), name);
    for (const [status, meaning] of Object.entries(errors)) {
      assert(Number(status) >= 400 && meaning.length > 3, `${name} ${status}`);
    }
  }
});
