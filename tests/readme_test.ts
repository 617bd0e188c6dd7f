/** The README says only what is true: every snippet of it runs. */
import { assert, assertEquals } from "@std/assert";
import { createEmbeddedGlance } from "../lib/local/mod.ts";

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

async function serveSample(): Promise<{ server: Deno.HttpServer; url: string }> {
  const glance = createEmbeddedGlance();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, glance.fetch);
  const url = `http://127.0.0.1:${server.addr.port}`;
  const created = await fetch(`${url}/v2/images`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name: "sample", disk_format: "raw", container_format: "bare" }),
  });
  const { id } = await created.json();
  const uploaded = await fetch(`${url}/v2/images/${id}/file`, {
    method: "PUT",
    headers: { "content-type": "application/octet-stream" },
    body: "sample bytes",
  });
  assertEquals(uploaded.status, 204);
  await uploaded.body?.cancel();
  return { server, url };
}

/** Runs a snippet as a stranger would: beside the repository, with a configuration of the environment. */
async function runSnippet(folder: string, url: string, code: string): Promise<void> {
  const isFunction = code.includes("export default");
  await Deno.writeTextFile(`${folder}/snippet.ts`, code);
  await Deno.writeTextFile(`${folder}/call.ts`, callerOf(url));
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--check", "-A", "--no-config", isFunction ? "call.ts" : "snippet.ts"],
    cwd: folder,
    env: { GLANCE_API_SERVERS: url, NO_COLOR: "1" },
    stdout: "null",
  }).output();
  assert(success, new TextDecoder().decode(stderr));
}

/** A runtime that calls an edge function for the sample, and for an image that there is not. */
function callerOf(url: string): string {
  return `import handler from "./snippet.ts";
const { images: [{ id }] } = await (await fetch("${url}/v2/images?name=sample")).json();
const env = { GLANCE_API_SERVERS: "${url}" };
const found = await handler.fetch(new Request("https://edge.example/" + id), env);
if (await found.text() !== "sample bytes") throw new Error("other bytes");
const missing = await handler.fetch(new Request("https://edge.example/" + crypto.randomUUID()), env);
if (missing.status !== 404) throw new Error("status " + missing.status);
`;
}
