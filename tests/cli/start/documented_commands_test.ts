/** The command lines of the documents that only show how something is started, as processes. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { createEmbeddedGlance } from "../../../lib/embedded/mod.ts";
import { documentPaths, documentText, fencedBlocks, ROOT } from "../../support/snippets.ts";

/** Command lines that other tests run, and these tests. */
const TESTED: Readonly<Record<string, string>> = {
  "npx -y deno@2.9.6 task pack": "tests/packages/tarball.ts",
  "npm install ./glance-edge.tgz": "tests/packages/projects.ts",
  "npx glance-edge image-list": "tests/packages/projects.ts",
  "deno install -g": "tests/packages/deno_install_test.ts",
  "deno compile": "tests/packages/deno_install_test.ts",
  "useradd": "tests/cli/start/operations_files_test.ts",
  "cp .github/operations/glance-edge.service": "tests/cli/start/operations_files_test.ts",
  "systemctl enable": "tests/cli/start/operations_files_test.ts",
  "glance --os-auth-url": "tests/cli/start/documented_commands_test.ts",
};

/** Names of programs, after variables. */
const COMMAND = /^(?:\w+=\S+ )*(?:glance-edge|glance|deno|npx|npm|useradd|cp|systemctl) /;

/** Command lines of the `text` blocks, without comments and continued lines. */
async function shownCommands(): Promise<string[]> {
  const texts = await Promise.all((await documentPaths()).map(documentText));
  return texts.flatMap((text) => fencedBlocks(text, "text"))
    .flatMap((block) => block.replaceAll("\\\n", "").split("\n"))
    .map((line) => line.replace(/ +#.*$/, ""))
    .filter((line) => COMMAND.test(line));
}

Deno.test("the documents show only commands that a test runs", async (t) => {
  const commands = await shownCommands();
  const starts = commands.filter((line) => /(?:^| )glance-edge start(?: |$)/.test(line));
  const others = commands.filter((line) => !starts.includes(line));
  assert(starts.length >= 5);
  for (const line of others) {
    const [, file] = Object.entries(TESTED).find(([prefix]) => line.startsWith(prefix)) ?? [];
    if (file === undefined) throw new Error(`no test runs ${line}`);
    await Deno.stat(new URL(file, ROOT));
  }
  await using site = await Site.create();
  for (const line of starts) await t.step(line, () => site.start(line));
  for (const line of others.filter((line) => line.startsWith("glance "))) {
    await t.step({
      name: line,
      ignore: !await hasProgram("glance"),
      fn: async () => assertStringIncludes(await site.run(line), "| Name |"),
    });
  }
});

/** A cloud `prod`, a collector of spans, and a folder with the command `glance-edge`. */
class Site implements AsyncDisposable {
  readonly #folder: string;
  readonly #glance = createEmbeddedGlance();
  readonly #spans: string[] = [];
  readonly #server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    (request) => this.#answer(request),
  );

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async create(): Promise<Site> {
    const site = new Site(await Deno.makeTempDir({ prefix: "glance-commands-" }));
    await Deno.mkdir(`${site.#folder}/bin`);
    const program = `${site.#folder}/bin/glance-edge`;
    const main = new URL("lib/cli/main.ts", ROOT).pathname;
    await Deno.writeTextFile(
      program,
      `#!/bin/sh\nexec '${Deno.execPath()}' run -A --no-check '${main}' "$@"\n`,
      { mode: 0o755 },
    );
    const auth = { auth_url: `${site.#url}/v3`, username: "u", password: "p", project_name: "p" };
    await Deno.writeTextFile(
      `${site.#folder}/prod.yaml`,
      JSON.stringify({ clouds: { prod: { auth, region_name: "R" } } }),
    );
    return site;
  }

  get #url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** Runs a command, and returns what it prints. */
  async run(line: string): Promise<string> {
    const process = this.#spawn(line.replace("http://127.0.0.1:9292", this.#url));
    const [{ code }, stdout, stderr] = await Promise.all([
      process.status,
      process.stdout.text(),
      process.stderr.text(),
    ]);
    assertEquals(code, 0, stderr);
    return stdout;
  }

  /** Runs a `start`, sends a request to it, and stops it. */
  async start(line: string): Promise<void> {
    const script = line.replace("http://collector:4318", this.#url);
    const process = this.#spawn(
      `${script.replace("glance-edge", "exec glance-edge")} --port 0 --no-log`,
    );
    const [{ code }, text, stderr] = await Promise.all([
      process.status,
      this.#use(process, line.includes("--service-mode")),
      process.stderr.text(),
    ]);
    assertEquals(code, 0, stderr);
    assertStringIncludes(text, line.includes("--os-cloud") ? "Gateway to" : "an embedded Glance");
    if (!line.includes("OTEL_DENO")) return;
    assert(this.#spans.some((body) => body.includes("GET /v2/images")), "no span arrived");
  }

  #spawn(script: string): Deno.ChildProcess {
    return new Deno.Command("bash", {
      args: ["-euc", script],
      cwd: this.#folder,
      clearEnv: true,
      env: {
        PATH: `${this.#folder}/bin:${Deno.env.get("PATH")}`,
        HOME: this.#folder,
        // Without it, no cloud is configured.
        ...script.includes("--os-cloud") && {
          OS_CLIENT_CONFIG_FILE: `${this.#folder}/prod.yaml`,
        },
        DENO_DIR: Deno.env.get("DENO_DIR") ?? `${Deno.env.get("HOME")}/.cache/deno`,
      },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  }

  /** What the process has printed when it listens. Then it handles a request, and is stopped. */
  async #use(process: Deno.ChildProcess, isSignedIn: boolean): Promise<string> {
    let text = "";
    for await (const chunk of process.stdout.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      const [, url] = /^Listening on (\S+)\n/m.exec(text) ?? [];
      if (url === undefined) continue;
      const headers = { ...!isSignedIn && { "x-auth-token": "of-a-client" } };
      const response = await fetch(`${url}/v2/images`, { headers });
      await response.body?.cancel();
      assertEquals(response.status, 200);
      break;
    }
    process.kill("SIGTERM");
    return text;
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname.startsWith("/v1/")) {
      const body = new TextDecoder().decode(await request.bytes());
      if (pathname === "/v1/traces") this.#spans.push(body);
      return new Response();
    }
    if (pathname !== "/v3/auth/tokens") return await this.#glance.fetch(request);
    await request.body?.cancel();
    const endpoints = [{ interface: "public", region: "R", region_id: "R", url: this.#url }];
    const token = { expires_at: "2999-01-01T00:00:00Z", catalog: [{ type: "image", endpoints }] };
    return Response.json({ token }, { status: 201, headers: { "x-subject-token": "of-gateway" } });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
    await Deno.remove(this.#folder, { recursive: true });
  }
}

async function hasProgram(name: string): Promise<boolean> {
  const { success } = await new Deno.Command("sh", { args: ["-c", `command -v ${name}`] }).output();
  return success;
}
