/**
 * What a caller sends, checked against the schema of an image, with the verdict in the words of
 * Python's jsonschema.
 *
 * @module
 */

import { badRequest } from "./failures.ts";
import { IMAGE_SCHEMA, type Schema } from "./image_schema.ts";
import { python } from "./python_words.ts";

/**
 * Checks the properties of an image, all or some of them.
 *
 * @throws {Failure} 400 that quotes the first thing that does not fit.
 */
export function checkImage(image: Readonly<Record<string, unknown>>): void {
  const fault = faultOf(image, IMAGE_SCHEMA);
  if (fault === null) return;
  throw badRequest(`Provided object does not match schema 'image': ${fault}`);
}

/** What is wrong with a value, in the words of Python's jsonschema; null where nothing is. */
function faultOf(value: unknown, schema: Schema): string | null {
  return typeFault(value, schema) ?? enumFault(value, schema) ?? textFault(value, schema) ??
    listFault(value, schema) ?? objectFault(value, schema);
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
  return type === "boolean" ? typeof value === "boolean" : typeof value === "string";
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

function listFault(value: unknown, { items }: Schema): string | null {
  if (items === undefined || !Array.isArray(value)) return null;
  for (const item of value) {
    const fault = faultOf(item, items);
    if (fault !== null) return fault;
  }
  return null;
}

function objectFault(value: unknown, schema: Schema): string | null {
  if (!isOfType(value, "object")) return null;
  // isOfType has seen that it is an object.
  const object = value as Record<string, unknown>;
  const missing = schema.required?.find((key) => !Object.hasOwn(object, key));
  if (missing !== undefined) return `'${missing}' is a required property`;
  for (const [key, entry] of Object.entries(object)) {
    const known = Object.hasOwn(schema.properties ?? {}, key) ? schema.properties?.[key] : null;
    const rule = known ?? schema.additionalProperties ?? {};
    if (rule === false) {
      return `Additional properties are not allowed ('${key}' was unexpected)`;
    }
    const fault = rule === true ? null : faultOf(entry, rule);
    if (fault !== null) return fault;
  }
  return null;
}
