/**
 * What a directory store does when it is opened: reads the rows, and puts right what a crash left.
 *
 * @module
 */

import { files } from "./files.ts";
import { type Catalogue, EMPTY_CATALOGUE } from "./metadef_rows.ts";
import type { Row } from "./row_table.ts";
import type { ImageRow, TaskRow } from "./rows.ts";
import type { ByteStore, StoredContent, StoreJournal } from "./store.ts";

/** Where the metadata definitions are, below the root. */
export const CATALOGUE_FILE = "metadefs/catalogue.json";

/** Sweeps what a crash left and reads the rows. */
export async function openDirectory(
  root: string,
  journal: StoreJournal,
  bytes: ByteStore,
): Promise<StoredContent> {
  for (const name of ["images", "tasks", "metadefs", "data", "temporary"]) {
    await files().mkdir(`${root}/${name}`, { recursive: true });
  }
  for (const name of await files().readdir(`${root}/temporary`)) {
    await files().rm(`${root}/temporary/${name}`, { force: true });
  }
  const present = await presentKeys(root);
  const { rows, buried } = await readRows<ImageRow>(`${root}/images`);
  const recovered = rows.map((row) => recover(row, present));
  for (const [i, row] of recovered.entries()) if (row !== rows[i]) await journal.images.save(row);
  for (const key of present) if (!isKnown(recovered, key)) await bytes.remove(key);
  return {
    images: { rows: recovered, buried },
    tasks: await readRows<TaskRow>(`${root}/tasks`),
    catalogue: await readCatalogue(root),
  };
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

async function readRows<R extends Row>(
  directory: string,
): Promise<{ rows: R[]; buried: string[] }> {
  const rows: R[] = [];
  const buried: string[] = [];
  for (const name of await files().readdir(directory)) {
    // DirectoryJournal has written it.
    const content = await readJson(`${directory}/${name}`) as R | { id: string; deleted: true };
    if ("deleted" in content) buried.push(content.id);
    else rows.push(content);
  }
  return { rows, buried };
}

async function readCatalogue(root: string): Promise<Catalogue> {
  const [directory = "", name = ""] = CATALOGUE_FILE.split("/");
  const names = await files().readdir(`${root}/${directory}`);
  // DirectoryJournal has written it.
  return names.includes(name)
    ? await readJson(`${root}/${CATALOGUE_FILE}`) as Catalogue
    : EMPTY_CATALOGUE;
}

/** Whole files are written here and nothing else, so that any other text is somebody's mistake. */
async function readJson(path: string): Promise<unknown> {
  const text = await files().readFile(path, "utf8");
  try {
    return JSON.parse(text);
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
