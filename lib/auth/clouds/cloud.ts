/** A cloud of a configuration: typed access to its settings, and errors that name them. */
import { InvalidConfigurationValue } from "../../errors.ts";
import { isMapping, type Settings } from "./settings.ts";
import { ownValue } from "../../validate.ts";
import { AmbiguousScalar } from "./yaml_scalars.ts";

/** A cloud and its settings. */
export class Cloud {
  readonly name: string;
  /** Path of its file; null if it comes from environment variables. */
  readonly path: string | null;
  readonly settings: Settings;

  constructor(name: string, path: string | null, settings: Settings) {
    this.name = name;
    this.path = path;
    this.settings = settings;
  }

  /** The source of its configuration, for messages. */
  get origin(): string {
    return this.path === null ? "the OS_* variables" : `the cloud "${this.name}" in "${this.path}"`;
  }

  /** The same cloud with other settings. */
  with(settings: Settings): Cloud {
    return new Cloud(this.name, this.path, settings);
  }

  /** An unchecked setting; `auth.username` is a member of the mapping `auth`. */
  value(key: string): unknown {
    const [first = "", second] = key.split(".", 2);
    const value = ownValue(this.settings, first);
    if (second === undefined) return value;
    return isMapping(value) ? ownValue(value, second) : undefined;
  }

  /**
   * A setting as text; null if it is absent or empty.
   *
   * @throws {InvalidConfigurationValue} if it is a list or a mapping, or if YAML reads it as another type
   * because it has no quotes.
   */
  text(key: string): string | null {
    const value = this.value(key);
    if (value === undefined || value === null || value === "") return null;
    if (typeof value === "string") return value;
    const kind = typeof value === "boolean" ? "true or false" : describeType(value);
    throw this.unusable(key, `is read as ${kind}, not as text; write it in quotes`);
  }

  /** A Boolean setting, also as the text `true` or `false`; null if it is absent or any other text. */
  flag(key: string): boolean | null {
    const value = this.value(key);
    if (typeof value === "boolean") return value;
    const text = this.text(key)?.toLowerCase();
    return text === "true" ? true : text === "false" ? false : null;
  }

  /** The text of the first of several settings that is not empty; null if all are. */
  firstText(...keys: readonly string[]): string | null {
    for (const key of keys) {
      const text = this.text(key);
      if (text !== null) return text;
    }
    return null;
  }

  /** Replaces placeholders such as `{region_name}` with the settings of that name, except secrets. */
  expand(text: string): string {
    return text.replaceAll(/\{(\w+)\}/g, (whole, key: string) => {
      return /password|secret|token|auth/.test(key) ? whole : this.text(key) ?? whole;
    });
  }

  /** The error for a setting; `state` is the cause and the hint, and must not contain a secret. */
  unusable(key: string, state: string): InvalidConfigurationValue {
    return new InvalidConfigurationValue(
      `Cannot use ${this.origin}: ${this.#settingOf(key)} ${state}`,
    );
  }

  /** The message for an ignored setting; `{cacert}` in the reason is replaced by the name of that setting. */
  ignoring(key: string, reason: string): string {
    const why = reason.replaceAll(/\{(\w+)\}/g, (_, other) => this.#settingOf(other));
    const whose = this.path === null ? "" : ` of ${this.origin}`;
    return `Ignoring ${this.#settingOf(key)}${whose}: ${why}`;
  }

  #settingOf(key: string): string {
    return this.path === null ? `OS_${key.replace(/^auth\./, "").toUpperCase()}` : `"${key}"`;
  }
}

function describeType(value: unknown): string {
  if (value instanceof AmbiguousScalar) return value.kind;
  return Array.isArray(value) ? "a list" : "a mapping";
}
