/** Formats records for programs, as `openstack` does: JSON, YAML, CSV, or values alone. Pure. */
import { printable, printableJson } from "../system/console.ts";
import { UsageError } from "../system/errors.ts";

/** The formats of `--format`; a table is for people. */
export const OUTPUT_FORMATS = ["table", "json", "yaml", "csv", "value"] as const;

/** A format for programs. */
export type DataFormat = Exclude<typeof OUTPUT_FORMATS[number], "table">;

/** How records are printed. */
export interface OutputChoice {
  readonly format: DataFormat | "table";
  /** Headings of a list, or names of properties; empty for all. */
  readonly columns: readonly string[];
  /** Those of `columns` that the command has checked before it ran; ones that the result lacks are empty. */
  readonly expected?: readonly string[];
}

/** A table before it is drawn. */
export interface Cells {
  readonly headings: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

const FORMATS: Readonly<Record<DataFormat, (cells: Cells) => string>> = {
  json: (cells) => printableJson(objectsOf(cells), 2),
  yaml: (cells) =>
    cells.rows.length === 0
      ? "[]"
      : objectsOf(cells).map((row) => `- ${yamlOf(row, "\n  ")}`).join("\n"),
  csv: ({ headings, rows }) => [headings, ...rows].map((row) => row.map(csvCell)).join("\n"),
  value: ({ rows }) => rows.map((row) => row.map(plainText).join(" ")).join("\n"),
};

/** The members of a record, in order. */
export type RecordMembers = readonly (readonly [name: string, value: unknown])[];

/** Formats a list of records. Columns of a table are the members of an object. */
export function formatList(format: DataFormat, cells: Cells): string {
  return FORMATS[format](cells);
}

/** Formats one record: an object, lines of two cells, or a value per line. */
export function formatRecord(format: DataFormat, members: RecordMembers): string {
  const record = Object.fromEntries(members.map(([name, value]) => [name, value ?? null]));
  if (format === "json") return printableJson(record, 2);
  if (format === "yaml") return yamlOf(record, "\n");
  if (format === "value") return members.map(([, value]) => plainText(value)).join("\n");
  return formatList("csv", { headings: ["Property", "Value"], rows: members });
}

/**
 * The positions of the chosen columns, in the order of the table; all if none is chosen. Case does not matter, nor
 * whether words are separated by spaces or `_`.
 *
 * @throws {UsageError} if a column does not exist.
 */
export function chosenColumns(headings: readonly string[], chosen: readonly string[]): number[] {
  const keys = headings.map(keyOf);
  const unknown = chosen.find((name) => !isColumnOf(headings, name));
  if (unknown !== undefined) {
    const all = new Intl.ListFormat("en", { type: "conjunction" }).format(headings);
    throw new UsageError(`Cannot show the column "${unknown}": the columns are ${all}`);
  }
  const names = new Set(chosen.map(keyOf));
  return [...headings.keys()].filter((i) => names.size === 0 || names.has(keys[i] ?? ""));
}

/** Whether a column of --column is one of these. */
export function isColumnOf(headings: readonly string[], column: string): boolean {
  return headings.some((heading) => keyOf(heading) === keyOf(column));
}

function keyOf(name: string): string {
  return name.toLowerCase().replaceAll(/[ _-]/g, "_");
}

function objectsOf({ headings, rows }: Cells): Readonly<Record<string, unknown>>[] {
  return rows.map((row) =>
    Object.fromEntries(headings.map((heading, i) => [heading, row[i] ?? null]))
  );
}

/**
 * RFC 4180 with the conventions of `openstack`: all but numbers and truth values is quoted, so that the text "True" is
 * not taken for one, and null is empty. A quoted text keeps its line breaks.
 */
function csvCell(value: unknown): string {
  if (typeof value === "number" || typeof value === "boolean") return plainText(value);
  const text = typeof value === "string" ? value : plainText(value ?? "");
  return `"${text.replaceAll('"', '""')}"`;
}

/** A value in Python's notation, on one line: a list has a line for each of its rows. */
function plainText(value: unknown): string {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  return typeof value === "object" ? printableJson(value) : printable(String(value));
}

/** The members of an object, a line each. Lists and objects in it are written as JSON, which is YAML, too. */
function yamlOf(record: Readonly<Record<string, unknown>>, separator: string): string {
  const members = Object.entries(record).map(([name, value]) => {
    const key = yamlText(name);
    const mark = key.length > MAX_PLAIN_KEY ? `? ${key}${separator}` : key;
    return `${mark}: ${typeof value === "string" ? yamlText(value) : yamlJson(value)}`;
  });
  return members.length === 0 ? "{}" : members.join(separator);
}

/** Words that YAML reads as another type; some parsers of YAML 1.1 read `e3` as a number. */
const YAML_WORDS = /^(true|false|yes|no|on|off|null|y|n|e[\d_]+)$/i;

/** Characters of a key without a mark of its own (YAML 1.2.2, section 7.4.2). */
const MAX_PLAIN_KEY = 1024;

function yamlText(text: string): string {
  const isPlain = /^[A-Za-z][\w./-]*( [\w./-]+)*$/.test(text) && !YAML_WORDS.test(text);
  return isPlain ? text : yamlJson(text);
}

/** JSON, which is YAML, except that YAML 1.1 reads the escapes of a surrogate pair as two characters. */
function yamlJson(value: unknown): string {
  return printableJson(value).replaceAll(
    /((?<!\\)(?:\\\\)*)\\u(d[89ab][\da-f]{2})\\u(d[c-f][\da-f]{2})/g,
    (_, before: string, ...units: string[]) => {
      const [high = 0, low = 0] = units.map((unit) => parseInt(unit, 16));
      const code = 0x10000 + (high - 0xd800) * 0x400 + low - 0xdc00;
      return `${before}\\U${code.toString(16).padStart(8, "0")}`;
    },
  );
}
