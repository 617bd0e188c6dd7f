/** python-glanceclient's `glance`: each command is a process of its own, forked from one that has imported it. */
import type { GlanceCommand } from "./glance_commands.ts";

const SCRIPT = new URL("glance_processes.py", import.meta.url).pathname;

/** Runs the commands of `glance`, in the order in which they are called. */
export class PythonGlance implements AsyncDisposable {
  readonly #directory: string;
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #output: ReadableStreamDefaultReader<string>;
  #text = "";
  #last: Promise<unknown> = Promise.resolve();

  /** @param directory in which the commands run */
  constructor(directory: string = Deno.cwd()) {
    this.#directory = directory;
    this.#process = new Deno.Command("/usr/bin/python3", {
      args: [SCRIPT],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#input = this.#process.stdin.getWriter();
    this.#output = this.#process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** Runs a command line. */
  readonly run: GlanceCommand = (line, environment, input) => {
    const result = this.#last.then(() => this.#run(line, environment, input));
    this.#last = result.catch(() => {});
    return result;
  };

  #run: GlanceCommand = async (line, environment, input) => {
    const command = {
      args: line.split(" "),
      environment: { ...Deno.env.toObject(), ...environment },
      directory: this.#directory,
      input: input === undefined ? null : binaryString(input),
    };
    await this.#input.write(new TextEncoder().encode(`${JSON.stringify(command)}\n`));
    const { code, stdout, stderr } = JSON.parse(await this.#line());
    const bytes = bytesOf(stdout);
    const text = new TextDecoder();
    return { code, stdout: text.decode(bytes), stderr: text.decode(bytesOf(stderr)), bytes };
  };

  /** The next line of the process. */
  async #line(): Promise<string> {
    while (!this.#text.includes("\n")) {
      const { value, done } = await this.#output.read();
      if (done) throw new Error("python-glanceclient's process has ended");
      this.#text += value;
    }
    const end = this.#text.indexOf("\n");
    const line = this.#text.slice(0, end);
    this.#text = this.#text.slice(end + 1);
    return line;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close();
    await this.#output.cancel();
    await this.#process.status;
  }
}

/** A string with one unit for each byte. */
function binaryString(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}

function bytesOf(binary: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(binary, (unit) => unit.charCodeAt(0));
}
