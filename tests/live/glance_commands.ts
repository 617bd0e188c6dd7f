/**
 * Our command line and python-glanceclient's `glance`, for the same command lines on the same cloud.
 */
import { CliHarness } from "../cli/harness.ts";
import { MemoryFiles } from "../cli/memory_files.ts";

/** The result of a command. */
export interface LineResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly bytes: Uint8Array;
}

/** Runs a command line with environment variables and standard input. */
export type GlanceCommand = (
  line: string,
  environment: Readonly<Record<string, string>>,
  input?: Uint8Array,
) => Promise<LineResult>;

/** Our command line, in this process, with files in memory. */
export function ourGlance(files: Readonly<Record<string, Uint8Array>>): GlanceCommand {
  const harness = new CliHarness((request) => fetch(request));
  const memory = new MemoryFiles(files);
  return async (line, environment, stdin) =>
    await harness.run(line.split(" "), { environment, files: memory, stdin: stdin ?? "nothing" });
}

/** python-glanceclient's `glance`, as a process in the directory of the files. */
export function pythonGlance(directory?: string): GlanceCommand {
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
