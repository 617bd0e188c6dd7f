/**
 * Our command line and python-glanceclient's `glance`, to be run with the same words on the same cloud.
 */
import { MemoryFiles, Scene } from "./scene.ts";

/** What a line has left behind. */
export interface Line {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly bytes: Uint8Array;
}

/** One of the two: runs a line, with variables and what standard input gives. */
export type Side = (
  line: string,
  environment: Readonly<Record<string, string>>,
  input?: Uint8Array,
) => Promise<Line>;

/** Ours, in this process, with files in memory. */
export function ourSide(files: Readonly<Record<string, Uint8Array>>): Side {
  const scene = new Scene((request) => fetch(request));
  const memory = new MemoryFiles(files);
  return async (line, environment, stdin) =>
    await scene.run(line.split(" "), { environment, files: memory, stdin: stdin ?? "nothing" });
}

/** Theirs, as a process in the directory where the files are. */
export function theirSide(directory?: string): Side {
  return async (line, environment, input) => {
    const process = new Deno.Command("/usr/bin/glance", {
      args: line.split(" "),
      env: environment,
      stdin: input === undefined ? "null" : "piped",
      stdout: "piped",
      stderr: "piped",
      ...directory !== undefined && { cwd: directory },
    }).spawn();
    if (input !== undefined) {
      const writer = process.stdin.getWriter();
      await writer.write(input);
      await writer.close();
    }
    const { code, stdout, stderr } = await process.output();
    const text = new TextDecoder();
    return { code, stdout: text.decode(stdout), stderr: text.decode(stderr), bytes: stdout };
  };
}
