/** Prints records to standard output, as JSON or as the tables of glanceclient. */
import { number } from "../args/flags.ts";
import { CommandFailed } from "../system/errors.ts";
import { codeOf, fileState } from "../system/fs_errors.ts";
import type { Flags, Invocation, Values } from "../args/command.ts";
import { printable, printableJson, printableLines } from "../system/console.ts";
import {
  chosenColumns,
  formatList,
  formatRecord,
  isColumnOf,
  type RecordMembers,
} from "./formats.ts";
import { drawTable, type TableLayout, widthOf } from "./table.ts";
import type { Output } from "../system/system.ts";

/** A record as the API returns it. */
export type WireRecord = Readonly<Record<string, unknown>>;

/** Standard output was closed by its reader. It is not reported as a failure. */
export class OutputClosed extends Error {
  override name = "OutputClosed";
}

/** The part of an invocation that printing needs. */
export type OutputCall = Pick<Invocation, "system" | "json" | "output">;

export const WIDTH_FLAGS = {
  "max-column-width": number("<WIDTH>", "Characters of a value per line (default: 80)"),
} as const satisfies Flags;

/** The options that `WIDTH_FLAGS` set. */
export function widthFrom(
  { "max-column-width": maxColumnWidth }: Values<typeof WIDTH_FLAGS>,
): RecordOptions {
  return { maxColumnWidth };
}

export interface RecordOptions {
  /**
   * Maximum characters of a value per line.
   * Default: `80`.
   */
  readonly maxColumnWidth?: number | undefined;
}

export interface ImageOptions extends RecordOptions {
  /**
   * Print the size with a unit, for example `97.7kB`.
   * Default: `false`.
   */
  readonly isHumanReadable?: boolean;
}

/** A column of a list: heading, key, or function of its values (default: the heading), and width of its lines. */
export type Column = readonly [
  heading: string,
  cell?: string | ((row: WireRecord) => unknown),
  maxWidth?: number,
];

/** The headings of columns. */
export function headingsOf(columns: readonly Column[]): readonly string[] {
  return columns.map(([heading]) => heading);
}

/**
 * Writes bytes to standard output.
 *
 * @throws {OutputClosed} if the reader has closed it.
 * @throws {CommandFailed} if it cannot be written, for example because the disk is full.
 */
export async function writeOut(stdout: Output, bytes: Uint8Array): Promise<void> {
  try {
    await stdout.write(bytes);
  } catch (error) {
    if (codeOf(error) === "EPIPE") {
      throw new OutputClosed("standard output was closed by its reader");
    }
    throw new CommandFailed(`Cannot write to standard output: ${fileState(error)}`, error);
  }
}

export async function printText(
  invocation: Pick<Invocation, "system">,
  text: string,
): Promise<void> {
  await writeOut(invocation.system.stdout, new TextEncoder().encode(`${text}\n`));
}

/** Prints formatted data. Programs get every value of CSV as it is; a terminal must not get control characters. */
async function printData(invocation: Pick<Invocation, "system">, text: string): Promise<void> {
  const { isTerminal } = invocation.system.stdout;
  await printText(invocation, isTerminal ? printableLines(text) : text);
}

export async function printJson(
  invocation: Pick<Invocation, "system">,
  value: unknown,
): Promise<void> {
  await printText(invocation, printableJson(value, 2));
}

/** Prints a record as JSON, or as a table of its properties in alphabetical order. */
export async function printRecord(
  invocation: OutputCall,
  record: object,
  options: RecordOptions = {},
): Promise<void> {
  if (invocation.json) return await printJson(invocation, record);
  const sorted = Object.entries(record).sort(([a], [b]) => a < b ? -1 : 1);
  const members = await printedMembers(invocation, sorted);
  if (members === null) return;
  const rows = members.map(([key, value]) => [cellText(key, ""), cellText(value, "None")]);
  const { maxColumnWidth = 80 } = options;
  await printText(
    invocation,
    drawTable(["Property", "Value"], rows, { maxWidths: [maxColumnWidth, maxColumnWidth] }),
  );
}

/**
 * Chooses the members of a record to print in a table; null if they were printed in another format.
 *
 * @throws {UsageError} if a chosen member does not exist.
 */
async function printedMembers(
  invocation: OutputCall,
  members: RecordMembers,
): Promise<RecordMembers | null> {
  const { format, columns, expected = [] } = invocation.output;
  const names = members.map(([name]) => name);
  const absent = expected.filter((name) => !isColumnOf(names, name));
  const all = [...members, ...absent.map((name) => [name, null] as const)];
  const chosen = chosenColumns(all.map(([name]) => name), columns)
    .flatMap((i) => all[i] === undefined ? [] : [all[i]]);
  if (format === "table") return chosen;
  await printData(invocation, formatRecord(format, chosen));
  return null;
}

/** Prints a table of properties in the given order. It fits the terminal, or 80 columns. */
export async function printProperties(
  invocation: OutputCall,
  properties: readonly (readonly [name: string, value: string])[],
): Promise<void> {
  const members = await printedMembers(invocation, properties);
  if (members === null) return;
  const headings = ["Property", "Value"] as const;
  const rows = members.map((row) => row.map((text) => cellText(text, "")));
  const longest = Math.max(...[headings, ...members].map(([name]) => widthOf(name)));
  // The lines of the table and the spaces next to them.
  const width = (invocation.system.stdout.columns ?? 80) - longest - 7;
  await printText(
    invocation,
    drawTable(headings, rows, { maxWidths: [longest, Math.max(30, width)] }),
  );
}

/** Prints a list of records as JSON, or as a table with the given columns. */
export async function printList(
  invocation: OutputCall,
  records: readonly object[],
  columns: readonly Column[],
  layout: Pick<TableLayout, "align"> = {},
): Promise<void> {
  if (invocation.json) return await printJson(invocation, records);
  const { format } = invocation.output;
  const shown = chosenColumns(headingsOf(columns), invocation.output.columns)
    .flatMap((i) => columns[i] === undefined ? [] : [columns[i]]);
  const headings = headingsOf(shown);
  const cellsOf = <T>(cell: (record: object, column: Column) => T) =>
    records.map((record) => shown.map((column) => cell(record, column)));
  if (format !== "table") {
    // A list without rows has no lines of values.
    if (format === "value" && records.length === 0) return;
    return await printData(invocation, formatList(format, { headings, rows: cellsOf(valueIn) }));
  }
  const maxWidths = shown.map(([, , maxWidth]) => maxWidth);
  await printText(invocation, drawTable(headings, cellsOf(listCell), { ...layout, maxWidths }));
}

/** The value of a column. */
function valueIn(record: object, [heading, cell = heading]: Column): unknown {
  const row = { ...record } as WireRecord;
  return typeof cell === "string" ? row[cell] : cell(row);
}

/** In lists, glanceclient prints nothing for values that are false in Python, among them 0 and []. */
function listCell(record: object, column: Column): string {
  const value = valueIn(record, column);
  const isEmpty = typeof value === "object" && Object.keys(Object(value)).length === 0;
  return isEmpty || !value ? "" : cellText(value, "");
}

/** Prints a record as a list of one, as glanceclient does for members and tags. */
export async function printRow(
  invocation: OutputCall,
  record: object,
  columns: readonly Column[],
): Promise<void> {
  if (invocation.json) return await printJson(invocation, record);
  await printList(invocation, [record], columns);
}

/** Prints an image as the JSON that Glance returned, or as a table without the links. */
export async function printImage(
  invocation: OutputCall,
  image: WireRecord,
  { isHumanReadable = false, ...options }: ImageOptions = {},
): Promise<void> {
  if (invocation.json) return await printJson(invocation, image);
  const { self: _, file: __, schema: ___, access: ____, ...shown } = image;
  const isTable = invocation.output.format === "table";
  await printRecord(invocation, {
    ...shown,
    ...isHumanReadable && { size: humanSize(Number(image["size"] ?? 0)) },
    ...isTable && "virtual_size" in shown &&
      { virtual_size: shown["virtual_size"] || "Not available" },
  }, options);
}

/** Formats bytes as glanceclient does: binary multiples with decimal units. */
function humanSize(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
  const step = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  return `${Number((bytes / 1024 ** step).toFixed(1))}${units[step]}`;
}

/** Formats a value as Python does, like glanceclient. */
function cellText(value: unknown, absent: string): string {
  if (value === null || value === undefined) return absent;
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "object") return printable(pythonJson(value));
  // A cell can have several lines.
  return printableLines(String(value));
}

/** JSON with a space after colons and commas, as Python writes it. */
function pythonJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const pairs = Object.entries(value).map(([k, v]) => `${JSON.stringify(k)}: ${pythonJson(v)}`);
  return `{${pairs.join(", ")}}`;
}
