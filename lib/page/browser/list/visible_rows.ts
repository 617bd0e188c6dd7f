/** Which rows of a long list are in the document. Pure. */

/** Maximum number of images in the document: 100 rows with the header and the space above and below. */
const MOST_ROWS = 97;

/** Rows above and below the visible ones, so that a scroll shows no gap. */
const MARGIN = 8;

/** A range of rows: from `start`, up to but not including `end`. */
export interface RowRange {
  readonly start: number;
  readonly end: number;
}

/** The rows to draw of `count` rows of the same height. */
export function visibleRows(
  count: number,
  rowHeight: number,
  scrollTop: number,
  viewHeight: number,
): RowRange {
  const visible = Math.ceil(viewHeight / rowHeight) + 1;
  const margin = Math.max(0, Math.min(MARGIN, Math.floor((MOST_ROWS - visible) / 2)));
  const first = Math.min(Math.floor(scrollTop / rowHeight), Math.max(0, count - visible));
  const start = Math.max(0, first - margin);
  return { start, end: Math.min(count, first + visible + margin, start + MOST_ROWS) };
}
