/**
 * The types of plain YAML scalars, by the patterns of PyYAML's `safe_load` (yaml/resolver.py, 6.0), and of JSON
 * numbers. A scalar whose value does not convert back to its text is marked as ambiguous: as a name or a
 * password, it would be changed silently. Pure.
 */

/** A scalar whose value does not convert back to its text; `kind` is the type that YAML reads. */
export class AmbiguousScalar {
  readonly kind: string;

  constructor(kind: string) {
    this.kind = kind;
  }
}

/** Defines how the npm package `yaml` reads scalars of one type. */
export interface YamlTag {
  /** The name of the type: `tag:yaml.org,2002:int`. */
  readonly tag: string;
  /** Plain scalars that match `test` are of this type. */
  readonly default: true;
  /** Matches a whole scalar of this type. */
  readonly test: RegExp;
  /** The value of a text. */
  resolve(text: string): unknown;
}

const INT = /* @__PURE__ */ new RegExp(
  "^(?:[-+]?0b[01_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+" +
    "|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+)$",
);

const FLOAT = /* @__PURE__ */ new RegExp(
  "^(?:[-+]?[0-9][0-9_]*\\.[0-9_]*(?:[eE][-+][0-9]+)?|\\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?" +
    "|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\\.[0-9_]*|[-+]?\\.(?:inf|Inf|INF)|\\.(?:nan|NaN|NAN))$",
);

const TIMESTAMP = /* @__PURE__ */ new RegExp(
  "^(?:[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \\t]+)[0-9]{1,2}" +
    ":[0-9]{2}:[0-9]{2}(?:\\.[0-9]*)?(?:[ \\t]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?)$",
);

/** The scalars that are not strings. */
export const YAML_TAGS: YamlTag[] = [
  /* @__PURE__ */ tagOf("null", /^(?:~|null|Null|NULL|)$/, () => null),
  /* @__PURE__ */ tagOf("bool", /^(?:yes|Yes|YES|true|True|TRUE|on|On|ON)$/, () => true),
  /* @__PURE__ */ tagOf("bool", /^(?:no|No|NO|false|False|FALSE|off|Off|OFF)$/, () => false),
  /* @__PURE__ */ tagOf("int", INT, numberAsWritten),
  /* @__PURE__ */ tagOf("float", FLOAT, numberAsWritten),
  /* @__PURE__ */ tagOf("timestamp", TIMESTAMP, () => new AmbiguousScalar("a date")),
  /* @__PURE__ */ tagOf("value", /^=$/, () => new AmbiguousScalar("a special YAML value")),
];

function tagOf(name: string, test: RegExp, resolve: YamlTag["resolve"]): YamlTag {
  return { tag: `tag:yaml.org,2002:${name}`, default: true, test, resolve };
}

/** The text of a number if Python would write the number the same way; else an ambiguous scalar. */
export function numberAsWritten(text: string): string | AmbiguousScalar {
  return isWhole(text) || isFraction(text) ? text : new AmbiguousScalar("a number");
}

function isWhole(text: string): boolean {
  return /^(?:0|-?[1-9][0-9]*)$/.test(text);
}

/** With up to 15 digits, the text and the value of a float determine each other. */
function isFraction(text: string): boolean {
  if (!/^-?(?:0|[1-9][0-9]*)\.[0-9]+$/.test(text) || text.replace(/\D/g, "").length > 15) {
    return false;
  }
  const value = Number(text);
  // Python writes smaller ones with an exponent.
  const isPlain = value === 0 || Math.abs(value) >= 1e-4;
  return isPlain && text === (Number.isInteger(value) ? `${value}.0` : String(value));
}
