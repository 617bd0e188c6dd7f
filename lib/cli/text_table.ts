/**
 * Tables of text, drawn as PrettyTable draws them for every OpenStack client. Pure.
 *
 * @module
 */

/** Characters that take two columns in a terminal: East Asian wide and full-width ones, and emoji. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}|[\u{20000}-\u{3fffd}]/u;

/** Characters that take none: they join the one before. */
const JOINING = /\p{Mn}|\p{Me}|\p{Cf}/u;

const GRAPHEMES = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** How a table is laid out. */
export interface TableLayout {
  /**
   * Columns of the terminal after which a cell goes on in the next line, by column of the table.
   * @default {Infinity}
   */
  readonly maxWidths?: readonly (number | undefined)[];
  /** @default {"left"} */
  readonly align?: "left" | "center";
}

/** A table with headings; a line break in a cell breaks its line. */
export function drawTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  { maxWidths = [], align = "left" }: TableLayout = {},
): string {
  const cells = rows.map((row) => row.map((cell) => cell.split("\n")));
  const widths = headings.map((heading, column) => {
    // A list may have more rows than a call has room for arguments.
    const widest = cells.flatMap((row) => row[column] ?? []).map(widthOf)
      .reduce((a, b) => Math.max(a, b), 0);
    // A heading is never broken.
    return Math.max(widthOf(heading), Math.min(widest, maxWidths[column] ?? Infinity));
  });
  const rule = `+${widths.map((width) => "-".repeat(width + 2)).join("+")}+`;
  const draw = (row: readonly (readonly string[])[]) => drawRow(row, widths, align);
  const body = cells.map((row) =>
    draw(
      row.map((lines, column) => lines.flatMap((line) => wrap(line, widths[column] ?? Infinity))),
    )
  );
  return [rule, draw(headings.map((heading) => [heading])), rule, ...body, rule].join("\n");
}

/** Columns that a text takes in a terminal. */
export function widthOf(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let width = 0;
  for (const { segment } of GRAPHEMES.segment(text)) {
    width += WIDE.test(segment) ? 2 : JOINING.test(segment[0] ?? "") ? 0 : 1;
  }
  return width;
}

/**
 * A text in lines of at most `width` columns, broken where Python's textwrap breaks it: at spaces, behind
 * the hyphen of a compound word, and anywhere in a word that fits into no line.
 */
export function wrap(text: string, width: number): string[] {
  if (widthOf(text) <= width) return [text];
  const lines: string[] = [];
  let line = "";
  for (let rest = text.split(CHUNKS); rest.length > 0;) {
    const [chunk = "", ...others] = rest;
    const left = width - widthOf(line);
    if (line === "" && chunk.trim() === "" && lines.length > 0) {
      rest = others;
    } else if (widthOf(chunk) <= left) {
      line += chunk;
      rest = others;
    } else if (widthOf(chunk) > width && left > 0) {
      const head = headOf(chunk, left);
      lines.push(line + head);
      [line, rest] = ["", [chunk.slice(head.length), ...others]];
    } else {
      lines.push(line.trimEnd());
      line = "";
    }
  }
  return line.trim() === "" ? lines : [...lines, line.trimEnd()];
}

/** Between words and spaces, and behind the hyphen of a compound word. */
const CHUNKS = /(?<= )(?! )|(?<! )(?= )|(?<=\p{L}{2}-)(?=\p{L}-?\p{L})/u;

/** What fits of a long word: up to its last hyphen, if there is one. */
function headOf(word: string, width: number): string {
  let head = "";
  for (const { segment } of GRAPHEMES.segment(word)) {
    if (head !== "" && widthOf(head + segment) > width) break;
    head += segment;
  }
  return /^.*[^-].*-/.exec(head)?.[0] ?? head;
}

function drawRow(
  row: readonly (readonly string[])[],
  widths: readonly number[],
  align: "left" | "center",
): string {
  const height = Math.max(...row.map((lines) => lines.length));
  const lines = Array.from({ length: height }, (_, i) =>
    widths.map((width, column) => {
      const text = row[column]?.[i] ?? "";
      const rest = Math.max(0, width - widthOf(text));
      const before = align === "left" ? 0 : spacesBefore(text, rest);
      return ` ${" ".repeat(before)}${text}${" ".repeat(rest - before)} `;
    }));
  return lines.map((cells) => `|${cells.join("|")}|`).join("\n");
}

/** Spaces before a centred text: an odd one goes before a text of even width, as Python has it. */
function spacesBefore(text: string, rest: number): number {
  return widthOf(text) % 2 === 0 ? Math.ceil(rest / 2) : Math.floor(rest / 2);
}
