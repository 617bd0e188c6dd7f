/**
 * Standard output: what a command found, as the tables that glanceclient draws or as JSON.
 *
 * @module
 */
import { CommandFailed } from "../system/errors.ts";
import { codeOf, fileState } from "../system/fs_errors.ts";
import type { Flags, Invocation, Values } from "../args/command.ts";
import { printable, printableJson } from "../system/console.ts";
import { drawTable, type TableLayout } from "./table.ts";
import type { Output } from "../system/system.ts";

/** A record as the API gives it. */
export type WireRecord = Readonly<Record<string, unknown>>;

/** Standard output was closed by its reader, which is no failure. */
export class OutputClosed extends Error {
  override name = "OutputClosed";
}

/** What printing needs of a call. */
export type OutputCall = Pick<Invocation, "system" | "json">;

/** The flag that says how wide a record is shown. */
export const WIDTH_FLAGS = {
  "max-column-width": {
    kind: "number",
    value: "<WIDTH>",
    min: 1,
    summary: "Characters of a value in one line; 80 without it",
  },
} as const satisfies Flags;

/** What that flag says. */
export function widthFrom(
  { "max-column-width": maxColumnWidth }: Values<typeof WIDTH_FLAGS>,
): RecordOptions {
  return { ...maxColumnWidth !== undefined && { maxColumnWidth } };
}

/** How a record is shown. */
export interface RecordOptions {
  /**
   * Characters after which a value goes on in the next line.
   * @default {80}
   */
  readonly maxColumnWidth?: number;
}

/** How an image is shown. */
export interface ImageOptions extends RecordOptions {
  /**
   * Shows the size as `97.7kB`.
   * @default {false}
   */
  readonly isHumanReadable?: boolean;
}

/** A column of a list: its heading, what stands in it, and where a cell goes on in the next line. */
export type Column = readonly [
  heading: string,
  cell: (row: WireRecord) => unknown,
  maxWidth?: number,
];

/**
 * Writes bytes to standard output.
 *
 * @throws {OutputClosed} where nobody reads any more.
 * @throws {CommandFailed} where the disk behind it is full, and the like.
 */
export async function writeOut(stdout: Output, bytes: Uint8Array): Promise<void> {
  try {
    await stdout.write(bytes);
  } catch (error) {
    if (codeOf(error) === "EPIPE") throw new OutputClosed("nobody reads standard output any more");
    throw new CommandFailed(`Cannot write to standard output: ${fileState(error)}`, error);
  }
}

/** Prints text and a line end. */
export async function printText(
  invocation: Pick<Invocation, "system">,
  text: string,
): Promise<void> {
  await writeOut(invocation.system.stdout, new TextEncoder().encode(`${text}\n`));
}

/** Prints a value as JSON. */
export async function printJson(
  invocation: Pick<Invocation, "system">,
  value: unknown,
): Promise<void> {
  await printText(invocation, printableJson(value, 2));
}

/** Prints one record: as JSON, or as a table of its properties in alphabetical order. */
export async function printRecord(
  invocation: OutputCall,
  record: WireRecord,
  options: RecordOptions = {},
): Promise<void> {
  if (invocation.json) return await printJson(invocation, record);
  const rows = Object.entries(record)
    .sort(([a], [b]) => a < b ? -1 : 1)
    .map(([key, value]) => [cellText(key, ""), cellText(value, "None")]);
  const { maxColumnWidth = 80 } = options;
  await printText(
    invocation,
    drawTable(["Property", "Value"], rows, { maxWidths: [maxColumnWidth, maxColumnWidth] }),
  );
}

/** Prints a list of records: as JSON, or as a table with the given columns. */
export async function printList(
  invocation: OutputCall,
  records: readonly WireRecord[],
  columns: readonly Column[],
  layout: Pick<TableLayout, "align"> = {},
): Promise<void> {
  if (invocation.json) return await printJson(invocation, records);
  const rows = records.map((record) => columns.map(([, cell]) => listCell(cell(record))));
  const maxWidths = columns.map(([, , maxWidth]) => maxWidth);
  await printText(
    invocation,
    drawTable(columns.map(([heading]) => heading), rows, { ...layout, maxWidths }),
  );
}

/** In lists, glanceclient shows nothing for what Python takes for false: 0 and an empty list, too. */
function listCell(value: unknown): string {
  const isEmpty = typeof value === "object" && Object.keys(Object(value)).length === 0;
  return isEmpty || !value ? "" : cellText(value, "");
}

/** Prints one record as a list of one, as glanceclient does for members and tags. */
export async function printRow(
  invocation: OutputCall,
  record: WireRecord,
  columns: readonly Column[],
): Promise<void> {
  if (invocation.json) return await printJson(invocation, record);
  await printList(invocation, [record], columns);
}

/** Prints an image: as JSON exactly as Glance gave it, or without the links within the API. */
export async function printImage(
  invocation: OutputCall,
  image: WireRecord,
  { isHumanReadable = false, ...options }: ImageOptions = {},
): Promise<void> {
  if (invocation.json) return await printJson(invocation, image);
  const { self: _, file: __, schema: ___, access: ____, ...shown } = image;
  await printRecord(invocation, {
    ...shown,
    ...isHumanReadable && { size: humanSize(Number(image["size"] ?? 0)) },
    ..."virtual_size" in shown && { virtual_size: shown["virtual_size"] || "Not available" },
  }, options);
}

/** Bytes in glanceclient's way: binary steps, though the units are decimal. */
function humanSize(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
  const step = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  return `${Number((bytes / 1024 ** step).toFixed(1))}${units[step]}`;
}

/** A value as glanceclient prints it, which is as Python does. */
function cellText(value: unknown, absent: string): string {
  if (value === null || value === undefined) return absent;
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "object") return printable(pythonJson(value));
  // A line break is one in the cell, too.
  return String(value).split("\n").map(printable).join("\n");
}

/** JSON with a space behind colon and comma, as Python writes it. */
function pythonJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const pairs = Object.entries(value).map(([k, v]) => `${JSON.stringify(k)}: ${pythonJson(v)}`);
  return `{${pairs.join(", ")}}`;
}
