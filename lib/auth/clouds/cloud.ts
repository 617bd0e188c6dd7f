/**
 * One cloud of a configuration: its settings, and how to speak of them when one is missing or wrong.
 *
 * @module
 */
import { InvalidConfigurationValue } from "../../errors.ts";
import { isRecord, type Settings } from "./settings.ts";
import { ownValue } from "../../validate.ts";
import { AmbiguousScalar } from "./yaml_scalars.ts";

/** The settings of a cloud, read one by one. */
export class Cloud {
  readonly name: string;
  /** Path of its file; null where variables of the environment make it up. */
  readonly path: string | null;
  readonly settings: Settings;

  constructor(name: string, path: string | null, settings: Settings) {
    this.name = name;
    this.path = path;
    this.settings = settings;
  }

  /** The same cloud with other settings. */
  with(settings: Settings): Cloud {
    return new Cloud(this.name, this.path, settings);
  }

  /** A setting as it stands; `auth.username` lies in the mapping `auth`. */
  value(key: string): unknown {
    const [first = "", second] = key.split(".", 2);
    const value = ownValue(this.settings, first);
    if (second === undefined) return value;
    return isRecord(value) ? ownValue(value, second) : undefined;
  }

  /**
   * A setting as text; null where there is none.
   *
   * @throws {InvalidConfigurationValue} where it is a list or a mapping, and where YAML reads what was
   * written without quotes as something else.
   */
  text(key: string): string | null {
    const value = this.value(key);
    if (value === undefined || value === null || value === "") return null;
    if (typeof value === "string") return value;
    const kind = typeof value === "boolean" ? "true or false" : describeType(value);
    throw this.unusable(key, `is read as ${kind}, not as text; write it in quotes`);
  }

  /** A setting that is true or false, or text that says so; null for any other text and where there is none. */
  flag(key: string): boolean | null {
    const value = this.value(key);
    if (typeof value === "boolean") return value;
    const text = this.text(key)?.toLowerCase();
    return text === "true" ? true : text === "false" ? false : null;
  }

  /** The first of several names that has text. */
  firstText(...keys: readonly string[]): string | null {
    for (const key of keys) {
      const text = this.text(key);
      if (text !== null) return text;
    }
    return null;
  }

  /** Text with other settings in the places marked `{region_name}`; a secret is not put there. */
  expand(text: string): string {
    return text.replaceAll(/\{(\w+)\}/g, (whole, key: string) => {
      return /password|secret|token|auth/.test(key) ? whole : this.text(key) ?? whole;
    });
  }

  /** The error for a setting; `state` says what is wrong and what to do, and shows no value. */
  unusable(key: string, state: string): InvalidConfigurationValue {
    const { setting, source } = this.#names(key);
    return new InvalidConfigurationValue(
      `Cannot use the cloud "${this.name}" of ${source}: ${setting} ${state}`,
    );
  }

  /** What is to be said of a setting that is not honored; `{cacert}` in the reason names that setting. */
  ignoring(key: string, reason: string): string {
    const { setting, source } = this.#names(key);
    const why = reason.replaceAll(/\{(\w+)\}/g, (_, other) => this.#names(other).setting);
    return `Ignoring ${setting} of the cloud "${this.name}" of ${source}: ${why}`;
  }

  #names(key: string): { readonly setting: string; readonly source: string } {
    return this.path === null
      ? {
        setting: `OS_${key.replace(/^auth\./, "").toUpperCase()}`,
        source: "the environment",
      }
      : { setting: `"${key}"`, source: `"${this.path}"` };
  }
}

function describeType(value: unknown): string {
  if (value instanceof AmbiguousScalar) return value.kind;
  return Array.isArray(value) ? "a list" : "a mapping";
}
