/** Functions that define flags. */
import type { ListFlag, NumberFlag, SwitchFlag, TextFlag, TruthFlag } from "./command.ts";

/** Optional properties of a flag. */
type More<F> = Omit<F, "kind" | "value" | "summary" | "required">;

/** Defines a flag without a value. */
export function toggle(summary: string, more: More<SwitchFlag> = {}): SwitchFlag {
  return { kind: "switch", summary, ...more };
}

/** Defines a flag with an optional value, `True` or `False` (default: True). */
export function truth(summary: string, more: More<TruthFlag> = {}): TruthFlag {
  return { kind: "truth", summary, ...more };
}

/** Defines a flag with a string value. `value` is its placeholder in help texts. */
export function text(value: string, summary: string, more: More<TextFlag> = {}): TextFlag {
  return { kind: "text", value, summary, ...more };
}

/** Defines a flag with a string value that must be given. */
export function required(value: string, summary: string): TextFlag & { readonly required: true } {
  return { kind: "text", value, summary, required: true };
}

/** Defines a flag with an integer value of at least `min`. */
export function number(value: string, summary: string, min: number = 1): NumberFlag {
  return { kind: "number", value, summary, min };
}

/** Defines a flag with a string value that can be repeated. */
export function list(
  value: string,
  summary: string,
  more: Omit<ListFlag, "kind" | "value" | "summary"> = {},
): ListFlag {
  return { kind: "list", value, summary, ...more };
}
