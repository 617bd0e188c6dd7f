/**
 * One cloud of a configuration: its settings, and how to speak of them when one is missing or wrong.
 *
 * @module
 */
import { InvalidConfigurationValue } from "../errors.ts";
import { isMapping, type Settings } from "./settings.ts";

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
    if (second === undefined) return this.settings[first];
    const inner = this.settings[first];
    return isMapping(inner) ? inner[second] : undefined;
  }

  /**
   * A setting as text; null where there is none. Numbers count as text: YAML reads ids and passwords
   * that are all digits as such.
   *
   * @throws {InvalidConfigurationValue} where it is a list, a mapping or a date.
   */
  text(key: string): string | null {
    const value = this.value(key);
    if (value === undefined || value === null || value === "") return null;
    if (["string", "number", "bigint", "boolean"].includes(typeof value)) return String(value);
    throw this.unusable(key, "is no text; write one value, in quotes");
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
    const name = this.path === null ? `OS_${key.replace(/^auth\./, "").toUpperCase()}` : `"${key}"`;
    const source = this.path === null ? "the environment" : `"${this.path}"`;
    return new InvalidConfigurationValue(
      `Cannot use the cloud "${this.name}" of ${source}: ${name} ${state}`,
    );
  }
}
