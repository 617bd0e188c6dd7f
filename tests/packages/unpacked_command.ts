/** The packed command, on Node. */
import { packTarball } from "./tarball.ts";

/** The unpacked package, and a way to run its command. */
export class UnpackedCommand implements AsyncDisposable {
  /** Where it was unpacked, and where its processes run. */
  readonly folder: string;
  readonly #env: Readonly<Record<string, string>>;

  private constructor(folder: string, env: Readonly<Record<string, string>>) {
    this.folder = folder;
    this.#env = env;
  }

  /** Packs the package, and unpacks it in a new folder. `env` has more variables for its processes. */
  static async create(env: Readonly<Record<string, string>> = {}): Promise<UnpackedCommand> {
    const folder = await Deno.makeTempDir({ prefix: "glance-command-" });
    await packTarball(`${folder}/package.tgz`);
    await new Deno.Command("tar", { args: ["-xzf", "package.tgz"], cwd: folder }).output();
    return new UnpackedCommand(folder, env);
  }

  /** A process of the command. */
  start(url: string | null, ...args: string[]): Deno.ChildProcess {
    return new Deno.Command(`${this.folder}/package/bin/glance-edge.js`, {
      args,
      cwd: this.folder,
      clearEnv: true,
      env: {
        PATH: Deno.env.get("PATH") ?? "",
        HOME: this.folder,
        ...this.#env,
        ...url !== null && { GLANCE_API_SERVERS: url },
      },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  }

  /** The output of the command, with `input` on standard input. */
  async run(url: string | null, args: readonly string[], input = new Uint8Array()) {
    const process = this.start(url, ...args);
    const writer = process.stdin.getWriter();
    if (input.byteLength > 0) await writer.write(input).catch(() => {});
    await writer.close().catch(() => {});
    const { code, stdout, stderr } = await process.output();
    return { code, stdout, text: textOf(stdout), stderr: textOf(stderr) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** Decodes UTF-8. */
export function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
