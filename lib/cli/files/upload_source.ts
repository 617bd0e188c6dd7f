/**
 * Where the bytes of an upload come from: a file, which can be read again as often as a transfer
 * breaks, or standard input, which cannot.
 *
 * @module
 */
import { CommandFailed, UsageError } from "../system/errors.ts";
import { codeOf, fileError } from "../system/fs_errors.ts";
import type { Flags } from "../args/command.ts";
import type { Bytes, Input, System, SystemFiles } from "../system/system.ts";

/** The flag that names it. */
export const FILE_FLAGS = {
  "file": {
    kind: "text",
    value: "<FILE>",
    summary: "File with the data; - or a pipe without --file is standard input",
  },
} as const satisfies Flags;

/** Standard input, by the names that it goes by; Deno opens none of them as a file. */
const STANDARD_INPUT: readonly string[] = ["-", "/dev/stdin"];

/** The flag that says how much it is. */
export const SIZE_FLAGS = {
  "size": {
    kind: "number",
    value: "<IMAGE_SIZE>",
    min: 0,
    summary: "Bytes, where the source does not tell; another number is refused",
  },
} as const satisfies Flags;

/** Bytes to upload. */
export interface FoundBytes {
  /** What the bytes come from, for messages. */
  readonly name: string;
  /** A file is opened each time; standard input can be read once. */
  readonly data: ReadableStream<Bytes> | (() => Promise<ReadableStream<Bytes>>);
  /** Bytes in all; null where nobody knows. */
  readonly size: number | null;
}

/**
 * The bytes that a command is to upload: those of `file`, of standard input for `-`, or, without a
 * file, of standard input where it is neither a terminal nor `/dev/null`; null where there are none.
 *
 * @throws {CommandFailed} where a file cannot be read, or `-` has nothing to give.
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
        ? "Cannot read standard input: it is the terminal; redirect a file (< FILE), or name one with --file"
        : "Cannot read standard input: it is closed or empty; redirect a file (< FILE), or name one with --file",
    );
  }
  return await fromInput(stdin, file === undefined);
}

/**
 * The same, where there must be some.
 *
 * @param action what they are for, for example `upload an image`
 * @throws {UsageError} where there are none.
 */
export async function requireBytes(
  system: Pick<System, "files" | "stdin">,
  file: string | undefined,
  action: string,
): Promise<FoundBytes> {
  const bytes = await findBytes(system, file);
  if (bytes !== null) return bytes;
  throw new UsageError(
    `Cannot ${action}: there is no data; name a file with --file, or redirect one (< FILE)`,
  );
}

/**
 * A text from a file or standard input.
 *
 * @param action what it is for, for example `import a namespace`
 * @throws {UsageError} where there is none.
 */
export async function readText(
  system: Pick<System, "files" | "stdin">,
  file: string | undefined,
  action: string,
): Promise<{ readonly name: string; readonly text: string }> {
  const { name, data } = await requireBytes(system, file, action);
  const bytes = typeof data === "function" ? await data() : data;
  return { name, text: await new Response(bytes).text() };
}

async function fromFile(files: SystemFiles, path: string): Promise<FoundBytes> {
  const facts = await files.look(path).catch((error) => {
    throw fileError("read", path, error);
  });
  if (facts === null) throw fileError("read", path, { code: "ENOENT" });
  if (facts.kind === "directory") throw fileError("read", path, { code: "EISDIR" });
  const { size } = facts;
  const open = (): Promise<ReadableStream<Bytes>> => openFile(files, path, size);
  // A pipe gives its bytes once, and does not tell how many.
  if (facts.kind === "other") {
    return { name: path, data: await openFile(files, path, 0), size: null };
  }
  // Whether it may be read is said before an image is made for it.
  await (await open()).cancel();
  return { name: path, data: open, size };
}

/** `size` is what the file had when it was found; 0 is unknown, as of what `/proc` has. */
async function openFile(
  files: SystemFiles,
  path: string,
  size: number,
): Promise<ReadableStream<Bytes>> {
  const bytes = await files.read(path).catch((error) => {
    throw fileError("read", path, error);
  });
  return withFileErrors(bytes, path, size);
}

/** The same bytes; what goes wrong while they are read says which file it was. */
function withFileErrors(
  bytes: ReadableStream<Bytes>,
  path: string,
  size: number = 0,
): ReadableStream<Bytes> {
  const reader = bytes.getReader();
  let count = 0;
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

/** The error for a file that another program writes to. */
async function changed(
  reader: ReadableStreamDefaultReader<Bytes>,
  path: string,
  size: number,
): Promise<CommandFailed> {
  await reader.cancel("it has changed");
  return new CommandFailed(
    `Cannot read "${path}": its size has changed from ${size} bytes while it was read; try again when no other program writes to it`,
  );
}

/** Standard input; null where it ends without a byte and nobody has asked for it by name. */
async function fromInput(stdin: Input, mayBeEmpty: boolean): Promise<FoundBytes | null> {
  const reader = withFileErrors(stdin.open(), "standard input").getReader();
  const first = await reader.read();
  if (!first.done) {
    return { name: "standard input", data: rest(first.value, reader), size: null };
  }
  if (mayBeEmpty) return null;
  throw new CommandFailed(
    "Cannot read standard input: it ended without a byte; check the program before the pipe",
  );
}

/** A stream of what was read already, and of what comes after it. */
function rest(
  first: Bytes,
  reader: ReadableStreamDefaultReader<Bytes>,
): ReadableStream<Bytes> {
  let pending: Bytes | null = first;
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = pending === null
        ? await reader.read()
        : { done: false, value: pending };
      pending = null;
      if (done || value === undefined) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}
