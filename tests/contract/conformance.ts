/**
 * Compares each exchange of a target with the OpenAPI document: the response with the schema of its operation and
 * status, and, if it was accepted, the request with that of its body and its parameters.
 */
import { assert, assertEquals } from "@std/assert";
import { Ajv2020, type ValidateFunction } from "ajv/2020";
import addFormats from "ajv-formats";
import { DEFINITIONS, type OperationName } from "../../lib/api/operations.ts";
import { CONTENTS } from "../../lib/api/openapi/contents.ts";
import { openApiDocument } from "../../lib/api/openapi/document.ts";
import type { Target } from "./target.ts";

/** The parts of the document that are compared. */
interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, OpenApiOperation>>>>;
}

interface OpenApiOperation {
  readonly parameters: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: { readonly content: Contents };
  readonly responses: Readonly<Record<string, OpenApiResponse>>;
}

interface OpenApiResponse {
  readonly $ref?: string;
  readonly content?: Contents;
  readonly headers?: Readonly<Record<string, { readonly required?: boolean }>>;
}

type Contents = Readonly<Record<string, { readonly schema?: Readonly<Record<string, unknown>> }>>;

const DOCUMENT = openApiDocument(DEFINITIONS);
const { paths } = DOCUMENT as unknown as OpenApi;

/** Paths with fewer placeholders come first: `/v2/cache/clean` is not an image. */
const TEMPLATES = Object.keys(paths).map((path) => ({
  path,
  pattern: new RegExp(`^${path.replaceAll(/\{\w+\}/g, "[^/]+")}$`),
})).sort((a, b) => a.path.split("{").length - b.path.split("{").length);

const NAMES = Object.fromEntries(
  (Object.keys(DEFINITIONS) as OperationName[]).map((name) => {
    const { verb, path } = DEFINITIONS[name];
    return [`${verb} ${path}`, name];
  }),
);

const validators = new Map<string, ValidateFunction>();
const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats.default(ajv);
ajv.addSchema(DOCUMENT, "openapi");

/** Counts the exchanges that conform to the document, by the name of the operation. */
export class Conformance {
  /** Successful exchanges. */
  readonly accepted: Map<OperationName, number> = new Map();
  /** Error responses. */
  readonly refused: Map<OperationName, number> = new Map();

  /** A target whose exchanges are compared. */
  of(target: Target): Target {
    return {
      ...target,
      fetch: async (input, init) => {
        const request = new Request(input, init);
        const body = request.body === null ? null : await request.clone().text();
        const response = await target.fetch(request);
        await this.#compare(request, body, response.clone());
        return response;
      },
    };
  }

  async #compare(request: Request, body: string | null, response: Response): Promise<void> {
    const { pathname: given, searchParams } = new URL(request.url);
    const { method } = request;
    // The document describes neither these methods nor the other versions in paths.
    if (method === "HEAD" || method === "OPTIONS") return await response.body?.cancel();
    const isKnownVersion = response.status !== 300;
    const pathname = isKnownVersion ? given.replace(/^\/v2\.\d+\//, "/v2/") : given;
    const path = TEMPLATES.find(({ pattern }) => pattern.test(pathname))?.path ?? "";
    const operation = paths[path]?.[method.toLowerCase()];
    const name = NAMES[`${method} ${path}`];
    const at = `${method} ${pathname}: ${response.status}`;
    if (operation === undefined || name === undefined) {
      assert(response.status >= 300, `${at}: it is not in the document`);
      return await response.body?.cancel();
    }
    await compareResponse(at, operation, response);
    const counts = response.ok ? this.accepted : this.refused;
    counts.set(name, (counts.get(name) ?? 0) + 1);
    if (!response.ok) return;
    compareBody(at, operation, request.headers.get("content-type"), body);
    const known = operation.parameters.filter((one) => one.in === "query").map((one) => one.name);
    // Without parameters of its own, an operation ignores all.
    if (known.length === 0 || CONTENTS[name].hasFilters) return;
    for (const key of searchParams.keys()) {
      assert(known.includes(key), `${at}: the parameter ${key} is not in the document`);
    }
  }
}

async function compareResponse(
  at: string,
  { responses }: OpenApiOperation,
  response: Response,
): Promise<void> {
  const { status, headers } = response;
  const described = responses[status] ?? (status >= 300 ? responses["default"] : undefined);
  if (described === undefined) throw new Error(`${at}: this status is not in the document`);
  const text = new TextDecoder().decode(await response.arrayBuffer());
  const content = described.$ref === undefined ? described.content : ERRORS;
  for (const [name, { required }] of Object.entries(described.headers ?? {})) {
    assert(!required || headers.has(name), `${at}: the header ${name} is missing`);
  }
  if (content === undefined) return assertEquals(text, "", `${at}: it has a body`);
  const type = (headers.get("content-type") ?? "").split(";")[0] ?? "";
  // Glance sends no media type with the list of versions.
  const media = content[type === "" ? "application/json" : type];
  if (media === undefined) {
    throw new Error(`${at}: the media type "${type}" is not in the document`);
  }
  if (type === "" || type === "application/json") compareJson(at, media.schema, text);
}

const ERRORS = (DOCUMENT as unknown as {
  readonly components: { readonly responses: { readonly Error: { readonly content: Contents } } };
}).components.responses.Error.content;

function compareBody(
  at: string,
  { requestBody }: OpenApiOperation,
  type: string | null,
  body: string | null,
): void {
  if (requestBody === undefined || body === null) return;
  const media = requestBody.content[type?.split(";")[0] ?? ""];
  if (media === undefined) throw new Error(`${at}: the media type "${type}" is not described`);
  if (media.schema !== undefined) compareJson(`the request of ${at}`, media.schema, body);
}

function compareJson(
  at: string,
  schema: Readonly<Record<string, unknown>> | undefined,
  text: string,
): void {
  const reference = String(schema?.["$ref"]);
  const validate = validators.get(reference) ?? ajv.compile({ $ref: `openapi${reference}` });
  validators.set(reference, validate);
  if (validate(JSON.parse(text))) return;
  throw new Error(
    `${at} does not conform to ${reference}: ${ajv.errorsText(validate.errors)}: ${text}`,
  );
}
