/** The README says only what is true: every snippet of it runs. */
import { assert, assertEquals } from "@std/assert";
import { createEmbeddedGlance } from "../lib/embedded/mod.ts";
import { operationTable } from "./images/operation_table.ts";
import { utf8 } from "./support/bodies.ts";
import { storeImage } from "./support/stored_image.ts";

const ROOT = new URL("../", import.meta.url);
const README = await Deno.readTextFile(new URL("README.md", ROOT));

/** The fenced blocks of a language. */
function blocks(language: string): string[] {
  const fenced = README.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, "gm"));
  return [...fenced].map(([, code]) => code ?? "");
}

Deno.test("Every TypeScript snippet of the README checks and runs", async (t) => {
  const folder = await Deno.makeTempDir({ prefix: "glance-readme-" });
  const { server, url } = await serveSample();
  try {
    await Deno.symlink(new URL(".", ROOT), `${folder}/glance-edge`);
    await Deno.writeTextFile(`${folder}/disk.raw`, "the bytes of a disk\n".repeat(1000));
    await Deno.writeTextFile(`${folder}/ca.pem`, "");
    for (const [i, code] of blocks("ts").entries()) {
      await t.step(`snippet ${i + 1}`, () => runSnippet(folder, url, code));
    }
    assertEquals(await Deno.readTextFile(`${folder}/sample.img`), "sample bytes");
  } finally {
    await server.shutdown();
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("The README's first five minutes run as they are written", async () => {
  const folder = await Deno.makeTempDir({ prefix: "glance-readme-" });
  const { server, url } = await serveSample();
  const shell = blocks("sh").join("\n").split("\n")
    .filter((line) => !/ task (start|test)\b/.test(line))
    .join("\n")
    .replaceAll("npx -y deno@2.9.6", `'${Deno.execPath()}'`)
    .replaceAll("http://127.0.0.1:9292", url)
    .replaceAll("disk.copy", `${folder}/disk.copy`);
  try {
    const { success, stdout, stderr } = await new Deno.Command("bash", {
      args: ["-euc", shell],
      cwd: new URL(".", ROOT),
      env: { NO_COLOR: "1" },
    }).output();
    assert(success, new TextDecoder().decode(stderr));
    assert(new TextDecoder().decode(stdout).includes("sample"));
    assertEquals(await Deno.readTextFile(`${folder}/disk.copy`), README);
  } finally {
    await server.shutdown();
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("The README names only tasks that there are", async () => {
  const { tasks } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  const named = [...README.matchAll(/\bdeno(?:@[\d.]+)? task ([\w:]+)/g)].map(([, name]) =>
    name ?? ""
  );
  assert(named.length > 3);
  for (const name of named) assert(Object.hasOwn(tasks, name), `there is no task "${name}"`);
});

Deno.test("The README's table of errors names only errors that there are", async () => {
  const face: Readonly<Record<string, unknown>> = await import("../mod.ts");
  const rows = README.split("## Errors")[1]?.split("\n## ")[0] ?? "";
  const named = [...rows.matchAll(/^\| (.*?) \|/gm)].flatMap(([, cell]) =>
    cell?.match(/`\w+`/g) ?? []
  );
  assert(named.length > 10);
  for (const name of named) assert(name.slice(1, -1) in face, `there is no ${name}`);
});

Deno.test("The README's table of operations says what the table says", () => {
  const section = README.split("## Operations")[1]?.split("\n## ")[0] ?? "";
  const said = [...section.matchAll(/^\|.*\|$/gm)].map(([line]) => squeezed(line));
  assertEquals(said, operationTable().split("\n").map(squeezed));
});

/** A line of a table without what pads its cells. */
function squeezed(line: string): string {
  return line.replaceAll(/ {2,}/g, " ").replaceAll(/-{3,}/g, "---");
}

async function serveSample(): Promise<{ server: Deno.HttpServer; url: string }> {
  const glance = createEmbeddedGlance();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, glance.fetch);
  const url = `http://127.0.0.1:${server.addr.port}`;
  const ask = (path: string, init?: RequestInit) => fetch(url + path, init);
  const id = await storeImage(ask, "sample", utf8("sample bytes"));
  await storeImage(ask, "hidden", utf8("hidden bytes"));
  const published = await ask(`/v2/images/${id}`, {
    method: "PATCH",
    headers: { "content-type": "application/openstack-images-v2.1-json-patch" },
    body: '[{"op": "replace", "path": "/visibility", "value": "public"}]',
  });
  await published.body?.cancel();
  assertEquals(published.status, 200);
  return { server, url };
}

/** Runs a snippet as a stranger would: beside the repository, with a configuration of the environment. */
async function runSnippet(folder: string, url: string, code: string): Promise<void> {
  const isHono = /hono|lib\/router/.test(code);
  const caller = callerOf(code, url);
  const here = code.replaceAll(/http:\/\/glance-[ab]:9292/g, url).replace("9299", `${freePort()}`);
  await Deno.writeTextFile(`${folder}/snippet.ts`, here);
  await Deno.writeTextFile(
    `${folder}/call.ts`,
    caller.replace("PORT", /port: (\d+)/.exec(here)?.[1] ?? ""),
  );
  await Deno.writeTextFile(`${folder}/deno.json`, JSON.stringify({ imports: IMPORTS }));
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--check", "-A", ...isHono ? [] : ["--no-config"], "call.ts"],
    cwd: folder,
    env: { GLANCE_API_SERVERS: url, NO_COLOR: "1" },
    stdout: "null",
  }).output();
  assert(success, new TextDecoder().decode(stderr));
}

/** What `deno add` writes. */
const IMPORTS = { "hono": "npm:hono@4.13.19", "@hono/node-server": "npm:@hono/node-server@2.1.8" };

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** What the edge function answers, also where its first sign-in fails; it serves public images only. */
const EDGE_CHECKS = `const { images: [hidden] } =
  await (await fetch(env.GLANCE_API_SERVERS + "/v2/images?name=hidden")).json();
const unconfigured = new Request("https://edge.example/" + id);
console.error = () => {};
await expect(Promise.resolve(handler.fetch(unconfigured, { OS_CLOUD: "nowhere" })), 502);
await expect(ask("/" + id), 200, "sample bytes");
await expect(ask("/" + hidden.id), 404);
await expect(ask("/" + crypto.randomUUID()), 404);
await expect(ask("/"), 404);
await expect(ask("/a/b"), 404);
await expect(ask("/%zz"), 404);
await expect(ask("/" + id + "/file"), 404);
`;

/** The program that uses a snippet as its runtime would. */
function callerOf(code: string, url: string): string {
  const start =
    `const { images: [{ id }] } = await (await fetch("${url}/v2/images?name=sample")).json();
const env = { GLANCE_API_SERVERS: "${url}" };
async function expect(answer: Promise<Response>, status: number, text?: string) {
  const { status: got, body } = await answer;
  const read = await new Response(body).text();
  if (got !== status || (text !== undefined && read !== text)) throw new Error(got + ": " + read);
}
const missing = "/v2/images/" + crypto.randomUUID() + "/file";
`;
  if (code.includes("node-server")) {
    return `import "./snippet.ts";
${start}const base = "http://127.0.0.1:PORT";
await expect(fetch(base + "/v2/images/" + id + "/file"), 200, "sample bytes");
Deno.exit(0);
`;
  }
  if (!code.includes("export default")) return `import "./snippet.ts";\n`;
  const handler = code.includes('runtime: "edge"') ? "handler" : "handler.fetch";
  const ask = `const ask = (path: string, headers = {}) =>
  ${handler}(new Request("https://edge.example" + path, { headers })${
    code.includes("env:") ? ", env" : ""
  });
`;
  const checks = code.includes("/images/*")
    ? `const invited = { authorization: "Bearer an-invitation" };
await expect(ask("/images/v2/images/" + id + "/file", invited), 200, "sample bytes");
await expect(ask("/images/v2/images/" + id + "/file"), 401);
`
    : code.includes("createImageRouter")
    ? `await expect(ask("/v2/images/" + id + "/file"), 200, "sample bytes");
await expect(ask(missing), 404);
`
    : EDGE_CHECKS;
  return `import handler from "./snippet.ts";
${start}${ask}const got = (answer: Response | Promise<Response>) => Promise.resolve(answer);
${checks.replaceAll(/ask\(([^;]*?)\), (\d+)/g, "got(ask($1)), $2")}`;
}
