/** Texts of the page that the server and the browser write in the same way. Pure. */

/** Controls, and characters that are invisible or change the direction of the text around them. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/**
 * A text as it is shown: invisible characters become their code points, such as `<U+202E>`. A server may send other
 * values in its place; they are shown as JSON.
 */
export function visibleText(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value) ?? "";
  return text.replace(
    INVISIBLE,
    (unit) => `<U+${unit.codePointAt(0)?.toString(16).toUpperCase().padStart(4, "0")}>`,
  );
}

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** A number of bytes with a binary unit, such as `2.4 GiB`. */
export function sizeText(bytes: number): string {
  let [value, unit] = [bytes, 0];
  // 1023.96 KiB would be rounded to 1024.0 KiB.
  while (value >= 1023.95 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 || value >= 99.95 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}

/** The day of a time of Glance, such as `2026-11-30`; empty if there is none. */
export function dayText(time: string | null | undefined): string {
  return /^\d{4}-\d\d-\d\d/.exec(visibleText(time))?.[0] ?? "";
}

/** The tags of an image; none if a server sends something else. */
export function tagsOf({ tags }: { readonly tags?: unknown }): readonly string[] {
  return Array.isArray(tags) ? tags : [];
}

/** The name of an image, or what is shown for an image without one. */
export function nameText({ name, id }: { readonly name?: string | null; readonly id: string }) {
  return name ? visibleText(name) : `Unnamed ${id.slice(0, 8)}`;
}

/** A status as a label: `Active`, `Pending delete`. */
export function statusText(status: string): string {
  const text = visibleText(status).replaceAll("_", " ");
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** The columns of the list: their sort key, their title, and the class of their cells. */
export const COLUMNS = [
  ["name", "Name"],
  ["status", "Status"],
  ["visibility", "Visibility"],
  ["disk_format", "Format"],
  ["size", "Size"],
  ["created_at", "Created"],
] as const;
