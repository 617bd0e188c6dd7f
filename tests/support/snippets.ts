/**
 * Runs the fenced blocks of Markdown documents. A `ts` block is a program next to the repository: the module
 * is at `./glance-edge/`, or the package of an import map. All `sh` blocks of a document are one script in a clone. Blocks of other languages
 * do not run.
 */
import { assert, assertEquals } from "@std/assert";
import { createEmbeddedGlance } from "../../lib/embedded/mod.ts";
import { utf8 } from "./bodies.ts";
import { storeImage } from "./stored_image.ts";
import { freePort } from "./free_port.ts";

export const ROOT = new URL("../../", import.meta.url);

/** The import map that `deno add` writes, for the gateway and the package itself. */
async function importMap(): Promise<Readonly<Record<string, string>>> {
  const { name, exports, imports } = JSON.parse(await documentText("deno.json"));
  const own = Object.entries<string>(exports)
    .map(([path, file]) => [name + path.slice(1), `./glance-edge/${file.slice(2)}`]);
  return {
    ...Object.fromEntries(own),
    "@std/assert": imports["@std/assert"],
    "hono": imports["hono"],
    "@hono/node-server": "npm:@hono/node-server@2.1.8",
  };
}

/** Tasks that an `sh` block may name and that are tested elsewhere: they serve, or take minutes. */
const OTHER_TASKS = / task (?:start|demo|docs|pictures|ok|check|bench|test(?::\w+)?)\b/;

/** The text of a document, by its path from the root. */
export async function documentText(path: string): Promise<string> {
  return await Deno.readTextFile(new URL(path, ROOT));
}

/** The paths of all Markdown documents of the project. */
export async function documentPaths(folder = ""): Promise<string[]> {
  const paths: string[] = [];
  for await (const { name, isDirectory, isFile } of Deno.readDir(new URL(folder || ".", ROOT))) {
    if (isFile && name.endsWith(".md")) paths.push(folder + name);
    const isOurs = isDirectory && !/^(\.git|node_modules|coverage)$/.test(name);
    if (isOurs) paths.push(...await documentPaths(`${folder}${name}/`));
  }
  return paths.sort();
}

/** The fenced blocks of a language. */
export function fencedBlocks(text: string, language: string): string[] {
  const blocks = text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, "gm"));
  return [...blocks].map(([, code]) => code ?? "");
}

/** A `ts` block. */
export interface Program {
  /** The document and the number of the block, such as `lib/README.md 3`. */
  readonly name: string;
  readonly code: string;
}

/** The `ts` blocks of a document. */
export function programsOf(path: string, text: string): Program[] {
  return fencedBlocks(text, "ts").map((code, i) => ({ name: `${path} ${i + 1}`, code }));
}

function usesPackages({ code }: Program): boolean {
  return /from "@|hono|lib\/router/.test(code);
}

/** An empty folder, with the repository in `glance-edge/`, and an Image API with two images. */
export class Playground implements AsyncDisposable {
  readonly folder: string;
  readonly url: string;
  readonly #server: Deno.HttpServer;

  private constructor(folder: string, url: string, server: Deno.HttpServer) {
    this.folder = folder;
    this.url = url;
    this.#server = server;
  }

  static async create(): Promise<Playground> {
    const folder = await Deno.makeTempDir({ prefix: "glance-snippets-" });
    const { server, url } = await serveSample();
    const clone = `${folder}/glance-edge`;
    for (const path of [clone, `${folder}/home`]) await Deno.mkdir(path);
    for (const name of ["lib", "tests", "mod.ts", ".github"]) {
      await Deno.symlink(new URL(name, ROOT), `${clone}/${name}`);
    }
    for (const name of ["README.md", "deno.json", "deno.lock"]) {
      await Deno.copyFile(new URL(name, ROOT), `${clone}/${name}`);
    }
    for (const place of [folder, clone]) {
      await Deno.writeTextFile(`${place}/disk.raw`, "the bytes of a disk\n".repeat(1_000));
    }
    await Deno.writeTextFile(`${folder}/ca.pem`, "");
    await Deno.writeTextFile(`${folder}/deno.json`, JSON.stringify({ imports: await importMap() }));
    return new Playground(folder, url, server);
  }

  /** Type-checks all programs in two processes: with and without the import map. */
  async check(programs: readonly Program[]): Promise<void> {
    const callers = await Promise.all(programs.map((program) => this.#write(program)));
    const checked = (flags: readonly string[], needsPackages: boolean) => {
      const paths = callers.filter((_, i) => usesPackages(programs[i]!) === needsPackages);
      return this.#run(this.folder, Deno.execPath(), ["check", ...flags, ...paths]);
    };
    await Promise.all([checked([], true), checked(["--no-config"], false)]);
  }

  /** Runs a program as its runtime would. `check()` checks its types. */
  async runProgram(program: Program): Promise<void> {
    const flags = usesPackages(program) ? [] : ["--no-config"];
    const caller = await this.#write(program);
    await this.#run(this.folder, Deno.execPath(), ["run", "-A", ...flags, caller]);
  }

  /** Runs shell blocks as one script in the clone, and returns what it prints. */
  async runShell(blocks: readonly string[]): Promise<string> {
    const script = blocks.join("\n").split("\n")
      .filter((line) => !OTHER_TASKS.test(line))
      .join("\n")
      .replaceAll(/npx -y deno@[\d.]+/g, `'${Deno.execPath()}'`)
      .replaceAll(/http:\/\/(?:127\.0\.0\.1|glance-[ab]):9292/g, this.url);
    return await this.#run(`${this.folder}/glance-edge`, "bash", ["-euc", script]);
  }

  /** The text of a file that a program or a script has written. */
  async written(path: string): Promise<string> {
    return await Deno.readTextFile(`${this.folder}/${path}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
    await Deno.remove(this.folder, { recursive: true });
  }

  /** Writes a program, and returns the name of the file that uses it. */
  async #write({ name, code }: Program): Promise<string> {
    const port = freePort();
    const program = code.replaceAll(/http:\/\/glance-[ab]:9292/g, this.url)
      .replace(/port: \d+/, `port: ${port}`);
    const file = `${name.replaceAll(/\W/g, "_")}.ts`;
    await Deno.writeTextFile(`${this.folder}/${file}`, program);
    await Deno.writeTextFile(`${this.folder}/call_${file}`, callerOf(file, code, this.url, port));
    return `call_${file}`;
  }

  async #run(cwd: string, program: string, args: readonly string[]): Promise<string> {
    const denoDir = Deno.env.get("DENO_DIR") ?? `${Deno.env.get("HOME")}/.cache/deno`;
    // npm sets it for every child process, and a task would use its folder instead of the reader's.
    const { INIT_CWD: _, ...inherited } = Deno.env.toObject();
    const { success, stdout, stderr } = await new Deno.Command(program, {
      args: [...args],
      cwd,
      clearEnv: true,
      env: {
        ...inherited,
        HOME: `${this.folder}/home`,
        DENO_DIR: denoDir,
        GLANCE_API_SERVERS: this.url,
        NO_COLOR: "1",
      },
    }).output();
    assert(success, new TextDecoder().decode(stderr));
    return new TextDecoder().decode(stdout);
  }
}

async function serveSample(): Promise<{ server: Deno.HttpServer; url: string }> {
  const glance = createEmbeddedGlance();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, glance.fetch);
  const url = `http://127.0.0.1:${server.addr.port}`;
  const request = (path: string, init?: RequestInit) => fetch(url + path, init);
  const id = await storeImage(request, "sample", utf8("sample bytes"));
  await storeImage(request, "hidden", utf8("hidden bytes"));
  const published = await request(`/v2/images/${id}`, {
    method: "PATCH",
    headers: { "content-type": "application/openstack-images-v2.1-json-patch" },
    body: '[{"op": "replace", "path": "/visibility", "value": "public"}]',
  });
  await published.body?.cancel();
  assertEquals(published.status, 200);
  return { server, url };
}

/** Responses of an edge function that serves public images only, and survives a failed sign-in. */
const EDGE_CHECKS = `const { images: [hidden] } =
  await (await fetch(env.GLANCE_API_SERVERS + "/v2/images?name=hidden")).json();
console.error = () => {};
await expect(handler.fetch(new Request("https://edge.example/" + id), { OS_CLOUD: "nowhere" }), 502);
await expect(send("/" + id), 200, "sample bytes");
await expect(send("/" + hidden.id), 404);
await expect(send("/" + crypto.randomUUID()), 404);
await expect(send("/"), 404);
await expect(send("/a/b"), 404);
await expect(send("/%zz"), 404);
await expect(send("/" + id + "/file"), 404);
`;

/** Responses of a gateway below middleware that requires a bearer token. */
const GUARDED_CHECKS = `const allowed = { authorization: "Bearer a-secret" };
await expect(send("/images/v2/images/" + id + "/file", allowed), 200, "sample bytes");
await expect(send("/images/v2/images/" + id + "/file"), 401);
`;

const GATEWAY_CHECKS = `await expect(send("/v2/images/" + id + "/file"), 200, "sample bytes");
await expect(send("/v2/images/" + crypto.randomUUID() + "/file"), 404);
`;

/** The program that uses a block as its runtime would. */
function callerOf(file: string, code: string, url: string, port: number): string {
  const isListener = code.includes("node-server");
  if (!isListener && !code.includes("export default")) return `import "./${file}";\n`;
  const start = `
const { images: [{ id }] } = await (await fetch("${url}/v2/images?name=sample")).json();
const env = { GLANCE_API_SERVERS: "${url}" };
async function expect(response: Response | Promise<Response>, status: number, text?: string) {
  const { status: actual, body } = await response;
  const read = await new Response(body).text();
  if (actual !== status || (text !== undefined && read !== text)) throw new Error(actual + ": " + read);
}
`;
  if (isListener) {
    return `import "./${file}";${start}
const send = (path: string) => fetch("http://127.0.0.1:${port}" + path);
${GATEWAY_CHECKS}Deno.exit(0);
`;
  }
  const isGateway = code.includes("createImageRouter");
  const handle = code.includes('runtime: "edge"') ? "handler" : "handler.fetch";
  const checks = code.includes("/images/*")
    ? GUARDED_CHECKS
    : isGateway
    ? GATEWAY_CHECKS
    : EDGE_CHECKS;
  return `import handler from "./${file}";${start}
const send = (path: string, headers = {}) =>
  ${handle}(new Request("https://edge.example" + path, { headers })${isGateway ? "" : ", env"});
${checks}`;
}
