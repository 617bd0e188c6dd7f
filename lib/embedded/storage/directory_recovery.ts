/** Opens directory storage: reads the rows and repairs the directory after a crash. */

import { makeDirectory } from "../../node_builtin.ts";
import { codeOf, type FileAction, FileError, onFile } from "./file_error.ts";
import { files, regularFile } from "./fs.ts";
import { type Schema, schemaFault } from "../http/json_schema.ts";
import { type Catalog, EMPTY_CATALOG } from "./metadef_records.ts";
import type { StoredRow } from "./table.ts";
import type { ImageRow, TaskRow } from "./image_records.ts";
import type { ByteStorage, StorageJournal, StoredContent } from "./storage.ts";
import { STORED_CATALOG, STORED_IMAGE, STORED_TASK } from "./stored_schemas.ts";

/** Path of the metadata definitions, relative to the root. */
export const CATALOG_FILE = "metadefs/catalog.json";

/** The names of temporary files, and of the data of images. */
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

/**
 * Reads the rows, removes incomplete files and data that belongs to no image, and sets images whose
 * upload or import was interrupted back to `queued`. An invalid file is reported and kept; only its own
 * content is missing.
 */
export async function openDirectory(
  root: string,
  journal: StorageJournal,
  bytes: ByteStorage,
): Promise<StoredContent> {
  for (const name of ["images", "tasks", "metadefs", "data", "temporary"]) {
    const path = `${root}/${name}`;
    await onFile("use", path, () => makeDirectory(files(), path));
  }
  const faults: Error[] = [];
  for (const name of await namesIn(`${root}/temporary`)) {
    const path = `${root}/temporary/${name}`;
    if (!UUID.test(name)) continue;
    await files().rm(path, { force: true }).catch(reportTo(faults, "remove", path));
  }
  const images = await readRows<ImageRow>(`${root}/images`, STORED_IMAGE, faults);
  const { keys, unread } = await presentKeys(root, faults);
  const mayExist = (key: string) => keys.has(key) || unread.has(directoryOf(key));
  const rows = images.rows.map((row) => recover(row, mayExist));
  for (const [i, row] of rows.entries()) {
    if (row === images.rows[i]) continue;
    await journal.images.save(row).catch(
      reportTo(faults, "write", `${root}/images/${row.id}.json`),
    );
  }
  const known = new Set(rows.flatMap(keysOf));
  for (const key of keys) {
    const id = imageIdOf(key);
    // Files of other programs are kept.
    if (!UUID.test(id) || known.has(key) || images.invalid.includes(id)) continue;
    await bytes.remove(key).catch(reportTo(faults, "remove", `${root}/data/${key}`));
  }
  const missing = [...known].filter((key) => !mayExist(key));
  for (const directory of new Set(missing.map(directoryOf))) {
    const keys = missing.filter((key) => directoryOf(key) === directory);
    faults.push(missingData(`${root}/data/${directory}`, keys.map(imageIdOf)));
  }
  const tasks = await readRows<TaskRow>(`${root}/tasks`, STORED_TASK, faults);
  return {
    // The id of an unreadable image stays reserved.
    images: { rows, deletedIds: [...images.deletedIds, ...images.invalid] },
    tasks,
    ...await readCatalog(root, faults),
    faults,
  };
}

/** Maximum number of images that an error names: a whole disk may be missing. */
const MAX_NAMED = 5;

function missingData(directory: string, ids: readonly string[]): FileError {
  const named = ids.slice(0, MAX_NAMED).join(", ");
  const more = ids.length > MAX_NAMED ? ` and ${ids.length - MAX_NAMED} more` : "";
  const reason = `the data of these images is missing: ${named}${more}`;
  return new FileError("read", directory, reason, "restore the files, or delete the images");
}

/** Returns an error handler that records the error in `faults`. */
function reportTo(
  faults: Error[],
  action: FileAction,
  path: string,
): (cause: unknown) => void {
  return (cause) => {
    const hint = "repair the file or move it away";
    faults.push(cause instanceof FileError ? cause : new FileError(action, path, cause, hint));
  };
}

/** The keys of the data, and the directories that could not be read. */
interface PresentData {
  readonly keys: ReadonlySet<string>;
  readonly unread: ReadonlySet<string>;
}

async function presentKeys(root: string, faults: Error[]): Promise<PresentData> {
  const keys = new Set<string>();
  const unread = new Set<string>();
  for (const directory of await namesIn(`${root}/data`)) {
    const path = `${root}/data/${directory}`;
    const names = await files().readdir(path).catch(reportTo(faults, "read", path));
    for (const name of names ?? []) keys.add(`${directory}/${name}`);
    if (!names) unread.add(directory);
  }
  return { keys, unread };
}

function directoryOf(key: string): string {
  return key.slice(0, key.lastIndexOf("/"));
}

/** The keys of the data of an image. Other data is that of a writer that crashed before it saved the row. */
function keysOf({ staged, locations }: ImageRow): string[] {
  return [...locations, ...staged === null ? [] : [staged]].flatMap(({ key }) => key ?? []);
}

function imageIdOf(key: string): string {
  return key.slice(key.lastIndexOf("/") + 1);
}

/** Number of files that are read at the same time: a disk may be slow. */
const READS = 32;

/** Rows, ids of deleted rows, and ids of invalid files. */
interface FoundRows<R extends StoredRow> {
  readonly rows: R[];
  readonly deletedIds: string[];
  readonly invalid: string[];
}

async function readRows<R extends StoredRow>(
  directory: string,
  schema: Schema,
  faults: Error[],
): Promise<FoundRows<R>> {
  const found: FoundRows<R> = { rows: [], deletedIds: [], invalid: [] };
  const listed = () => files().readdir(directory, { withFileTypes: true });
  const entries = await onFile("read", directory, listed);
  while (entries.length > 0) {
    const reading = entries.splice(0, READS).map(async (entry) => {
      const { name } = entry;
      const id = name.replace(/\.json$/, "");
      try {
        if (!entry.isFile()) await regularFile(`${directory}/${name}`);
        const row = await readRow<R>(`${directory}/${name}`, id, schema);
        if (row === null) found.deletedIds.push(id);
        else found.rows.push(row);
      } catch (cause) {
        reportTo(faults, "read", `${directory}/${name}`)(cause);
        found.invalid.push(id);
      }
    });
    await Promise.all(reading);
  }
  return found;
}

/** Reads a row; null for a tombstone. */
async function readRow<R extends StoredRow>(
  path: string,
  id: string,
  schema: Schema,
): Promise<R | null> {
  const content = await readJson(path);
  const isTombstone = typeof content === "object" && content !== null && "deleted" in content;
  checkStored(isTombstone ? TOMBSTONE : schema, content);
  // Checked by the schema.
  const row = content as R;
  if (`${row.id}.json` !== path.slice(path.lastIndexOf("/") + 1)) {
    throw new Error(`it is the row of "${row.id}"`);
  }
  return isTombstone ? null : { ...row, id };
}

async function readCatalog(
  root: string,
  faults: Error[],
): Promise<Pick<StoredContent, "catalog" | "unreadCatalog">> {
  const empty = { catalog: EMPTY_CATALOG, unreadCatalog: null };
  const path = `${root}/${CATALOG_FILE}`;
  const [directory = "", name = ""] = CATALOG_FILE.split("/");
  if (!(await namesIn(`${root}/${directory}`)).includes(name)) return empty;
  try {
    await regularFile(path);
    const content = await readJson(path);
    checkStored(STORED_CATALOG, content);
    // Checked by the schema.
    return { ...empty, catalog: content as Catalog };
  } catch (cause) {
    if (codeOf(cause) !== undefined) {
      const unreadCatalog = new FileError(
        "read",
        path,
        cause,
        "restart the server when it can be read",
      );
      faults.push(unreadCatalog);
      return { ...empty, unreadCatalog };
    }
    // The file is renamed, because the next change would overwrite it.
    const kept = `${root}/${directory}/invalid-${crypto.randomUUID()}.json`;
    await onFile("move", path, () => files().rename(path, kept));
    reportTo(faults, "read", kept)(cause);
    return empty;
  }
}

function namesIn(directory: string): Promise<string[]> {
  return onFile("read", directory, () => files().readdir(directory));
}

async function readJson(path: string): Promise<unknown> {
  const text = await files().readFile(path, "utf8");
  try {
    return JSON.parse(text);
  } catch {
    throw new Error("it is not JSON");
  }
}

/** Schema of a tombstone, which reserves the id of a deleted row. */
const TOMBSTONE: Schema = {
  type: "object",
  properties: { id: { type: "string" }, deleted: { type: "boolean" } },
  required: ["id", "deleted"],
};

function checkStored(schema: Schema, content: unknown): void {
  const fault = schemaFault(schema, content);
  if (fault !== null) throw new Error(shortened(fault));
}

/** Shortens a message, which may quote a long value. */
function shortened(fault: string): string {
  return fault.length <= 200 ? fault : `${fault.slice(0, 80)} … ${fault.slice(-80)}`;
}

/** The row of an image after a crash: `queued` if an upload or import was interrupted. */
function recover(row: ImageRow, mayExist: (key: string) => boolean): ImageRow {
  const isStaged = row.staged !== null && mayExist(row.staged.key);
  const isCutOff = row.status === "saving" || row.status === "importing" ||
    (row.status === "uploading" && !isStaged);
  return isCutOff
    ? { ...row, status: "queued", size: null, virtual_size: null, staged: null }
    : row;
}
