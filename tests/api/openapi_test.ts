/** The OpenAPI document, and its file. */
import { assert, assertEquals } from "@std/assert";
import { Validator } from "@seriousme/openapi-schema-validator";
import { OPERATIONS } from "../../lib/api/mod.ts";
import { DEFINITIONS } from "../../lib/api/operations.ts";
import { openApiDocument } from "../../lib/api/openapi/document.ts";
import { OPENAPI_FILE, openApiText } from "./openapi_file.ts";

const DOCUMENT: Readonly<Record<string, unknown>> = JSON.parse(openApiText());

/** A part of the document. */
interface Described {
  readonly operationId: string;
  readonly parameters: readonly { readonly name: string; readonly in: string }[];
  readonly responses: Readonly<Record<string, { readonly content?: unknown }>>;
}

const PATHS = DOCUMENT["paths"] as Readonly<Record<string, Readonly<Record<string, Described>>>>;

Deno.test("openApiDocument() is a valid document of OpenAPI 3.1", async () => {
  const { valid, errors } = await new Validator().validate(structuredClone(DOCUMENT));
  assert(valid, JSON.stringify(errors));
  const broken = { ...structuredClone(DOCUMENT), paths: { "/x": { get: { responses: 1 } } } };
  assertEquals((await new Validator().validate(broken)).valid, false);
});

Deno.test("openApiDocument() makes the current openapi.json", async () => {
  assertEquals(
    await Deno.readTextFile(OPENAPI_FILE),
    openApiText(),
    "run: deno task docs:openapi",
  );
});

Deno.test("openApiDocument() has each operation with its statuses", () => {
  let count = 0;
  for (const { verb, path, success, errors } of Object.values(OPERATIONS)) {
    const { responses } = PATHS[path]?.[verb.toLowerCase()] ?? { responses: {} };
    const statuses = [...success.map(String), ...Object.keys(errors), "default"];
    assertEquals(Object.keys(responses).toSorted(), statuses.toSorted(), `${verb} ${path}`);
    count++;
  }
  assertEquals(Object.values(PATHS).flatMap((path) => Object.keys(path)).length, count);
});

Deno.test("openApiDocument() has unique names, a parameter for each placeholder, and no body of 204", () => {
  const operations = Object.entries(PATHS).flatMap(([path, methods]) =>
    Object.values(methods).map((operation) => ({ path, ...operation }))
  );
  const names = operations.map(({ operationId }) => operationId);
  assertEquals(new Set(names).size, names.length);
  for (const { path, operationId, parameters, responses } of operations) {
    assert(/^[a-z][A-Za-z]+$/.test(operationId), operationId);
    const inPath = parameters.filter((one) => one.in === "path").map(({ name }) => `{${name}}`);
    assertEquals(inPath, path.match(/\{\w+\}/g) ?? [], path);
    const keys = parameters.map((one) => `${one.in} ${one.name.toLowerCase()}`);
    assertEquals(new Set(keys).size, keys.length, path);
    assertEquals(responses[204]?.content, undefined, path);
  }
});

Deno.test("openApiDocument() refers to each of its schemas, and to no other", () => {
  const { schemas } = DOCUMENT["components"] as {
    readonly schemas: Readonly<Record<string, unknown>>;
  };
  const text = JSON.stringify(DOCUMENT);
  const used = new Set(
    [...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name),
  );
  assertEquals([...used].toSorted(), Object.keys(schemas).toSorted());
});

Deno.test("openApiDocument() has the URL of the server that it is given", () => {
  assertEquals(openApiDocument(DEFINITIONS)["servers"], [{ url: "/" }]);
  assertEquals(openApiDocument(DEFINITIONS, "/images")["servers"], [{ url: "/images" }]);
});
