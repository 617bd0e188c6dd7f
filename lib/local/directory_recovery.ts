/**
 * What a directory store does when it is opened: reads the rows, and puts right what a crash left.
 *
 * @module
 */

import { files } from "./files.ts";
import type { ImageRow } from "./rows.ts";
import type { ByteStore, RowJournal, StoredRows } from "./store.ts";

/** Sweeps what a crash left and reads the rows. */
export async function openDirectory(
  root: string,
  journal: RowJournal,
  bytes: ByteStore,
): Promise<StoredRows> {
  for (const name of ["images", "data", "temporary"]) {
    await files().mkdir(`${root}/${name}`, { recursive: true });
  }
  for (const name of await files().readdir(`${root}/temporary`)) {
    await files().rm(`${root}/temporary/${name}`, { force: true });
  }
  const present = await presentKeys(root);
  const { rows, buried } = await readRows(root);
  const recovered = rows.map((row) => recover(row, present));
  for (const [i, row] of recovered.entries()) if (row !== rows[i]) await journal.save(row);
  for (const key of present) if (!isKnown(recovered, key)) await bytes.remove(key);
  return { rows: recovered, buried };
}

/** Keys of all the bytes that are there. */
async function presentKeys(root: string): Promise<ReadonlySet<string>> {
  const keys = new Set<string>();
  for (const directory of await files().readdir(`${root}/data`)) {
    for (const name of await files().readdir(`${root}/data/${directory}`)) {
      keys.add(`${directory}/${name}`);
    }
  }
  return keys;
}

/** False for bytes that were written by a process that died before it could say so. */
function isKnown(rows: readonly ImageRow[], key: string): boolean {
  return rows.some((row) =>
    row.staged?.key === key || row.locations.some((location) => location.key === key)
  );
}

async function readRows(root: string): Promise<{ rows: ImageRow[]; buried: string[] }> {
  const rows: ImageRow[] = [];
  const buried: string[] = [];
  for (const name of await files().readdir(`${root}/images`)) {
    const content = await readRow(`${root}/images/${name}`);
    if ("deleted" in content) buried.push(content.id);
    else rows.push(content);
  }
  return { rows, buried };
}

/** Whole files are written here and nothing else, so that any other text is somebody's mistake. */
async function readRow(path: string): Promise<ImageRow | { id: string; deleted: true }> {
  const text = await files().readFile(path, "utf8");
  try {
    // DirectoryJournal has written it.
    return JSON.parse(text) as ImageRow | { id: string; deleted: true };
  } catch (cause) {
    throw new Error(`Cannot read "${path}": it is not JSON; move it out of the directory`, {
      cause,
    });
  }
}

/** An image as it should be after the process that worked on it has died. */
function recover(row: ImageRow, present: ReadonlySet<string>): ImageRow {
  const isStaged = row.staged !== null && present.has(row.staged.key);
  const isCutOff = row.status === "saving" || row.status === "importing" ||
    (row.status === "uploading" && !isStaged);
  return isCutOff
    ? { ...row, status: "queued", size: null, virtual_size: null, staged: null }
    : row;
}
