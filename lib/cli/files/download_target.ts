/**
 * Targets of downloads. A file is written as `NAME.part`, which can be resumed and is renamed to NAME after
 * its data was verified. Devices, pipes, and standard output are written directly.
 */
import { createHasher } from "../../transfer/integrity/hashing.ts";
import { type ContentDescriptor, Verifier } from "../../transfer/integrity/descriptor.ts";
import type { Verify } from "../../transfer/types.ts";
import { ImageIntegrityError } from "../../errors.ts";
import { CommandFailed } from "../system/errors.ts";
import { attempt, fileError } from "../system/fs_errors.ts";
import { writeOut } from "../output/records.ts";
import { loadChecksums } from "./checksums.ts";
import { pathWithSuffix } from "./file_name.ts";
import { PartialFile, type Replace } from "./partial_file.ts";
import { resumeDecision } from "./partial_record.ts";
import { formatBytes } from "../output/units.ts";
import type { Bytes, Output, System, SystemFiles } from "../system/system.ts";

/** Writes the data from offset `start` to a sink, or rejects. */
export type Transfer = (sink: WritableStream<Bytes>, start: number) => Promise<void>;

export interface FileDownload extends Pick<System, "files" | "now" | "signal"> {
  readonly path: string;
  readonly verify: Verify;
  /** Whether to discard an existing partial file. */
  readonly restart: boolean;
  /** Describes the data of the image. */
  identify(): Promise<ContentDescriptor>;
  /** Downloads the data. It verifies complete downloads, which start at offset 0. */
  readonly transfer: Transfer;
  /** Replaces the file after the data was verified (default: renames the partial file). */
  readonly replace?: Replace | undefined;
  /** Called with a message about the partial file. */
  onMessage(sentence: string): void;
  /** Called with the number of verified bytes of the partial file. */
  onCheck(bytes: number, total: number): void;
}

/**
 * Downloads into a file. If the download fails, an existing file is unchanged, and the data received so far is
 * kept as a partial file unless it is wrong.
 *
 * @throws {CommandFailed} if the file cannot be written.
 */
export async function downloadToFile(job: FileDownload): Promise<void> {
  const { files, path, transfer } = job;
  const facts = await attempt("write", path, () => files.stat(path));
  if (facts?.kind === "directory" || path.endsWith("/")) {
    throw fileError("write", path, { code: "EISDIR" });
  }
  const isFile = facts === null || facts.kind === "file";
  if (!isFile) return await downloadToSpecial(files, path, transfer);
  // A symbolic link stays; its target is created or replaced.
  const target = await attempt("write", path, () => files.targetOf(path));
  await downloadByPart(job, target, facts?.mode ?? null);
}

export async function downloadToOutput(stdout: Output, transfer: Transfer): Promise<void> {
  await transfer(new WritableStream({ write: (chunk) => writeOut(stdout, chunk) }), 0);
}

async function downloadToSpecial(
  files: SystemFiles,
  path: string,
  transfer: Transfer,
): Promise<void> {
  const file = await attempt("write", path, () => files.openSpecial(path));
  try {
    const write = (chunk: Bytes) => attempt("write", path, () => file.write(chunk));
    await transfer(new WritableStream({ write }), 0);
  } finally {
    file.close();
  }
}

async function downloadByPart(
  job: FileDownload,
  name: string,
  mode: number | null,
): Promise<void> {
  const loaded = hashingLoaded();
  const identity = await job.identify().finally(() => loaded);
  const verifier = await Verifier.create(identity, job.verify, createHasher);
  const path = pathWithSuffix(name, ".part");
  const part = await PartialFile.open({ files: job.files, now: job.now, path, identity, mode });
  const work: Work = { job, identity, verifier, path, part };
  const start = await findStart(work).catch(async (error) => {
    await part.release();
    throw error;
  });
  try {
    if (start === 0 || !await resume(work, start)) await begin(work);
    await part.complete(name, job.replace);
  } catch (error) {
    await keepOrDiscard(work, error);
    throw error;
  }
}

/**
 * Loads the hash functions of the runtime while the response to the first request is awaited. On Deno, that takes
 * 100 ms.
 */
async function hashingLoaded(): Promise<void> {
  // The request is sent in this turn of the event loop.
  await new Promise((resolve) => setTimeout(resolve, 0));
  await createHasher("sha256");
  loadChecksums();
}

/** A download into a partial file. */
interface Work {
  readonly job: FileDownload;
  readonly identity: ContentDescriptor;
  readonly verifier: Verifier | null;
  readonly path: string;
  readonly part: PartialFile;
}

/**
 * The offset at which the download starts. The bytes before it have been passed to the verifier.
 *
 * @throws {CommandFailed} if the partial file is not known to belong to this image.
 */
async function findStart({ job, identity, verifier, path, part }: Work): Promise<number> {
  if (job.restart) return 0;
  const record = await part.record();
  const decision = resumeDecision(record, await part.size(), {
    identity,
    isVerified: verifier !== null,
  });
  if (decision.kind === "foreign") throw foreignPart(path, decision.owner);
  if (decision.kind === "restart") {
    if (decision.reason !== null) job.onMessage(restartMessage(path, decision.reason));
    return 0;
  }
  const progress = `${formatBytes(decision.bytes)} of ${formatBytes(identity.size ?? 0)}`;
  job.onMessage(`Resuming "${path}": verifying the ${progress} already downloaded`);
  let checked = 0;
  const isIntact = await part.resume(decision.bytes, decision.record, (chunk) => {
    job.signal.throwIfAborted();
    verifier?.update(chunk);
    job.onCheck(checked += chunk.byteLength, decision.bytes);
  });
  if (isIntact) return decision.bytes;
  job.onMessage(restartMessage(path, "its content has changed on disk"));
  return 0;
}

/** Downloads the rest. False if the hash is wrong: the partial file may be the cause. */
async function resume(
  { job, identity, verifier, path, part }: Work,
  start: number,
): Promise<boolean> {
  const write = async (chunk: Bytes) => {
    const written = part.write(chunk);
    verifier?.update(chunk);
    await written;
  };
  try {
    if (start < (identity.size ?? 0)) await job.transfer(new WritableStream({ write }), start);
    await verifier?.check();
    return true;
  } catch (error) {
    if (!(error instanceof ImageIntegrityError)) throw error;
    job.onMessage(restartMessage(path, "the hash of the resumed download is wrong"));
    return false;
  }
}

async function begin({ job, part }: Work): Promise<void> {
  await part.begin();
  await job.transfer(new WritableStream({ write: (chunk) => part.write(chunk) }), 0);
}

/** Keeps the partial file if it can be resumed. */
async function keepOrDiscard({ job, identity, path, part }: Work, error: unknown): Promise<void> {
  // Without a size, a later download cannot check whether the image is the same.
  const isUnusable = error instanceof ImageIntegrityError || identity.size === null;
  if (isUnusable) return await part.discard();
  const kept = await part.keep();
  if (kept === 0) return;
  const total = formatBytes(identity.size ?? kept);
  job.onMessage(
    `Kept ${formatBytes(kept)} of ${total} in "${path}"; run the same command again to resume`,
  );
}

function restartMessage(path: string, reason: string): string {
  return `Restarting "${path}" from the first byte: ${reason}`;
}

function foreignPart(path: string, owner: string | null): CommandFailed {
  const state = owner === null
    ? "it exists and is not known to be a partial download of this image"
    : `it is a partial download of another image, "${owner}"`;
  return new CommandFailed(
    `Cannot write "${path}": ${state}; finish that download, choose another name, or discard it with --restart`,
  );
}
