/**
 * The packed tarball, installed as users do: with each package manager, and built with each bundler. Each project
 * begins in an empty folder, with an empty home.
 */
import { assertEquals, assertMatch } from "@std/assert";
import { type RunningServer, serve } from "../../lib/cli/server/serve.ts";
import { createEmbeddedGlance } from "../../lib/embedded/mod.ts";
import { packTarball } from "./tarball.ts";
import { type Project, PROJECTS } from "./projects.ts";

/** Milliseconds for one command. */
const LIMIT = 240_000;

Deno.test("the packed tarball works with package managers, compilers and bundlers", async (t) => {
  const folder = await Deno.makeTempDir({ prefix: "glance-packages-" });
  const server = await serveSample();
  const times: string[] = [];
  try {
    const tarball = `${folder}/glance-edge.tgz`;
    await packTarball(tarball);
    for (const [i, project] of PROJECTS.entries()) {
      await t.step(project.name, async () => {
        const start = performance.now();
        await build(project, `${folder}/${i}`, tarball, server.url);
        times.push(`${((performance.now() - start) / 1000).toFixed(1)} s  ${project.name}`);
      });
    }
  } finally {
    console.log(times.join("\n"));
    await server.kill();
    await Deno.remove(folder, { recursive: true });
  }
});

/** A Glance with one image. */
async function serveSample(): Promise<RunningServer> {
  const glance = createEmbeddedGlance();
  await glance.fetch(
    new Request("http://glance/v2/images", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ name: "sample", disk_format: "raw", container_format: "bare" }),
    }),
  ).then((response) => response.body?.cancel());
  return serve(glance.fetch, { host: "127.0.0.1", port: 0 });
}

async function build(
  { files = {}, commands, prints }: Project,
  folder: string,
  tarball: string,
  url: string,
): Promise<void> {
  await Deno.mkdir(`${folder}/home`, { recursive: true });
  const all = { "package.json": '{ "type": "module", "private": true }', ...files };
  for (const [name, text] of Object.entries(all)) {
    await Deno.writeTextFile(`${folder}/${name}`, text.replace("URL", JSON.stringify(url)));
  }
  let printed = "";
  for (const command of commands) {
    printed = await run(command.replace("TARBALL", tarball), folder, url);
  }
  assertMatch(printed, prints);
}

/** Runs a command. Returns what it prints; it must succeed, and print no warning of the package. */
async function run(line: string, cwd: string, url: string): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", `exec ${line}`],
    cwd,
    clearEnv: true,
    env: { ...kept(), HOME: `${cwd}/home`, GLANCE_API_SERVERS: url, NO_COLOR: "1", CI: "1" },
    signal: AbortSignal.timeout(LIMIT),
  }).output();
  const [out, messages] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  if (!success) throw new Error(`${line}\n${out}${messages}`);
  const alarming = messages?.split("\n").filter((text) => /warn|glance/i.test(text));
  assertEquals(alarming?.filter((text) => !isOfOtherPackage(text)), [], line);
  return out ?? "";
}

/** npm reports scripts that packages run; ours has none. */
function isOfOtherPackage(text: string): boolean {
  return /install-scripts|esbuild|workerd|sharp|Using npm|wrangler/.test(text);
}

/** Variables without which nothing can be installed. */
function kept(): Record<string, string> {
  const names = ["PATH", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "HTTPS_PROXY"];
  return Object.fromEntries(
    names.map((name) => [name, Deno.env.get(name) ?? ""]).filter(([, value]) => value !== ""),
  );
}
