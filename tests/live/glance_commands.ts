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
