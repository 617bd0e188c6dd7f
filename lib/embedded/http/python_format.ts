/**
 * Values and query strings in Python's format, because Glance's messages quote values with `repr`
 * and its links are encoded with `urlencode`.
 */

/** Python's `repr` of a JSON value. */
export function python(value: unknown): string {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "string") return quoted(value);
  if (Array.isArray(value)) return `[${value.map(python).join(", ")}]`;
  if (typeof value === "object") {
    const entries = Object.entries(value).map(([key, entry]) => `${quoted(key)}: ${python(entry)}`);
    return `{${entries.join(", ")}}`;
  }
  return String(value);
}

/**
 * Parses an integer as Python's `int` does: digits of any script, surrounding spaces, and `_`
 * between digits. Null if the text is not an integer.
 */
export function integer(text: string): number | null {
  const match = /^([+-]?)(\p{Nd}+(?:_\p{Nd}+)*)$/u.exec(text.trim());
  if (match === null) return null;
  const digits = Array.from(match[2]?.replaceAll("_", "") ?? "", digitOf).join("");
  return Number(`${match[1]}${digits}`);
}

/** In Unicode, the ten digits of a script are contiguous and in order; those of another one may precede them. */
function digitOf(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  let first = code;
  while (/\p{Nd}/u.test(String.fromCodePoint(first - 1))) first--;
  return (code - first) % 10;
}

/** Joins pairs as `urllib.parse.urlencode` does. */
export function urlencode(pairs: Iterable<readonly [string, string]>): string {
  return [...pairs].map((pair) => pair.map(quotePlus).join("=")).join("&");
}

function quoted(text: string): string {
  const escaped = text.replaceAll("\\", "\\\\").replaceAll(/[\p{C}\p{Z}]/gu, escapedCharacter);
  if (escaped.includes("'") && !escaped.includes('"')) return `"${escaped}"`;
  return `'${escaped.replaceAll("'", "\\'")}'`;
}

const SHORT_ESCAPES: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** The escape of a character that Python does not print; a space is printed. */
function escapedCharacter(character: string): string {
  if (character === " ") return character;
  const hex = (character.codePointAt(0) ?? 0).toString(16);
  const [letter, digits] = hex.length <= 2 ? ["x", 2] : hex.length <= 4 ? ["u", 4] : ["U", 8];
  return SHORT_ESCAPES[character] ?? `\\${letter}${hex.padStart(digits, "0")}`;
}

/** encodeURIComponent leaves five characters that Python encodes. */
function quotePlus(text: string): string {
  return encodeURIComponent(text).replaceAll("%20", "+").replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
