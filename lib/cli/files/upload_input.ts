/**
 * Sources of uploads: files, which can be read again if the connection breaks, and standard input, which
 * cannot.
 */
import { decodeText } from "../../jobs/from_url/decode_text.ts";
import { number, text } from "../args/flags.ts";
import { CommandFailed, UsageError } from "../system/errors.ts";
import { attempt, codeOf, fileError } from "../system/fs_errors.ts";
import type { Flags, Values } from "../args/command.ts";
import type { Bytes, Input, System, SystemFiles } from "../system/system.ts";
import { readBytes } from "./read_bytes.ts";

export const FILE_FLAGS = {
  "file": text(
    "<FILE>",
    "File with the data; - for standard input (default: standard input if it is a pipe or a file)",
  ),
} as const satisfies Flags;

/** Maximum size of a text in bytes. */
const TEXT_BYTES = 4 * 1024 ** 2;

/** Names of standard input. Deno does not open them as files. */
const STANDARD_INPUT: readonly string[] = ["-", "/dev/stdin"];

export const SIZE_FLAGS = {
  "size": number(
    "<IMAGE_SIZE>",
    "Size of the data in bytes, for pipes; data of another size is refused",
    0,
  ),
} as const satisfies Flags;

/** The part of an invocation that finds the data. */
interface FileCall {
  readonly values: Values<typeof FILE_FLAGS>;
  readonly system: Pick<System, "files" | "stdin">;
}

/** Data to upload. */
export interface FoundBytes {
  /** Name of the source, for messages. */
  readonly name: string;
  /** A function opens a file, as often as needed, at its start or at a byte; a stream can be read once. */
  readonly data: ReadableStream<Bytes> | ((start?: number) => Promise<ReadableStream<Bytes>>);
  /** Size in bytes; null if unknown. */
  readonly size: number | null;
}

/**
 * Finds the data to upload: `file`, standard input for `-`, or, without a file, standard input unless it is a
 * terminal or `/dev/null`; null if there is no data.
 *
 * @throws {CommandFailed} if a file cannot be read, or standard input is empty for `-`.
 */
export async function findBytes(
  { files, stdin }: Pick<System, "files" | "stdin">,
  file: string | undefined,
): Promise<FoundBytes | null> {
  if (file !== undefined && !STANDARD_INPUT.includes(file)) return await fromFile(files, file);
  if (file === undefined && stdin.kind !== "data") return null;
  if (stdin.kind !== "data") {
    throw new CommandFailed(
      stdin.kind === "terminal"
        ? "Cannot read standard input: it is a terminal; redirect a file (< FILE), or name one with --file"
        : "Cannot read standard input: it is closed or empty; redirect a file (< FILE), or name one with --file",
    );
  }
  return await fromInput(stdin, file === undefined);
}

/**
 * Finds the data to upload.
 *
 * @param action for the error message, for example `upload an image`
 * @throws {UsageError} if there is no data.
 */
export async function requireBytes(
  { system, values: { file } }: FileCall,
  action: string,
): Promise<FoundBytes> {
  const bytes = await findBytes(system, file);
  if (bytes !== null) return bytes;
  throw new UsageError(
    `Cannot ${action}: there is no data; name a file with --file, or redirect one (< FILE)`,
  );
}

/**
 * Reads a text from a file or standard input.
 *
 * @param action for the error message, for example `import a namespace`
 * @throws {UsageError} if there is no data.
 * @throws {CommandFailed} if it is larger than 4 MiB.
 */
export async function readText(
  invocation: FileCall,
  action: string,
): Promise<{ readonly name: string; readonly text: string }> {
  const { name, data } = await requireBytes(invocation, action);
  const stream = typeof data === "function" ? await data() : data;
  const bytes = await readBytes(stream, TEXT_BYTES + 1);
  if (bytes.byteLength <= TEXT_BYTES) return { name, text: decodeText(bytes) };
  throw new CommandFailed(
    `Cannot ${action}: "${name}" is larger than 4 MiB; check that it is the right file`,
  );
}

async function fromFile(files: SystemFiles, path: string): Promise<FoundBytes> {
  const facts = await attempt("read", path, () => files.stat(path));
  if (facts === null) throw fileError("read", path, { code: "ENOENT" });
  if (facts.kind === "directory") throw fileError("read", path, { code: "EISDIR" });
  // Pipes and other devices can be read once and have no size.
  if (facts.kind === "pipe") return await fromPipe(files, path);
  if (facts.kind === "character device") {
    return { name: path, data: await openFile(files, path, 0), size: null };
  }
  const size = facts.kind === "file"
    ? facts.size
    : await attempt("read", path, () => files.deviceSize(path));
  const open = (start?: number): Promise<ReadableStream<Bytes>> =>
    openFile(files, path, size, start);
  // Fails before an image is created if the file cannot be read.
  await (await open()).cancel();
  return { name: path, data: open, size };
}

/** Opens a file at byte `start`. `size` is its size at first; 0 means unknown, as for files in `/proc`. */
async function openFile(
  files: SystemFiles,
  path: string,
  size: number,
  start: number = 0,
): Promise<ReadableStream<Bytes>> {
  const bytes = await attempt("read", path, () => files.read(path, start));
  return withFileErrors(bytes, path, size, start);
}

/** Passes bytes through, which begin at `start`. Errors name the file, and a change of its size is an error. */
function withFileErrors(
  bytes: ReadableStream<Bytes>,
  path: string,
  size: number = 0,
  start: number = 0,
): ReadableStream<Bytes> {
  const reader = bytes.getReader();
  let count = start;
  return new ReadableStream({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        count += value?.byteLength ?? 0;
        const isOther = done ? count !== size : count > size;
        if (size > 0 && isOther) throw await changed(reader, path, size);
        if (done) controller.close();
        else controller.enqueue(value);
      } catch (error) {
        throw codeOf(error) === undefined ? error : fileError("read", path, error);
      }
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}

/** The error for a file that changes while it is read. */
async function changed(
  reader: ReadableStreamDefaultReader<Bytes>,
  path: string,
  size: number,
): Promise<CommandFailed> {
  await reader.cancel("it has changed");
  return new CommandFailed(
    `Cannot read "${path}": its size of ${size} bytes changed while it was read; try again when no other program writes to it`,
  );
}

/** Standard input; null if it is empty and `mayBeEmpty`. */
async function fromInput(stdin: Input, mayBeEmpty: boolean): Promise<FoundBytes | null> {
  const name = "standard input";
  const data = await firstRead(withFileErrors(stdin.open(), name));
  if (data !== null) return { name, data, size: null };
  if (mayBeEmpty) return null;
  throw new CommandFailed(
    "Cannot read standard input: it is empty; check the program before the pipe",
  );
}

/** @throws {CommandFailed} if it is empty: a program that fails closes its pipe without a byte. */
async function fromPipe(files: SystemFiles, name: string): Promise<FoundBytes> {
  const data = await firstRead(await openFile(files, name, 0));
  if (data !== null) return { name, data, size: null };
  throw new CommandFailed(
    `Cannot read "${name}": it is empty; check the program that writes to the pipe`,
  );
}

/** The same bytes, after the first have arrived; null if there are none. */
async function firstRead(bytes: ReadableStream<Bytes>): Promise<ReadableStream<Bytes> | null> {
  const reader = bytes.getReader();
  const { done, value } = await reader.read();
  return done ? null : withFirst([value], reader);
}

/**
 * A stream of the first chunks and the remaining ones. Not from a generator: canceling one waits for its
 * pending read, and a pipe may never have another byte.
 */
export function withFirst(
  first: readonly Bytes[],
  reader: ReadableStreamDefaultReader<Bytes>,
): ReadableStream<Bytes> {
  return new ReadableStream({
    start(controller) {
      for (const chunk of first) controller.enqueue(chunk);
    },
    async pull(controller) {
      const { done, value } = await reader.read();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}
