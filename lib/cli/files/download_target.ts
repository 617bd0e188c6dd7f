/**
 * Where the bytes of a download go: into `NAME.part`, which becomes NAME when all bytes are in and
 * right, and is gone on with where it was broken off; into a device or a pipe as they come; or to
 * standard output.
 *
 * @module
 */
import { createHasher } from "../../transfer/integrity/hashing.ts";
import { type ContentDescriptor, Verifier } from "../../transfer/integrity/descriptor.ts";
import type { Verify } from "../../transfer/types.ts";
import { ImageIntegrityError } from "../../errors.ts";
import { CommandFailed } from "../system/errors.ts";
import { attempt, fileError } from "../system/fs_errors.ts";
import { writeOut } from "../output/records.ts";
import { PartialFile } from "./partial_file.ts";
import { judgePart } from "./partial_record.ts";
import { formatBytes } from "../output/progress.ts";
import type { Bytes, Output, System, SystemFiles } from "../system/system.ts";

/** Fills a sink with the bytes from `start` on, to the last one, or rejects. */
export type Transfer = (sink: WritableStream<Bytes>, start: number) => Promise<void>;

/** A download into a file. */
export interface FileDownload extends Pick<System, "files" | "now" | "signal"> {
  readonly path: string;
  readonly verify: Verify;
  /** Whether a part that is there already is given up, whatever it is. */
  readonly restart: boolean;
  /** What is to come. */
  identify(): Promise<ContentDescriptor>;
  /** The bytes; those of a whole image are verified. */
  readonly transfer: Transfer;
  /** Told what becomes of a part. */
  say(sentence: string): void;
  /** Told how many bytes of a part were read again. */
  onCheck(bytes: number, total: number): void;
}

/**
 * Downloads into a file. Whatever fails, there is no file under the name that is not whole: what was
 * there stays, and what has come is kept as a part, unless it is wrong.
 *
 * @throws {CommandFailed} where the file cannot be written.
 */
export async function downloadToFile(job: FileDownload): Promise<void> {
  const { files, path, transfer } = job;
  const facts = await attempt("write", path, () => files.look(path));
  if (facts?.kind === "directory") throw fileError("write", path, { code: "EISDIR" });
  if (facts?.kind === "other") return await downloadToSpecial(files, path, transfer);
  // A link stays a link: what it leads to is replaced.
  await downloadByPart(job, facts?.realPath ?? path);
}

/** Downloads to standard output, as the bytes come. */
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

async function downloadByPart(job: FileDownload, name: string): Promise<void> {
  const identity = await job.identify();
  const verifier = await Verifier.create(identity, job.verify, createHasher);
  const path = `${name}.part`;
  const part = await PartialFile.open({ files: job.files, now: job.now, path, identity });
  const work: Work = { job, identity, verifier, path, part };
  const start = await findStart(work).catch((error) => {
    part.close();
    throw error;
  });
  try {
    if (start === 0 || !await goOn(work, start)) await begin(work);
    await part.complete(name);
  } catch (error) {
    await leave(work, error);
    throw error;
  }
}

/** A download by way of a part. */
interface Work {
  readonly job: FileDownload;
  readonly identity: ContentDescriptor;
  readonly verifier: Verifier | null;
  readonly path: string;
  readonly part: PartialFile;
}

/**
 * The byte at which to go on, where the part has the bytes before it; they have gone through the
 * verifier.
 *
 * @throws {CommandFailed} where the part is another image's, or nobody's.
 */
async function findStart({ job, identity, verifier, path, part }: Work): Promise<number> {
  if (job.restart) return 0;
  const record = await part.record();
  const verdict = judgePart(record, part.size, { identity, isProven: verifier !== null });
  if (verdict.kind === "foreign") throw foreignPart(path, verdict.owner);
  if (verdict.kind === "anew") {
    if (verdict.reason !== null) job.say(startingAnew(path, verdict.reason));
    return 0;
  }
  const there = `${formatBytes(verdict.bytes)} of ${formatBytes(identity.size ?? 0)}`;
  job.say(`Going on with "${path}": checking the ${there} that are there`);
  let checked = 0;
  const isIntact = await part.goOn(verdict.bytes, verdict.record, (chunk) => {
    job.signal.throwIfAborted();
    verifier?.update(chunk);
    job.onCheck(checked += chunk.byteLength, verdict.bytes);
  });
  if (isIntact) return verdict.bytes;
  job.say(startingAnew(path, "the disk has changed it"));
  return 0;
}

/** Gets the rest. False where the whole is not the image, which the part may be to blame for. */
async function goOn(
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
    job.say(startingAnew(path, "together with the rest, it is not the image"));
    return false;
  }
}

async function begin({ job, part }: Work): Promise<void> {
  await part.begin();
  await job.transfer(new WritableStream({ write: (chunk) => part.write(chunk) }), 0);
}

/** What may be right so far is kept. */
async function leave({ job, identity, path, part }: Work, error: unknown): Promise<void> {
  // Without its size, nothing could tell later whether it is the same image.
  const isUseless = error instanceof ImageIntegrityError || identity.size === null;
  if (isUseless) return await part.discard();
  const kept = await part.keep();
  if (kept === 0) return;
  const total = formatBytes(identity.size ?? kept);
  job.say(
    `Kept ${formatBytes(kept)} of ${total} in "${path}": the same command goes on from there`,
  );
}

function startingAnew(path: string, reason: string): string {
  return `Starting anew with "${path}": ${reason}`;
}

function foreignPart(path: string, owner: string | null): CommandFailed {
  const state = owner === null
    ? "it is there already, and not known to be a part of this image"
    : `it is a part of another image, "${owner}"`;
  return new CommandFailed(
    `Cannot write "${path}": ${state}; finish that download, choose another name, or give it up with --restart`,
  );
}
