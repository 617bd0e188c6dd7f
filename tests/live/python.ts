/** Scripts of this folder, run by Debian's Python, which has OpenStack's modules. */

/** What a script has said. */
export interface PythonOutcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a script, with a value as JSON on its standard input. */
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
 * What a script answers in JSON.
 *
 * @throws {Error} with what it said, where it fails
 */
export async function askPython(script: string, input: unknown): Promise<unknown> {
  const { code, stdout, stderr } = await runPython(script, input);
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}
