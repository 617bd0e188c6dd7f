/**
 * What the plain scalars of YAML are, by the patterns of PyYAML's `safe_load` (yaml/resolver.py, 6.0), and the
 * numbers of JSON. A scalar whose value has another text than was written is kept apart: used as a name or
 * a password, it would be silently changed. Pure.
 *
 * @module
 */

/** A scalar that is not the text that was written; `kind` says what it is read as. */
export class AmbiguousScalar {
  readonly kind: string;

  constructor(kind: string) {
    this.kind = kind;
  }
}

/** How the npm package `yaml` reads scalars of one kind. */
export interface YamlTag {
  /** The name of the kind: `tag:yaml.org,2002:int`. */
  readonly tag: string;
  /** Plain scalars that match `test` are of this kind. */
  readonly default: true;
  /** All of a scalar of this kind. */
  readonly test: RegExp;
  /** The value of a text. */
  resolve(text: string): unknown;
}

const INT = new RegExp(
  "^(?:[-+]?0b[01_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+" +
    "|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+)$",
);

const FLOAT = new RegExp(
  "^(?:[-+]?[0-9][0-9_]*\\.[0-9_]*(?:[eE][-+][0-9]+)?|\\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?" +
    "|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\\.[0-9_]*|[-+]?\\.(?:inf|Inf|INF)|\\.(?:nan|NaN|NAN))$",
);

const TIMESTAMP = new RegExp(
  "^(?:[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \\t]+)[0-9]{1,2}" +
    ":[0-9]{2}:[0-9]{2}(?:\\.[0-9]*)?(?:[ \\t]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?)$",
);

/** The scalars that are not text. */
export const YAML_TAGS: YamlTag[] = [
  tagOf("null", /^(?:~|null|Null|NULL|)$/, () => null),
  tagOf("bool", /^(?:yes|Yes|YES|true|True|TRUE|on|On|ON)$/, () => true),
  tagOf("bool", /^(?:no|No|NO|false|False|FALSE|off|Off|OFF)$/, () => false),
  tagOf("int", INT, numberAsWritten),
  tagOf("float", FLOAT, numberAsWritten),
  tagOf("timestamp", TIMESTAMP, () => new AmbiguousScalar("a date")),
  tagOf("value", /^=$/, () => new AmbiguousScalar("a mark of YAML")),
];

function tagOf(name: string, test: RegExp, resolve: YamlTag["resolve"]): YamlTag {
  return { tag: `tag:yaml.org,2002:${name}`, default: true, test, resolve };
}

/** A number as the text that Python would write for it, if that is what was written. */
export function numberAsWritten(text: string): string | AmbiguousScalar {
  return isWhole(text) || isFraction(text) ? text : new AmbiguousScalar("a number");
}

function isWhole(text: string): boolean {
  return /^(?:0|-?[1-9][0-9]*)$/.test(text);
}

/** Up to 15 digits, text and value of a float determine each other. */
function isFraction(text: string): boolean {
  if (!/^-?(?:0|[1-9][0-9]*)\.[0-9]+$/.test(text) || text.replace(/\D/g, "").length > 15) {
    return false;
  }
  const value = Number(text);
  // Python writes smaller ones with an exponent.
  const isPlain = value === 0 || Math.abs(value) >= 1e-4;
  return isPlain && text === (Number.isInteger(value) ? `${value}.0` : String(value));
}
