/** Cinder's own service in a process that is kept, so that only downloads are timed. */
import { spawned } from "./children.ts";
/** The options of Cinder's service. */
export interface CinderScript {
  readonly servers: readonly string[];
  readonly image: string;
  readonly token: string;
  readonly userId: string;
  readonly projectId: string;
}

/** Cinder's service. */
export class CinderDownloads implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #output: ReadableStreamDefaultReader<string>;

  private constructor() {
    this.#child = spawned(
      new Deno.Command("/usr/bin/python3", {
        args: [`${import.meta.dirname}/cinder_download.py`],
        stdin: "piped",
        stdout: "piped",
        stderr: "null",
      }),
    );
    this.#writer = this.#child.stdin.getWriter();
    this.#output = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** Starts it. */
  static async start(script: CinderScript): Promise<CinderDownloads> {
    const cinder = new CinderDownloads();
    await cinder.#request(JSON.stringify(script), "ready");
    return cinder;
  }

  /** Downloads the image once. */
  async run(): Promise<void> {
    await this.#request("", "done");
  }

  async #request(line: string, expected: string): Promise<void> {
    await this.#writer.write(new TextEncoder().encode(`${line}\n`));
    let response = "";
    while (!response.endsWith("\n")) {
      const { done, value } = await this.#output.read();
      if (done) break;
      response += value;
    }
    if (response.trim() !== expected) throw new Error(`Cinder's service said "${response}"`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close();
    await this.#output.cancel();
    await this.#child.status;
  }
}
