/**
 * Where the bytes of a download go: into `NAME.part`, which becomes NAME when all bytes are in and
 * right; into a device or a pipe as they come; or to standard output.
 *
 * @module
 */
import { fileError } from "./file_words.ts";
import { writeOut } from "./output.ts";
import type { Bytes, FileFacts, Files, Output, WritableFile } from "./world.ts";

/** Fills a sink to its end, or rejects. */
export type Transfer = (sink: WritableStream<Bytes>) => Promise<void>;

/**
 * Downloads into a file. Whatever fails, there is no file under the name that is not whole: what was
 * there stays, and the part is removed.
 *
 * @throws {CommandFailed} where the file cannot be written.
 */
export async function downloadToFile(
  files: Files,
  path: string,
  transfer: Transfer,
): Promise<void> {
  const facts = await attempt(path, () => files.look(path));
  if (facts?.kind === "directory") throw fileError("write", path, { code: "EISDIR" });
  if (facts?.kind === "other") {
    const file = await attempt(path, () => files.openSpecial(path));
    return await fill(path, file, transfer);
  }
  await downloadByPart(files, targetOf(path, facts), transfer);
}

/** Downloads to standard output, as the bytes come. */
export async function downloadToOutput(stdout: Output, transfer: Transfer): Promise<void> {
  await transfer(new WritableStream({ write: (chunk) => writeOut(stdout, chunk) }));
}

async function downloadByPart(files: Files, path: string, transfer: Transfer): Promise<void> {
  const part = `${path}.part`;
  const file = await attempt(part, () => files.create(part));
  try {
    await fill(part, file, transfer);
    await attempt(path, () => files.rename(part, path));
  } catch (error) {
    // What failed first is what matters.
    await files.remove(part).catch(() => {});
    throw error;
  }
}

/** A link stays a link: what it leads to is replaced. */
function targetOf(path: string, facts: FileFacts | null): string {
  return facts?.realPath ?? path;
}

/** Fills a file, which is safe on disk afterwards, and closed in any case. */
async function fill(path: string, file: WritableFile, transfer: Transfer): Promise<void> {
  const sink = new WritableStream<Bytes>({
    write: (chunk) => attempt(path, () => file.write(chunk)),
    close: () => attempt(path, () => file.finish()),
  });
  try {
    await transfer(sink);
  } finally {
    file.close();
  }
}

async function attempt<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw fileError("write", path, error);
  }
}
