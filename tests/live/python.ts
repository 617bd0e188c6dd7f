/** Runs the Python scripts in this folder with Debian's Python, which has OpenStack's modules. */

/** The outcome of a script. */
export interface PythonOutcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a script with a JSON value on standard input. */
export async function runPython(script: string, input: unknown): Promise<PythonOutcome> {
  const child = new Deno.Command("/usr/bin/python3", {
    args: [new URL(script, import.meta.url).pathname],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(JSON.stringify(input)));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/**
 * Runs a script that prints JSON; returns the parsed value.
 *
 * @throws {Error} with its output if it fails
 */
export async function callPython(script: string, input: unknown): Promise<unknown> {
  const { code, stdout, stderr } = await runPython(script, input);
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}
