/**
 * Creates the OpenAPI 3.1 document of the Image API v2 from the table of operations. Imported on demand by the gateway.
 * Pure.
 */
import { errorMeanings } from "../operations/error_meanings.ts";
import type { OperationDescription, OperationName } from "../operations.ts";
import { CONTENTS, type OperationContents, PATH_PARAMETERS } from "./contents.ts";
import { type JsonSchema, ref, TEXT } from "./json_schema.ts";
import { METADEF_SCHEMAS } from "./metadef_schemas.ts";
import { CLOUD_SCHEMAS, IMAGE_SCHEMAS } from "./schemas.ts";

/** A part of the document. */
type Part = Readonly<Record<string, unknown>>;

/** The table of operations. */
type OperationTable = Readonly<
  Record<OperationName, Omit<OperationDescription, "errors" | "hints">>
>;

/** The newest Image API version with an operation of its own. */
const API_VERSION = "2.18";

/** Media type of the changes of API 2.0, which Glance still accepts. */
const OLD_PATCH_TYPE = "application/openstack-images-v2.0-json-patch";

/** The tag of an operation, by the first part of its name. */
const TAGS: Readonly<Record<string, string>> = {
  data: "Image data",
  upload: "Image data",
  stage: "Image data",
  members: "Members",
  tags: "Tags",
  info: "Cloud",
  schemas: "Cloud",
  versions: "Cloud",
  healthcheck: "Cloud",
  "tasks.": "Tasks",
  cache: "Cache",
  metadefs: "Metadata definitions",
};

/**
 * Creates the document.
 *
 * @param operations the table; it is passed in because a bundler would split an import into another file
 * @param server URL of the API, relative to the document
 */
export function openApiDocument(operations: OperationTable, server: string = "/"): Part {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const name of Object.keys(operations) as OperationName[]) {
    const { path, verb } = operations[name];
    paths[path] = { ...paths[path], [verb.toLowerCase()]: operationOf(name, operations[name]) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "OpenStack Image API v2",
      version: API_VERSION,
      description:
        "The Image API of Glance, as a gateway of Glance Edge serves it. A cloud has the operations of its version.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: server }],
    security: [{ token: [] }],
    paths,
    components: {
      securitySchemes: {
        token: {
          type: "apiKey",
          in: "header",
          name: "X-Auth-Token",
          description: "A token of Keystone. A gateway in service mode needs none.",
        },
      },
      responses: { Error: ERROR_RESPONSE },
      schemas: { ...IMAGE_SCHEMAS, ...CLOUD_SCHEMAS, ...METADEF_SCHEMAS },
    },
  };
}

/** The document at a path, which ends with `/openapi.json`. The API is below the same path. */
export function openApiAt(operations: OperationTable, path: string): Part {
  return openApiDocument(operations, path.slice(0, path.lastIndexOf("/")) || "/");
}

function operationOf(name: OperationName, operation: OperationTable[OperationName]): Part {
  const { action, path, parameters, since, feature, success } = operation;
  const contents = CONTENTS[name];
  const needs = feature === undefined ? "" : ` Needs ${feature}.`;
  const summary = action.replaceAll(/ "\{\w+\}"/g, "");
  const body = requestBody(operation, contents);
  return {
    // Code generators derive function names from the operation ids.
    operationId: name.replaceAll(/\.(\w)/g, (_, letter) => letter.toUpperCase()),
    summary: summary[0]?.toUpperCase() + summary.slice(1),
    description: `Since version ${since} of the API.${needs}`,
    tags: [tagOf(name)],
    ...name === "tasks.create" && { deprecated: true },
    ...!path.startsWith("/v2/") && { security: [] },
    parameters: [...parameters.map(pathParameter), ...otherParameters(contents)],
    ...body !== null && { requestBody: body },
    responses: {
      ...Object.fromEntries(success.map((status) => [status, successOf(name, status, contents)])),
      ...Object.fromEntries(
        Object.entries(errorMeanings(name, path)).map(([status, meaning]) => [
          status,
          errorResponse(meaning),
        ]),
      ),
      default: errorResponse("Any other error"),
    },
  };
}

function tagOf(name: string): string {
  const [first = ""] = name.split(".");
  return TAGS[`${first}.`] ?? TAGS[first] ?? "Images";
}

function pathParameter(name: string): Part {
  return { name, in: "path", required: true, schema: PATH_PARAMETERS[name] ?? TEXT };
}

function otherParameters({ query = {}, headers = {}, hasFilters }: OperationContents): Part[] {
  const inPlace = (place: string) => ([name, schema]: [string, JsonSchema]) => {
    const { description, ...rest } = schema;
    return { name, in: place, ...description !== undefined && { description }, schema: rest };
  };
  const filters = {
    name: "filters",
    in: "query",
    description: "Values of custom properties, each as a parameter of its own",
    style: "form",
    explode: true,
    schema: { type: "object", additionalProperties: TEXT },
  };
  return [
    ...Object.entries(query).map(inPlace("query")),
    ...hasFilters ? [filters] : [],
    ...Object.entries(headers).map(inPlace("header")),
  ];
}

function requestBody(
  { mediaType }: OperationTable[OperationName],
  { request }: OperationContents,
): Part | null {
  if (mediaType === undefined) return null;
  if (request === undefined) return { required: true, content: { [mediaType]: {} } };
  const old = request === "JsonPatch" ? { [OLD_PATCH_TYPE]: { schema: ref("OldJsonPatch") } } : {};
  return { required: true, content: { [mediaType]: { schema: ref(request) }, ...old } };
}

/** Headers of image data, by status. */
const DATA_HEADERS: Part = {
  "Content-MD5": { description: "MD5 of the whole image, also of a range", schema: TEXT },
};

function successOf(name: OperationName, status: number, { response }: OperationContents): Part {
  if (name === "data" && status !== 204) {
    return {
      description: status === 206 ? "The range of the data" : "The data",
      headers: {
        ...DATA_HEADERS,
        ...status === 206 && { "Content-Range": { required: true, schema: TEXT } },
      },
      content: { "application/octet-stream": {} },
    };
  }
  if (name === "healthcheck") {
    return { description: "The server is healthy", content: { "text/plain": { schema: TEXT } } };
  }
  return response === undefined
    ? { description: "Done" }
    : { description: "Done", content: { "application/json": { schema: ref(response) } } };
}

/** The response for an error status. In OpenAPI 3.1, a reference can have a description of its own. */
function errorResponse(meaning: string): Part {
  return {
    $ref: "#/components/responses/Error",
    description: `${meaning[0]?.toUpperCase()}${meaning.slice(1)}`,
  };
}

/** Errors have the media type that the request accepts. */
const ERROR_RESPONSE: Part = {
  description: "An error",
  content: {
    "application/json": { schema: ref("Error") },
    "text/html": { schema: TEXT },
    "text/plain": { schema: TEXT },
  },
};
