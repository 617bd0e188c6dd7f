/** The structure of the code: layers, sizes, names, and which file owns which side effect. */
import { assert, assertEquals } from "@std/assert";

const ROOT = new URL("../", import.meta.url);

/**
 * The layers, lowest first. A file may import files of its own layer and of the layers before it.
 * A name that ends with a slash is a folder; `lib/` means the files directly in it.
 */
const LAYERS: readonly (readonly string[])[] = [
  ["lib/"],
  ["lib/http/"],
  ["lib/auth/"],
  ["lib/api/"],
  ["lib/transfer/"],
  ["lib/images/"],
  ["lib/jobs/"],
  ["lib/connect.ts", "lib/cloud.ts"],
  ["mod.ts"],
  ["lib/router/", "lib/embedded/", "lib/testing/"],
  ["lib/cli/"],
];

const MOST_FILES_IN_A_FOLDER = 15;
const MOST_LINES_OF_A_FILE = 300;
const MOST_LINES_OF_A_CLASS = 250;
const MOST_FIELDS_OF_A_CLASS = 16;

/** Global types that no type of lib may shadow. */
const GLOBAL_TYPES = ["Request", "Response", "File", "Location", "Event", "Range", "Node", "Cache"];

/** Words that the text of the project avoids; CONTRIBUTING says what to write instead. */
const BANNED =
  /\b(newcomers?|anew|whoever|nobody|somebody|for ever|ways? out|at the most|is told|he|his|him)\b/i;

/** Static and dynamic imports, and re-exports. */
const IMPORTED = /\bfrom\s+"([^"\n]+)"|\bimport\s*\(\s*"([^"\n]+)"/g;

interface Source {
  readonly path: string;
  readonly text: string;
  /** The text without comments. */
  readonly code: string;
  readonly imports: readonly string[];
}

const SOURCES = await readSources();

Deno.test("lib has at most 12 layers and no import of a higher one", () => {
  assert(LAYERS.length <= 12);
  const upward = SOURCES.flatMap(({ path, imports }) =>
    imports.filter((target) => target.startsWith("lib/") || target === "mod.ts")
      .filter((target) => layerOf(target) > layerOf(path))
      .map((target) => `${path} -> ${target}`)
  );
  assertEquals(upward, []);
});

Deno.test("lib has no import cycle", () => {
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

Deno.test("mod.ts and what it imports import nothing from outside lib", () => {
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

/** The files that the embedded Glance shares with the rest: types, and code that does not depend on Glance. */
const SHARED = ["lib/api/types.ts", "lib/body_budget.ts", "lib/events.ts", "lib/timer.ts"];

Deno.test("lib/embedded shares nothing with the rest that knows what Glance does", () => {
  const shared = SOURCES.filter(({ path }) => path.startsWith("lib/embedded/"))
    .flatMap(({ imports }) => imports)
    .filter((target) => target.startsWith("lib/") && !target.startsWith("lib/embedded/"));
  assertEquals([...new Set(shared)].sort(), SHARED);
});

Deno.test("only the transport calls the injected fetch", () => {
  const callers = pathsWith(/\boptions\.fetch\(/).filter(isCore);
  assertEquals(callers, ["lib/http/transport.ts"]);
});

Deno.test("only the options name the default clock, random and fetch", () => {
  const named = pathsWith(
    /(?<!typeof )globalThis\.fetch|Math\.random\(|performance\.now\(|\bset(Timeout|Interval)\(/,
  );
  // A timer that never rings is not a clock: it keeps the process alive while a worker is awaited.
  assertEquals(named.filter((path) => isCore(path) || path.startsWith("lib/embedded/")), [
    "lib/options.ts",
    "lib/timer.ts",
    "lib/transfer/integrity/hash_worker.ts",
  ]);
});

Deno.test("only lib/cli has syntax that Node 20 does not know", () => {
  const users = pathsWith(/^\s*(?:await )?using \w+ =/m);
  for (const path of users) assert(path.startsWith("lib/cli/"), path);
});

Deno.test("only the router, the embedded server and the CLI import Hono", () => {
  const users = SOURCES.filter(({ imports }) => imports.some((name) => name.startsWith("hono")));
  for (const { path } of users) assert(/^lib\/(router|embedded|cli)\//.test(path), path);
});

Deno.test("every file of lib begins with what it owns, is short and does without any", () => {
  for (const { path, text, code } of SOURCES) {
    assert(text.startsWith("/**"), `${path} does not say what it owns`);
    const lines = text.split("\n").length - 1;
    assert(lines <= MOST_LINES_OF_A_FILE, `${path} has ${lines} lines`);
    assert(!/[:<,|] *any\b|\bas any\b/.test(code), `${path} uses any`);
  }
});

Deno.test("no folder of lib has more than 15 files", () => {
  const folders = Map.groupBy(SOURCES, ({ path }) => path.slice(0, path.lastIndexOf("/")));
  for (const [folder, files] of folders) {
    assert(files.length <= MOST_FILES_IN_A_FOLDER, `${folder} has ${files.length} files`);
  }
});

Deno.test("no class of lib has more than 250 lines or 16 fields", () => {
  for (const { path, text } of SOURCES) {
    for (
      const [all = "", name = ""] of text.matchAll(
        /^(?:export )?(?:abstract )?class (\w+)[\s\S]*?^\}/gm,
      )
    ) {
      const lines = all.split("\n").length;
      const fields = [...all.matchAll(
        /^ {2}(?:readonly )?(?:override )?#?\w+[?!]?(?:: [^()=]*?[^(]*)?(?: = [\s\S]*?)?;$/gm,
      )].length;
      assert(lines <= MOST_LINES_OF_A_CLASS, `${name} of ${path} has ${lines} lines`);
      assert(fields <= MOST_FIELDS_OF_A_CLASS, `${name} of ${path} has ${fields} fields`);
    }
  }
});

Deno.test("basenames are unique within a folder of lib and its subfolders", () => {
  const packages = Map.groupBy(SOURCES, ({ path }) => path.split("/").slice(0, 2).join("/"));
  for (const [name, files] of packages) {
    const basenames = files.map(({ path }) => path.slice(path.lastIndexOf("/") + 1))
      .filter((basename) => basename !== "mod.ts");
    assertEquals(basenames.toSorted(), [...new Set(basenames)].toSorted(), name);
  }
});

Deno.test("no two types of lib share a name, and none hides one of the platform", () => {
  const owners = new Map<string, string>();
  for (const { path, code } of SOURCES) {
    for (
      const [, name = ""] of code.matchAll(
        /^(?:export )?(?:declare )?(?:abstract )?(?:class|interface|type) (\w+)/gm,
      )
    ) {
      assert(!GLOBAL_TYPES.includes(name), `${name} of ${path} hides a type of the platform`);
      const other = owners.get(name);
      assert(other === undefined || other === path, `${name} is a type of ${other} and of ${path}`);
      owners.set(name, path);
    }
  }
});

Deno.test("no text of lib, the README or the documents uses a banned word", async () => {
  const documents = await Promise.all(
    (await documentPaths()).map(async (path) => ({
      path,
      text: await Deno.readTextFile(new URL(path, ROOT)),
    })),
  );
  const found = [...SOURCES, ...documents].flatMap(({ path, text }) =>
    text.split("\n").flatMap((line, i) => {
      const word = BANNED.exec(line)?.[0];
      return word === undefined ? [] : [`${path}:${i + 1}: "${word}"`];
    })
  );
  assertEquals(found, []);
});

function layerOf(path: string): number {
  const exact = LAYERS.findIndex((row) => row.includes(path));
  if (exact >= 0) return exact;
  const folder = path.split("/").length === 2
    ? "lib/"
    : `${path.split("/").slice(0, 2).join("/")}/`;
  const layer = LAYERS.findIndex((row) => row.includes(folder));
  assert(layer >= 0, `${path} belongs to no layer`);
  return layer;
}

function isCore(path: string): boolean {
  return !/^lib\/(router|embedded|cli|testing)\//.test(path);
}

function pathsWith(pattern: RegExp): string[] {
  return SOURCES.filter(({ code }) => pattern.test(code)).map(({ path }) => path);
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
}

async function readSources(): Promise<Source[]> {
  const paths = ["mod.ts", ...await pathsBelow("lib/", ".ts")].sort();
  return await Promise.all(paths.map(async (path) => {
    const text = await Deno.readTextFile(new URL(path, ROOT));
    const code = withoutComments(text);
    const names = [...code.matchAll(IMPORTED)].map(([, a, b]) => a ?? b ?? "");
    return { path, text, code, imports: names.map((name) => resolved(path, name)) };
  }));
}

async function documentPaths(): Promise<string[]> {
  return [
    "README.md",
    ...await pathsBelow("lib/", ".md"),
    ...await pathsBelow("tests/", ".md"),
    ...await pathsBelow(".github/", ".md"),
  ];
}

function resolved(path: string, name: string): string {
  if (!name.startsWith(".")) return name;
  return new URL(name, new URL(path, ROOT)).pathname.slice(ROOT.pathname.length);
}

async function pathsBelow(folder: string, ending: string): Promise<string[]> {
  const paths: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(new URL(folder, ROOT))) {
    if (isDirectory) paths.push(...await pathsBelow(`${folder}${name}/`, ending));
    else if (name.endsWith(ending)) paths.push(folder + name);
  }
  return paths;
}
