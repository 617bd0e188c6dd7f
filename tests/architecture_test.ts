/** The house keeps its order: who may import whom, and who owns which side effect. */
import { assert, assertEquals } from "@std/assert";

const ROOT = new URL("../", import.meta.url);

/** A file or folder may import what stands in a row above its own; a folder's files may import each other. */
const RANKS: readonly (readonly string[])[] = [
  [
    "lib/body_budget.ts",
    "lib/node_builtin.ts",
    "lib/context.ts",
    "lib/errors.ts",
    "lib/events.ts",
    "lib/api/types.ts",
    "lib/transfer/types.ts",
  ],
  ["lib/api/wire.ts", "lib/api/metadef_types.ts"],
  ["lib/validate.ts"],
  ["lib/api_server.ts"],
  ["lib/options.ts", "lib/http/cause_hints.ts"],
  [
    "lib/http/deadline.ts",
    "lib/http/retry_policy.ts",
    "lib/http/json.ts",
    "lib/http/response_errors.ts",
    "lib/http/tls_hints.ts",
    "lib/transfer/upload/fixed_length.ts",
  ],
  [
    "lib/http/transport.ts",
    "lib/http/byte_range.ts",
    "lib/transfer/body_reader.ts",
    "lib/transfer/stall_timer.ts",
  ],
  ["lib/auth/"],
  ["lib/api/date.ts"],
  [
    "lib/transfer/integrity/hashing.ts",
    "lib/transfer/integrity/pure_hash.ts",
    "lib/api/translate.ts",
  ],
  ["lib/transfer/integrity/hash_worker.ts"],
  [
    "lib/transfer/integrity/descriptor.ts",
    "lib/transfer/upload/upload_source.ts",
    "lib/api/patch.ts",
    "lib/api/change.ts",
  ],
  ["lib/api/arguments.ts", "lib/api/decode.ts"],
  ["lib/api/operation.ts"],
  ["lib/api/define.ts"],
  [
    "lib/api/operations/images.ts",
    "lib/api/operations/data.ts",
    "lib/api/operations/sharing.ts",
    "lib/api/operations/cloud.ts",
    "lib/api/operations/cache.ts",
    "lib/api/operations/metadefs.ts",
  ],
  ["lib/api/operations/definitions.ts"],
  ["lib/api/operations.ts"],
  [
    "lib/api/query.ts",
    "lib/images/availability.ts",
    "lib/auth/api_servers.ts",
    "lib/auth/token_session.ts",
  ],
  ["lib/http/retry_loop.ts"],
  ["lib/api/client.ts"],
  ["lib/images/listing.ts"],
  ["lib/api/locations.ts", "lib/images/list.ts", "lib/images/edit.ts", "lib/images/visible.ts"],
  ["lib/data/"],
  ["lib/images/"],
  ["lib/jobs/"],
  ["lib/connect.ts"],
  ["mod.ts"],
  ["lib/router/", "lib/local/", "lib/cli/", "lib/testing/"],
];

/** What a file imports or re-exports, statically or not. */
const IMPORTED = /\bfrom\s+"([^"\n]+)"|\bimport\s*\(\s*"([^"\n]+)"/g;

interface Source {
  readonly path: string;
  readonly text: string;
  readonly imports: readonly string[];
}

const SOURCES = await readSources();

Deno.test("No file of lib imports from a layer above its own", () => {
  const upward = SOURCES.flatMap(({ path, imports }) =>
    imports.filter((target) => target.startsWith("lib/") || target === "mod.ts")
      .filter((target) => rankOf(target) > rankOf(path))
      .map((target) => `${path} -> ${target}`)
  );
  assertEquals(upward, []);
});

Deno.test("No two files of lib import each other, by whatever way", () => {
  const graph = new Map(SOURCES.map(({ path, imports }) => [path, imports]));
  const done = new Set<string>();
  const visit = (path: string, above: readonly string[]): void => {
    assert(!above.includes(path), `a cycle: ${[...above, path].join(" -> ")}`);
    if (done.has(path)) return;
    for (const target of graph.get(path) ?? []) visit(target, [...above, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
});

Deno.test("The core imports nothing from outside lib", () => {
  const seen = new Set<string>();
  const queue = ["mod.ts"];
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    for (const target of SOURCES.find((source) => source.path === path)?.imports ?? []) {
      assert(target.startsWith("lib/"), `${path} imports ${target}`);
      queue.push(target);
    }
  }
  assert(seen.size > 20);
});

/** What the embedded Glance has in common with the rest: words, and what knows nothing of Glance. */
const SHARED = ["lib/body_budget.ts", "lib/events.ts", "lib/api/types.ts"];

Deno.test("The embedded Glance shares nothing with the rest that knows what Glance does", () => {
  const shared = SOURCES.filter(({ path }) => path.startsWith("lib/local/"))
    .flatMap(({ imports }) => imports)
    .filter((target) => target.startsWith("lib/") && !target.startsWith("lib/local/"));
  assertEquals([...new Set(shared)].sort(), SHARED);
});

Deno.test("Only the transport calls the injected fetch", () => {
  const callers = pathsWith(/\boptions\.fetch\(/).filter(isCore);
  assertEquals(callers, ["lib/http/transport.ts"]);
});

Deno.test("Only the options name the default clock, random and fetch", () => {
  const named = pathsWith(
    /globalThis\.fetch|Math\.random\(|performance\.now\(|\bset(Timeout|Interval)\(/,
  );
  // A timer that never rings is no clock: it keeps the process alive while a thread is waited for.
  assertEquals(named.filter(isCore), ["lib/transfer/integrity/hash_worker.ts", "lib/options.ts"]);
});

Deno.test("Only what Deno alone runs has syntax that Node 20 does not know", () => {
  const users = pathsWith(/^\s*(?:await )?using \w+ =/m);
  for (const path of users) assert(path.startsWith("lib/cli/"), path);
});

Deno.test("Only what serves imports Hono", () => {
  const users = SOURCES.filter(({ imports }) => imports.some((name) => name.startsWith("hono")));
  for (const { path } of users) assert(/^lib\/(router|local|cli)\//.test(path), path);
});

Deno.test("Every file of lib says what it owns, in at most 300 lines and without any", () => {
  for (const { path, text } of SOURCES) {
    assert(text.startsWith("/**"), `${path} does not say what it owns`);
    assert(text.split("\n").length <= 301, `${path} has ${text.split("\n").length} lines`);
    assert(!/[:<,|] *any\b|\bas any\b/.test(withoutComments(text)), `${path} uses any`);
  }
});

function rankOf(path: string): number {
  const exact = RANKS.findIndex((row) => row.includes(path));
  const rank = exact >= 0
    ? exact
    : RANKS.findIndex((row) => row.some((name) => name.endsWith("/") && path.startsWith(name)));
  assert(rank >= 0, `${path} has no rank`);
  return rank;
}

function isCore(path: string): boolean {
  return !/^lib\/(router|local|cli|testing)\//.test(path);
}

function pathsWith(pattern: RegExp): string[] {
  return SOURCES.filter(({ text }) => pattern.test(withoutComments(text))).map(({ path }) => path);
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
}

async function readSources(): Promise<Source[]> {
  const paths = ["mod.ts", ...await pathsBelow("lib/")].sort();
  return await Promise.all(paths.map(async (path) => {
    const text = await Deno.readTextFile(new URL(path, ROOT));
    const names = [...withoutComments(text).matchAll(IMPORTED)].map(([, a, b]) => a ?? b ?? "");
    return { path, text, imports: names.map((name) => resolved(path, name)) };
  }));
}

function resolved(path: string, name: string): string {
  if (!name.startsWith(".")) return name;
  return new URL(name, new URL(path, ROOT)).pathname.slice(ROOT.pathname.length);
}

async function pathsBelow(folder: string): Promise<string[]> {
  const paths: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(new URL(folder, ROOT))) {
    if (isDirectory) paths.push(...await pathsBelow(`${folder}${name}/`));
    else if (name.endsWith(".ts")) paths.push(folder + name);
  }
  return paths;
}
