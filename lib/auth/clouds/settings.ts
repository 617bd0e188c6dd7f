/**
 * Settings from YAML, JSON, and the environment: nested mappings of unknown values, merged as openstacksdk
 * does. Pure.
 */
import { AmbiguousScalar } from "./yaml_scalars.ts";

/** A mapping of unknown values: strings, Booleans, null, lists, mappings, and ambiguous scalars. */
export type Settings = Readonly<Record<string, unknown>>;

/** Whether a value is a mapping. */
export function isMapping(value: unknown): value is Settings {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    !(value instanceof AmbiguousScalar);
}

/** The kind of a mapping with a key that is not text, such as `no` in YAML 1.1. */
const OTHER_KEYS = "a mapping with a key that is not text";

/** Why a value cannot be used as a mapping, and a hint. `key` is its path. */
export function notMappingState(value: unknown, key: string): string {
  return value instanceof AmbiguousScalar && value.kind === OTHER_KEYS
    ? `YAML does not read a key below "${key.replace(/\.\?$/, "")}" as text; write it in quotes`
    : `"${key}" is not a mapping; write its keys below it, indented`;
}

/**
 * Converts the result of a parser: mappings to objects, and scalars to strings, Booleans, null, or ambiguous
 * scalars. A mapping with a key that is not text becomes an ambiguous scalar, too; in the mapping of the clouds, only
 * the cloud with such a key does, with the name `?`.
 */
export function toSettings(value: unknown, path = ""): unknown {
  if (Array.isArray(value)) return value.map((entry) => toSettings(entry, path));
  if (value instanceof Map || isPlainObject(value)) {
    const entries = value instanceof Map ? [...value] : Object.entries(value);
    const other = new AmbiguousScalar(OTHER_KEYS);
    const isText = (key: unknown) => typeof key === "string";
    if (path !== ".clouds" && !entries.every(([key]) => isText(key))) return other;
    return Object.fromEntries(
      entries.map(([key, inner]) =>
        isText(key) ? [key, toSettings(inner, `${path}.${key}`)] : ["?", other]
      ),
    );
  }
  if (value === undefined || value === null) return null;
  if (typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "bigint" || Number.isSafeInteger(value)) return String(value);
  if (value instanceof AmbiguousScalar) return value;
  return new AmbiguousScalar(typeof value === "number" ? "a number" : "a date");
}

function isPlainObject(value: unknown): value is object {
  return isMapping(value) && !(value instanceof Date);
}

/** Replaces `-` with `_` in all keys: configurations use both. */
export function withUnderscores(settings: Settings): Settings {
  return Object.fromEntries(
    Object.entries(settings).map(([key, value]) => [
      key.replaceAll("-", "_"),
      isMapping(value) ? withUnderscores(value) : value,
    ]),
  );
}

/** Merges `over` into `under` recursively, as `secure.yaml` is merged into `clouds.yaml`. */
export function mergeDeep(under: Settings, over: Settings): Settings {
  const merged = new Map<string, unknown>(Object.entries(under));
  for (const [key, value] of Object.entries(over)) {
    const old = merged.get(key);
    merged.set(key, isMapping(old) && isMapping(value) ? mergeDeep(old, value) : value);
  }
  return Object.fromEntries(merged);
}

/** Merges `over` into `under`, where only `auth` is merged by key, as a cloud is merged into its profile. */
export function mergeCloud(under: Settings, over: Settings): Settings {
  const { auth: underAuth } = under;
  const { auth: overAuth } = over;
  if (!isMapping(underAuth) || !isMapping(overAuth)) return { ...under, ...over };
  return { ...under, ...over, auth: { ...underAuth, ...overAuth } };
}
