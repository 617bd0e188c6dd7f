/** One suite on every runtime: the bundled module and router, from npm alone. */
import { assertEquals } from "@std/assert";
import { resultsInChromium } from "./browser.ts";
import { cacheChecks } from "./cache_checks.ts";
import { CHROMIUM, PAGE_ENTRY, type Runtime, RUNTIMES } from "./entries.ts";
import { type Servers, startServers } from "./servers.ts";
import { freePort } from "../support/free_port.ts";
import { until } from "../support/time_limit.ts";
import type { Results } from "./suite.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** Why Chromium does no upload of a stream here. */
const HTTP2_ONLY = "it sends streams over HTTP/2 only, and these servers speak HTTP/1.1";

/** Why workerd reads the same slots several times. */
const NOT_SHARED = "a request cannot wait for what another one fetches";

/** Checks that a runtime is known to fail, with the reason. A check that passes after all is a failure, too. */
const EXCEPTIONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "Chromium": {
    "upload": HTTP2_ONLY,
    "upload with its size": HTTP2_ONLY,
    "upload queue": HTTP2_ONLY,
    "upload cut": HTTP2_ONLY,
    "page": "a page sets no accept-encoding, so the files are not compressed",
  },
  "workerd": {
    "cache (Cache API): 50 readers": NOT_SHARED,
    "cache (memory): 50 readers": NOT_SHARED,
  },
  "edge-runtime": {
    "page": "it has no DecompressionStream, which only clients without gzip need",
    "gateway HEAD": "its server drops content-length from every response",
    "gateway cuts": "its server ends a response whose stream has failed as if it were whole",
  },
};

/** More clients than downloads that start at once. */
const MANY = 20;

Deno.test("every runtime passes the same checks with the module and the router", async (t) => {
  const folder = await Deno.makeTempDir({ prefix: "glance-runtimes-" });
  await using servers = await startServers(1_000_000);
  const columns: Record<string, Results> = {};
  try {
    await run(folder, ["npm", "init", "-y"]);
    const packages = RUNTIMES.flatMap((runtime) => runtime.packages);
    await run(folder, ["npm", "install", "--no-audit", "--no-fund", ...packages]);
    for (const runtime of RUNTIMES) {
      await t.step(runtime.name, async () => {
        columns[runtime.name] = await resultsOn(runtime, folder, servers);
        checkColumn(runtime.name, columns[runtime.name] ?? {});
      });
    }
    await t.step({
      name: CHROMIUM === null ? "Chromium (not installed: /usr/bin/chromium)" : "Chromium",
      ignore: CHROMIUM === null,
      async fn() {
        const bundle = await bundled("Chromium", PAGE_ENTRY, folder, ["--platform", "browser"]);
        const script = await Deno.readTextFile(bundle);
        const results = await resultsInChromium(CHROMIUM ?? "", script, queryOf(servers), folder);
        columns["Chromium"] = results;
        checkColumn("Chromium", results);
      },
    });
    assertEquals(servers.foreign, [], "the other origin received a request");
  } finally {
    console.log(tableOf(columns));
    await Deno.remove(folder, { recursive: true });
  }
});

function checkColumn(name: string, results: Results): void {
  const failed = Object.entries(results).filter(([, error]) => error !== "");
  const expected = Object.keys(EXCEPTIONS[name] ?? {});
  assertEquals(failed.filter(([name]) => !expected.includes(name)), []);
  assertEquals(failed.map(([name]) => name).sort(), expected.sort());
}

function queryOf({ healthy, cutting, unresponsive, imageId }: Servers): string {
  return `?${new URLSearchParams({ healthy, cutting, unresponsive, image: imageId })}`;
}

async function resultsOn(runtime: Runtime, folder: string, servers: Servers): Promise<Results> {
  const bundle = await bundled(runtime.name, runtime.entry, folder);
  const port = freePort();
  const [command = "", ...args] = runtime.command(bundle, port, folder);
  const child = new Deno.Command(command, { args, cwd: folder, stdout: "null", stderr: "piped" })
    .spawn();
  const errors = new Response(child.stderr).text();
  try {
    const base = `http://127.0.0.1:${port}`;
    const query = queryOf(servers);
    const results: Results = await (await answered(`${base}/run${query}`, child)).json();
    for (const store of runtime.stores) {
      const directory = encodeURIComponent(`${folder}/slots-${port}`);
      Object.assign(
        results,
        await cacheChecks(base, `${query}&directory=${directory}`, store, servers),
      );
    }
    return { ...results, ...await gatewayChecks(base, query, servers) };
  } catch (cause) {
    stop(child);
    throw new Error(`${runtime.name}: ${await errors}`, { cause });
  } finally {
    stop(child);
    await child.status;
    await errors;
  }
}

function stop(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch {
    // It has already ended.
  }
}

/** The responses that curl, a strict client, receives from a gateway on the runtime. */
async function gatewayChecks(
  base: string,
  query: string,
  { imageId, endlessId, bytes }: Servers,
): Promise<Results> {
  const file = `/v2/images/${imageId}/file${query}`;
  const endless = `/v2/images/${endlessId}/file${query}`;
  const resumed = await curl(["-s", `${base}/gateway-resume${file}`]);
  const head = await curl(["-sI", `${base}/gateway-resume${file}`]);
  const leaving = ["-s", "--max-time", "0.5", `${base}/gateway-one${endless}`];
  await Promise.all(Array.from({ length: MANY }, () => curl(leaving)));
  const staying = await Promise.all(
    Array.from({ length: MANY }, () => curl(["-s", `${base}/gateway-one${file}`])),
  );
  const forged = `x/gateway-one/v2/images/${imageId}/file?a=`;
  const misled = await curl([
    ...["-s", "-o", "-", "-w", "%{http_code}", "-H", `Host: ${forged}`],
    `${base}/healthcheck&${query.slice(1)}`,
  ]);
  // The last one: it ends edge-runtime's own server.
  const cut = await curl(["-s", `${base}/gateway-cut${file}`]);
  const length = new RegExp(`^content-length: ${bytes.byteLength}\\r?$`, "im");
  return {
    "gateway resumes": resumed.code === 0 && equal(resumed.stdout, bytes)
      ? ""
      : `curl ended with ${resumed.code} after ${resumed.stdout.byteLength} bytes`,
    "gateway HEAD": length.test(new TextDecoder().decode(head.stdout))
      ? ""
      : new TextDecoder().decode(head.stdout),
    // A server may refuse the request before the gateway does, or build the URL from what it listens to.
    "gateway Host": /[45]\d\d$/.test(new TextDecoder().decode(misled.stdout))
      ? ""
      : `a forged Host leads to ${misled.stdout.byteLength} bytes`,
    "gateway serves on": staying.every(({ stdout }) => equal(stdout, bytes))
      ? ""
      : `after ${MANY} clients that disconnected: ${
        staying.map(({ stdout }) => stdout.byteLength)
      } bytes`,
    "gateway cuts": cut.code !== 0 ? "" : `curl took ${cut.stdout.byteLength} bytes for the whole`,
  };
}

async function bundled(
  runtime: string,
  program: string,
  folder: string,
  flags: readonly string[] = [],
): Promise<string> {
  const name = runtime.replaceAll(/\W/g, "").toLowerCase();
  const entry = `${folder}/${name}.ts`;
  const output = `${folder}/${name}.mjs`;
  const suite = JSON.stringify(`${ROOT}tests/runtimes/suite.ts`);
  await Deno.writeTextFile(entry, `import { handle, runSuite } from ${suite};\n${program}\n`);
  const external = ["--external", "@hono/node-server", ...flags];
  const args = ["bundle", "--config", `${ROOT}deno.json`, ...external, "-o", output, entry];
  await run(folder, [Deno.execPath(), ...args]);
  return output;
}

/** The first response of a server that is just starting. */
async function answered(url: string, child: Deno.ChildProcess): Promise<Response> {
  let ended = false;
  child.status.then(() => ended = true);
  let answer: Response | null = null;
  const isAnswered = async () => {
    if (ended) throw new Error("it has ended");
    answer = await fetch(url).catch(() => null);
    return answer !== null;
  };
  await until(isAnswered, "the server answer");
  const response = answer as Response | null;
  if (response?.ok) return response;
  throw new Error(`${response?.status} ${await response?.text()}`);
}

async function curl(args: readonly string[]): Promise<Deno.CommandOutput> {
  return await new Deno.Command("curl", { args: ["--max-time", "120", ...args] }).output();
}

async function run(cwd: string, [command = "", ...args]: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(command, { args, cwd, stdout: "null" })
    .output();
  if (!success) throw new Error(`${command} ${args[0]}: ${new TextDecoder().decode(stderr)}`);
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && a.every((byte, i) => byte === b[i]);
}

/** A gateway cannot be in a browser. */
function cellOf(error: string | undefined): string {
  if (error === undefined) return "-";
  return error === "" ? "yes" : "no";
}

/** The results as a Markdown table; the README has its summary. */
function tableOf(columns: Readonly<Record<string, Results>>): string {
  const runtimes = Object.keys(columns);
  const checks = [...new Set(Object.values(columns).flatMap((results) => Object.keys(results)))];
  const rows = checks.map((check) =>
    [check, ...runtimes.map((name) => cellOf(columns[name]?.[check]))].join(" | ")
  );
  return [
    ["", ...runtimes].join(" | "),
    ["---", ...runtimes.map(() => "---")].join(" | "),
    ...rows,
  ].map((row) => `| ${row} |`).join("\n");
}
