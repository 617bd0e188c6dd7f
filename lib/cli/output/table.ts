/** Text tables in the style of PrettyTable, which the OpenStack clients use. */

/** Characters that take two columns in a terminal: East Asian wide and full-width ones, and emoji. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}|[\u{20000}-\u{3fffd}]/u;

/** Printable ASCII: each character is a grapheme and takes one column. */
const PLAIN = /^[\x20-\x7e]*$/;

/** Characters without a column of their own: they combine with the one before. */
const JOINING = /\p{Mn}|\p{Me}|\p{Cf}/u;

/** Created when it is needed: its data takes 30 ms to load. */
let segmenter: Intl.Segmenter | undefined;

/** Code units segmented at once: the time of the segmenter is quadratic in a run of controls. */
const WINDOW = 256;

function graphemesOf(text: string): string[] {
  if (PLAIN.test(text)) return text.split("");
  segmenter ??= new Intl.Segmenter(undefined, { granularity: "grapheme" });
  const graphemes: string[] = [];
  for (let at = 0; at < text.length;) {
    const found = Array.from(
      segmenter.segment(text.slice(at, at + WINDOW)),
      ({ segment }) => segment,
    );
    // The last grapheme may extend past the window.
    if (at + WINDOW < text.length && found.length > 1) found.pop();
    for (const grapheme of found) {
      graphemes.push(grapheme);
      at += grapheme.length;
    }
  }
  return graphemes;
}

export interface TableLayout {
  /**
   * Maximum width of the lines of a cell in terminal columns, by column of the table.
   * Default: `Infinity`.
   */
  readonly maxWidths?: readonly (number | undefined)[];
  /** Default: `"left"`. */
  readonly align?: "left" | "center";
}

/** Draws a table with headings. Cells can contain newlines. */
export function drawTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  { maxWidths = [], align = "left" }: TableLayout = {},
): string {
  const cells = rows.map((row) => row.map((cell) => cell.split("\n")));
  const widths = headings.map((heading, column) => {
    // Not Math.max(...widths): a list can have more rows than a call can have arguments.
    const widest = cells.flatMap((row) => row[column] ?? []).map(widthOf)
      .reduce((a, b) => Math.max(a, b), 0);
    // Headings are not wrapped.
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

export function widthOf(text: string): number {
  if (PLAIN.test(text)) return text.length;
  return graphemesOf(text).reduce((width, grapheme) => width + columnsOf(grapheme), 0);
}

/** The start of a text, of at most `width` columns. */
export function cut(text: string, width: number): string {
  if (PLAIN.test(text)) return text.slice(0, Math.max(0, width));
  let [end, used] = [0, 0];
  for (const grapheme of graphemesOf(text)) {
    used += columnsOf(grapheme);
    if (used > width) break;
    end += grapheme.length;
  }
  return text.slice(0, end);
}

function columnsOf(grapheme: string): number {
  if (PLAIN.test(grapheme)) return 1;
  if (WIDE.test(grapheme)) return 2;
  return JOINING.test(grapheme[0] ?? "") ? 0 : 1;
}

/**
 * Wraps a text to lines of at most `width` columns, as Python's textwrap does: at spaces, after the hyphen of a
 * compound word, and anywhere in a word that is longer than a line.
 */
export function wrap(text: string, width: number): string[] {
  if (widthOf(text) <= width) return [text];
  const lines: string[] = [];
  let [line, used] = ["", 0];
  const flush = (end: string) => {
    lines.push(end);
    [line, used] = ["", 0];
  };
  for (const chunk of text.split(CHUNKS)) {
    if (line === "" && chunk.trim() === "" && lines.length > 0) continue;
    const wide = widthOf(chunk);
    if (wide > width) {
      if (used >= width) flush(line.trimEnd());
      if (chunk.trim() === "") {
        // Spaces fill the line; the remaining ones are dropped.
        if (line !== "" || lines.length === 0) flush(line + chunk.slice(0, width - used));
        continue;
      }
      const pieces = brokenUp(chunk, width - used, width);
      const last = pieces.pop() ?? "";
      for (const piece of pieces) flush(line + piece);
      [line, used] = [line + last, used + widthOf(last)];
      continue;
    }
    if (used + wide > width) {
      flush(line.trimEnd());
      if (chunk.trim() === "") continue;
    }
    [line, used] = [line + chunk, used + wide];
  }
  return line.trim() === "" ? lines : [...lines, line.trimEnd()];
}

/** Between words and spaces, and after the hyphen of a compound word. */
const CHUNKS = /(?<= )(?! )|(?<! )(?= )|(?<=\p{L}{2}-)(?=\p{L}-?\p{L})/u;

/**
 * Splits a word that is longer than a line: the first piece has at most `first` columns, the others `width`. A
 * piece ends after its last hyphen, if it has one.
 */
function brokenUp(word: string, first: number, width: number): string[] {
  const pieces: string[] = [];
  const segments = graphemesOf(word);
  let [start, room] = [0, first];
  for (let at = 0, used = 0; at < segments.length;) {
    const columns = columnsOf(segments[at] ?? "");
    if (at === start || used + columns <= room) {
      [used, at] = [used + columns, at + 1];
      continue;
    }
    const end = hyphenEnd(segments, start, at);
    pieces.push(segments.slice(start, end).join(""));
    [start, at, used, room] = [end, end, 0, width];
  }
  return [...pieces, segments.slice(start).join("")];
}

/** The end of a piece: after the last hyphen that follows another character, else `end`. */
function hyphenEnd(segments: readonly string[], start: number, end: number): number {
  let last = end - 1;
  while (last > start && segments[last] !== "-") last--;
  const hasWord = segments.slice(start, last).some((segment) => segment !== "-");
  return last > start && hasWord ? last + 1 : end;
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

/** Spaces before a centered text. As in Python, an odd space goes before a text of even width. */
function spacesBefore(text: string, rest: number): number {
  return widthOf(text) % 2 === 0 ? Math.ceil(rest / 2) : Math.floor(rest / 2);
}
