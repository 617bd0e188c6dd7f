/**
 * The part of JSON Schema that Glance's schemas use, and values checked against it, with the verdict
 * in the words of Python's jsonschema.
 *
 * @module
 */

import { badRequest } from "./failures.ts";
import { python } from "./python_words.ts";

/** A schema, or a part of one. */
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
  /** What must be there where the key is. */
  readonly dependentRequired?: Readonly<Record<string, readonly string[]>>;
  readonly additionalProperties?: boolean | Schema;
  readonly allOf?: readonly Schema[];
  /** `#/definitions/<name>`, for a part that the whole schema defines. */
  readonly $ref?: string;
  readonly definitions?: Readonly<Record<string, Schema>>;
  readonly [extra: string]: unknown;
}

/**
 * Checks a value against a schema with a name.
 *
 * @throws {Failure} 400 that quotes the first thing that does not fit.
 */
export function checkAgainst(schema: Schema & { readonly name: string }, value: unknown): void {
  const fault = schemaFault(schema, value);
  if (fault === null) return;
  throw badRequest(`Provided object does not match schema '${schema.name}': ${fault}`);
}

/** What is wrong with a value, in the words of Python's jsonschema; null for a value that fits. */
export function schemaFault(schema: Schema, value: unknown): string | null {
  return faultOf(value, schema, schema.definitions ?? {});
}

type Definitions = Readonly<Record<string, Schema>>;

/** What is wrong with a value; null where nothing is. */
function faultOf(value: unknown, schema: Schema, definitions: Definitions): string | null {
  const parts = [...schema.allOf ?? []];
  if (schema.$ref !== undefined) parts.push(definitions[schema.$ref.split("/").at(-1) ?? ""] ?? {});
  for (const part of parts) {
    const fault = faultOf(value, part, definitions);
    if (fault !== null) return fault;
  }
  return typeFault(value, schema) ?? enumFault(value, schema) ?? textFault(value, schema) ??
    numberFault(value, schema) ?? listFault(value, schema, definitions) ??
    objectFault(value, schema, definitions);
}

function typeFault(value: unknown, { type }: Schema): string | null {
  if (type === undefined) return null;
  const types = typeof type === "string" ? [type] : type;
  if (types.some((name) => isOfType(value, name))) return null;
  return `${python(value)} is not of type ${types.map((name) => `'${name}'`).join(", ")}`;
}

function isOfType(value: unknown, type: string): boolean {
  if (type === "null") return value === null;
  if (type === "integer") return Number.isInteger(value);
  if (type === "array") return Array.isArray(value);
  if (type === "object") {
    return typeof value === "object" && value !== null && !Array.isArray(value);
  }
  const actual: string = typeof value;
  return actual === type;
}

function enumFault(value: unknown, schema: Schema): string | null {
  if (schema.enum === undefined || schema.enum.some((allowed) => allowed === value)) return null;
  return `${python(value)} is not one of ${python(schema.enum)}`;
}

function textFault(value: unknown, { pattern, minLength = 0, maxLength }: Schema): string | null {
  if (typeof value !== "string") return null;
  const length = [...value].length;
  if (length < minLength) return `${python(value)} is too short`;
  if (maxLength !== undefined && length > maxLength) return `${python(value)} is too long`;
  if (pattern === undefined || new RegExp(pattern, "u").test(value)) return null;
  return `${python(value)} does not match ${python(pattern)}`;
}

function numberFault(value: unknown, { minimum = -Infinity }: Schema): string | null {
  if (typeof value !== "number" || value >= minimum) return null;
  return `${value} is less than the minimum of ${minimum}`;
}

function listFault(
  value: unknown,
  { items, minItems = 0, uniqueItems = false }: Schema,
  definitions: Definitions,
): string | null {
  if (!Array.isArray(value)) return null;
  if (value.length < minItems) return `${python(value)} is too short`;
  if (uniqueItems && new Set(value.map(python)).size < value.length) {
    return `${python(value)} has non-unique elements`;
  }
  if (items === undefined) return null;
  for (const item of value) {
    const fault = faultOf(item, items, definitions);
    if (fault !== null) return fault;
  }
  return null;
}

function objectFault(value: unknown, schema: Schema, definitions: Definitions): string | null {
  if (!isOfType(value, "object")) return null;
  // isOfType has seen that it is an object.
  const object = value as Record<string, unknown>;
  const missing = schema.required?.find((key) => !Object.hasOwn(object, key));
  if (missing !== undefined) return `'${missing}' is a required property`;
  for (const [key, others] of Object.entries(schema.dependentRequired ?? {})) {
    const other = others.find((name) => !Object.hasOwn(object, name));
    if (other !== undefined && Object.hasOwn(object, key)) {
      return `'${other}' is a dependency of '${key}'`;
    }
  }
  for (const [key, entry] of Object.entries(object)) {
    const known = Object.hasOwn(schema.properties ?? {}, key) ? schema.properties?.[key] : null;
    const rule = known ?? schema.additionalProperties ?? {};
    if (rule === false) {
      return `Additional properties are not allowed ('${key}' was unexpected)`;
    }
    const fault = rule === true ? null : faultOf(entry, rule, definitions);
    if (fault !== null) return fault;
  }
  return null;
}
