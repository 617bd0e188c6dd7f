/**
 * Validation with the subset of JSON Schema that Glance's schemas use. Error messages equal those
 * of Python's jsonschema.
 */

import { badRequest } from "./errors.ts";
import { python } from "./python_format.ts";

/** A schema or subschema. */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly readOnly?: boolean;
  readonly writeOnly?: boolean;
  readonly enum?: readonly (string | null)[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly uniqueItems?: boolean;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  /** Properties that are required if the key is present. */
  readonly dependentRequired?: Readonly<Record<string, readonly string[]>>;
  readonly additionalProperties?: boolean | Schema;
  readonly allOf?: readonly Schema[];
  /** `#/definitions/<name>`, resolved in the root schema. */
  readonly $ref?: string;
  readonly definitions?: Readonly<Record<string, Schema>> | undefined;
  readonly [extra: string]: unknown;
}

/** A schema with a name, which validation errors contain. */
export type NamedSchema = Schema & { readonly name: string };

/**
 * Validates a value against a named schema.
 *
 * @throws {Failure} 400 that quotes the first error.
 */
export function checkAgainst(schema: NamedSchema, value: unknown): void {
  const fault = schemaFault(schema, value);
  if (fault === null) return;
  throw badRequest(`Provided object does not match schema '${schema.name}': ${fault}`);
}

/** The validation error in the words of Python's jsonschema; null if the value is valid. */
export function schemaFault(schema: Schema, value: unknown): string | null {
  return faultOf(value, schema, schema.definitions ?? {});
}

type Definitions = Readonly<Record<string, Schema>>;

/** A validation error and its depth in the value. */
interface SchemaFault {
  readonly depth: number;
  readonly text: () => string;
}

/** Maximum characters of a value in a message. Glance shows all of it, up to the size of a request body. */
const VALUE_LIMIT = 65_536;

function shown(value: unknown): string {
  const text = python(value);
  return text.length > VALUE_LIMIT ? `${text.slice(0, VALUE_LIMIT)}…` : text;
}

/** A value with its schema, the definitions, and the depth. */
interface Place {
  readonly value: unknown;
  readonly schema: Schema;
  readonly definitions: Definitions;
  readonly depth: number;
}

/**
 * The best error, or null. As in jsonschema's `best_match`, the error with the smallest depth wins,
 * then the first in the order of the schema.
 */
function faultOf(value: unknown, schema: Schema, definitions: Definitions): string | null {
  let best: SchemaFault | null = null;
  for (const fault of faultsOf({ value, schema, definitions, depth: 0 })) {
    if (fault.depth < (best?.depth ?? Infinity)) best = fault;
    if (fault.depth === 0) break;
  }
  return best?.text() ?? null;
}

function* faultsOf(place: Place): Generator<SchemaFault> {
  const { schema, depth } = place;
  for (const keyword of Object.keys(schema)) {
    const check = KEYWORDS.get(keyword);
    if (check === undefined) continue;
    for (const fault of check(place)) {
      yield typeof fault === "function" ? { depth, text: fault } : fault;
    }
  }
}

type Keyword = (place: Place) => Iterable<SchemaFault | (() => string)>;

/** Checks a keyword of a schema, and returns the errors at this depth or below. */
const KEYWORDS: ReadonlyMap<string, Keyword> = new Map<string, Keyword>([
  ["type", typeFaults],
  ["enum", ({ value, schema: { enum: allowed = [] } }) =>
    when(
      !allowed.some((each) => each === value),
      () => `${shown(value)} is not one of ${python(allowed)}`,
    )],
  ["pattern", ({ value, schema: { pattern = "" } }) =>
    when(
      typeof value === "string" && !new RegExp(pattern, "u").test(value),
      () => `${shown(value)} does not match ${python(pattern)}`,
    )],
  ["minLength", ({ value, schema: { minLength = 0 } }) =>
    when(
      typeof value === "string" && [...value].length < minLength,
      () => `${shown(value)} is too short`,
    )],
  ["maxLength", ({ value, schema: { maxLength = Infinity } }) =>
    when(
      typeof value === "string" && [...value].length > maxLength,
      () => `${shown(value)} is too long`,
    )],
  ["minimum", ({ value, schema: { minimum = -Infinity } }) =>
    when(
      typeof value === "number" && value < minimum,
      () => `${value} is less than the minimum of ${minimum}`,
    )],
  [
    "minItems",
    ({ value, schema: { minItems = 0 } }) =>
      when(Array.isArray(value) && value.length < minItems, () => `${shown(value)} is too short`),
  ],
  ["uniqueItems", ({ value, schema: { uniqueItems = false } }) =>
    when(
      uniqueItems && Array.isArray(value) && new Set(value.map(python)).size < value.length,
      () => `${shown(value)} has non-unique elements`,
    )],
  [
    "items",
    ({ value, schema: { items = {} }, ...place }) =>
      Array.isArray(value) ? value.flatMap((item) => inside(item, items, place)) : [],
  ],
  [
    "allOf",
    ({ value, schema: { allOf = [] }, definitions, depth }) =>
      allOf.flatMap((schema) => [...faultsOf({ value, schema, definitions, depth })]),
  ],
  ["$ref", ({ value, schema: { $ref = "" }, definitions, depth }) => {
    const schema = definitions[$ref.split("/").at(-1) ?? ""] ?? {};
    return faultsOf({ value, schema, definitions, depth });
  }],
  [
    "required",
    ({ value, schema: { required = [] } }) =>
      isObject(value)
        ? required.filter((key) => !Object.hasOwn(value, key))
          .map((key) => () => `${python(key)} is a required property`)
        : [],
  ],
  ["dependentRequired", dependencyFaults],
  ["properties", propertyFaults],
  ["additionalProperties", additionalFaults],
]);

function when(isWrong: boolean, text: () => string): readonly (() => string)[] {
  return isWrong ? [text] : [];
}

/** Errors one level deeper. */
function inside(
  value: unknown,
  schema: Schema,
  { definitions, depth }: Pick<Place, "definitions" | "depth">,
): SchemaFault[] {
  return [...faultsOf({ value, schema, definitions, depth: depth + 1 })];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function typeFaults({ value, schema: { type = [] } }: Place): readonly (() => string)[] {
  const types = typeof type === "string" ? [type] : type;
  return when(
    !types.some((name) => isOfType(value, name)),
    () => `${shown(value)} is not of type ${types.map((name) => `'${name}'`).join(", ")}`,
  );
}

function isOfType(value: unknown, type: string): boolean {
  if (type === "null") return value === null;
  if (type === "integer") return Number.isInteger(value);
  if (type === "array") return Array.isArray(value);
  if (type === "object") return isObject(value);
  const actual: string = typeof value;
  return actual === type;
}

function dependencyFaults({ value, schema }: Place): readonly (() => string)[] {
  if (!isObject(value)) return [];
  const rules = Object.entries(schema.dependentRequired ?? {});
  return rules.filter(([key]) => Object.hasOwn(value, key)).flatMap(([key, others]) =>
    others.filter((other) => !Object.hasOwn(value, other))
      .map((other) => () => `'${other}' is a dependency of '${key}'`)
  );
}

function propertyFaults({ value, schema, ...place }: Place): readonly SchemaFault[] {
  if (!isObject(value)) return [];
  return Object.entries(schema.properties ?? {}).flatMap(([key, rule]) =>
    Object.hasOwn(value, key) ? inside(value[key], rule, place) : []
  );
}

function additionalFaults(
  { value, schema, ...place }: Place,
): readonly (SchemaFault | (() => string))[] {
  const { properties = {}, additionalProperties: rule = {} } = schema;
  if (!isObject(value) || rule === true) return [];
  const extra = Object.keys(value).filter((key) => !Object.hasOwn(properties, key));
  if (rule !== false) return extra.flatMap((key) => inside(value[key], rule, place));
  const verb = extra.length === 1 ? "was" : "were";
  return when(
    extra.length > 0,
    () =>
      `Additional properties are not allowed (${
        extra.toSorted().map(python).join(", ")
      } ${verb} unexpected)`,
  );
}
