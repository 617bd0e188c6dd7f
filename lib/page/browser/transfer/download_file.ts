/** The file that an image is downloaded to. */
import type { DownloadSink } from "./download_image.ts";

/** Milliseconds that a file stays in the private storage: the time that the browser may take to save it. */
const KEPT_FOR = 3_600_000;

/** A file that is being written. What was written appears only after `save`. */
export interface DownloadFile extends DownloadSink {
  save(): Promise<void>;
  /** Leaves no part of the image. */
  discard(): Promise<void>;
}

/** What TypeScript does not know yet. */
interface FilePicker {
  showSaveFilePicker?(options: { suggestedName: string }): Promise<SavedFileHandle>;
}

interface SavedFileHandle extends FileSystemFileHandle {
  /** Chromium has it. */
  remove?(): Promise<void>;
}

/** Whether the browser can write what a script downloads: it cannot without https, except on localhost. */
export function canWriteFiles(): boolean {
  return "showSaveFilePicker" in globalThis || navigator.storage?.getDirectory !== undefined;
}

/**
 * Asks the user for a file if the browser can write files. If not, the image is written to the private storage of
 * the page, and the browser saves it from there once it is verified. Null if the user has chosen no file.
 */
export async function createFile(name: string): Promise<DownloadFile | null> {
  const { showSaveFilePicker } = globalThis as FilePicker;
  if (showSaveFilePicker === undefined) {
    const directory = await navigator.storage.getDirectory();
    await removeOld(directory);
    // The browser may still be saving another image of the same name.
    const file = await directory.getFileHandle(crypto.randomUUID(), { create: true });
    return await opened(file, name);
  }
  try {
    return await opened(await showSaveFilePicker({ suggestedName: name }));
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") return null;
    throw error;
  }
}

/** @param savedName name under which the browser saves a file of the private storage */
async function opened(handle: SavedFileHandle, savedName?: string): Promise<DownloadFile> {
  const file = await handle.createWritable();
  return {
    write: (chunk) => file.write(chunk),
    save: async () => {
      await file.close();
      if (savedName !== undefined) saveAs(await handle.getFile(), savedName);
    },
    discard: async () => {
      await file.abort();
      // Choosing a file has created an empty one, or emptied it.
      if ((await handle.getFile()).size === 0) await handle.remove?.();
    },
  };
}

/** Removes what was downloaded long ago: the browser does not tell when it has saved a file. */
async function removeOld(directory: FileSystemDirectoryHandle): Promise<void> {
  for await (const handle of directory.values()) {
    if (handle.kind !== "file") continue;
    const { lastModified } = await (handle as FileSystemFileHandle).getFile();
    if (Date.now() - lastModified < KEPT_FOR) continue;
    // A file that is still written, by this tab or another one, cannot be removed.
    await directory.removeEntry(handle.name).catch(() => {});
  }
}

function saveAs(file: File, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
}
