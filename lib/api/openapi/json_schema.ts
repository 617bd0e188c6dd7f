/** Short forms of JSON Schema (draft 2020-12), the dialect of OpenAPI 3.1. Pure. */

/** A schema. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** Schemas by the name of a property. */
export type Properties = Readonly<Record<string, JsonSchema>>;

export const TEXT: JsonSchema = { type: "string" };
export const TEXT_OR_NULL: JsonSchema = { type: ["string", "null"] };
export const COUNT: JsonSchema = { type: "integer", minimum: 0 };
export const COUNT_OR_NULL: JsonSchema = { type: ["integer", "null"], minimum: 0 };
export const TRUTH: JsonSchema = { type: "boolean" };
export const TIME: JsonSchema = { type: "string", format: "date-time" };
export const UUID: JsonSchema = { type: "string", format: "uuid" };
export const ANY_OBJECT: JsonSchema = { type: "object" };

/** A string of at most `maxLength` characters. */
export function textTo(maxLength: number): JsonSchema {
  return { type: "string", maxLength };
}

/** One of the strings. */
export function oneOf(values: readonly string[]): JsonSchema {
  return { type: "string", enum: values };
}

export function listOf(items: JsonSchema): JsonSchema {
  return { type: "array", items };
}

/** A schema of the components. */
export function ref(name: string): JsonSchema {
  return { $ref: `#/components/schemas/${name}` };
}

/** An object without other properties than these. */
export function closedObject(properties: Properties, required: readonly string[] = []): JsonSchema {
  return { ...open(properties, required), additionalProperties: false };
}

/** An object that may have other properties. */
export function open(properties: Properties, required: readonly string[] = []): JsonSchema {
  return { type: "object", properties, ...required.length > 0 && { required } };
}
