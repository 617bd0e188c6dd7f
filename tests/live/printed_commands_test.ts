/**
 * Runs the commands that `task start` prints in a shell, with the real clients: each reaches this
 * gateway, even if variables and files describe another cloud.
 */
import { assert, assertEquals } from "@std/assert";
import { startStack } from "./stack.ts";

const START = new URL("../../lib/cli/start.ts", import.meta.url).pathname;
const MAIN = new URL("../../lib/cli/main.ts", import.meta.url).pathname;

/** `task start` as a process, on a free port. */
class StartedGateway implements AsyncDisposable {
  /** Paths of the logged requests. */
  readonly requests: string[] = [];
  readonly #child: Deno.ChildProcess;
  readonly #log: Promise<void>;
  readonly #timeout = new AbortController();
  readonly #timer = setTimeout(() => this.#timeout.abort(new Error("no request came")), 120_000);
  #changed = Promise.withResolvers<void>();

  private constructor(child: Deno.ChildProcess, readonly commands: readonly string[]) {
    this.#child = child;
    this.#log = this.#read(child.stderr);
  }

  static async start(
    args: readonly string[],
    env: Record<string, string>,
  ): Promise<StartedGateway> {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--allow-all", START, "--port", "0", ...args],
      env: { ...env, NO_COLOR: "1" },
      clearEnv: true,
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const text: string[] = [];
    for await (const line of linesOf(child.stdout)) {
      text.push(line);
      if (line.startsWith("Press Ctrl-C")) break;
    }
    return new StartedGateway(child, text.filter((line) => line.startsWith("  ")));
  }

  async #read(stderr: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    for await (const line of linesOf(stderr)) {
      if (!line.includes('"kind":"request"')) continue;
      this.requests.push(JSON.parse(line).path);
      this.#changed.resolve();
    }
  }

  /** Waits until a path is logged after the first `count` requests. */
  async arrival(path: string, count: number): Promise<void> {
    const { signal } = this.#timeout;
    while (!this.requests.slice(count).includes(path)) {
      signal.throwIfAborted();
      this.#changed = Promise.withResolvers<void>();
      signal.addEventListener("abort", () => this.#changed.resolve(), { once: true });
      await this.#changed.promise;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer);
    this.#child.kill("SIGTERM");
    await this.#child.status;
    await this.#log;
  }
}

/** The lines of a stream. */
async function* linesOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}

/** Runs a printed command in a folder whose clouds.yaml has one cloud. */
async function run(command: string, cwd: string, env: Record<string, string>): Promise<string> {
  const here = command.replace(/^ *glance-edge /, `${Deno.execPath()} run -A ${MAIN} `);
  const { code, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", here],
    cwd,
    env: { ...env, NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  assertEquals(code, 0, `${command}: ${decoder.decode(stderr)}`);
  return decoder.decode(stdout);
}

/** Variables that locate programs and their caches. */
function basics(): Record<string, string> {
  return { PATH: Deno.env.get("PATH") ?? "", HOME: Deno.env.get("HOME") ?? "/" };
}

Deno.test("start prints commands for an embedded Glance that work whatever cloud is configured", async () => {
  const folder = await Deno.makeTempDir({ prefix: "glance-printed-" });
  const elsewhere = {
    auth_url: "http://127.0.0.1:1/v3",
    username: "u",
    password: "p",
    project_name: "p",
    user_domain_name: "Default",
    project_domain_name: "Default",
  };
  const clouds = { elsewhere: { auth: elsewhere } };
  await Deno.writeTextFile(`${folder}/clouds.yaml`, JSON.stringify({ clouds }));
  const variables = Object.fromEntries(
    Object.entries(elsewhere).map(([name, value]) => [`OS_${name.toUpperCase()}`, value]),
  );
  try {
    await using gateway = await StartedGateway.start(["--embedded"], basics());
    assertEquals(gateway.commands.length, 3);
    for (const environment of [{}, variables, { OS_CLOUD: "elsewhere" }]) {
      for (const command of gateway.commands) {
        const output = await run(command, folder, { ...basics(), ...environment });
        assert(output.includes("sample"), `${command}: ${output}`);
      }
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("start prints commands for a cloud that reach the gateway, with the client's token", async () => {
  await using stack = await startStack();
  const environment = { ...basics(), ...stack.environment("alice") };
  for (const [args, count] of [[[], 3], [["--service-mode"], 3]] as const) {
    await using gateway = await StartedGateway.start(args, environment);
    assertEquals(gateway.commands.length, count);
    for (const command of gateway.commands) {
      const before = gateway.requests.length;
      await run(command, stack.directory, environment);
      await gateway.arrival("/v2/images", before);
    }
  }
});
