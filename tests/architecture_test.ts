/** The structure of the code: layers, sizes, names, and which file owns which side effect. */
import { assert, assertEquals } from "@std/assert";
import { libraryPaths, librarySources, testFiles } from "./support/sources.ts";

/**
 * The layers, lowest first. A file may import files of its own layer and of the layers before it.
 * A name that ends with a slash is a folder; `lib/` means the files directly in it.
 */
const LAYERS: readonly (readonly string[])[] = [
  ["lib/"],
  ["lib/http/"],
  ["lib/auth/"],
  ["lib/api/"],
  ["lib/formats/"],
  ["lib/transfer/"],
  ["lib/images/"],
  ["lib/jobs/"],
  ["lib/connect.ts", "lib/cloud.ts"],
  ["mod.ts"],
  ["lib/cache/", "lib/router/", "lib/embedded/", "lib/testing/", "lib/page/", "lib/tracing/"],
  ["lib/cli/"],
];

const MOST_LAYERS = 12;
const MOST_FILES_IN_A_FOLDER = 15;
const MOST_LINES_OF_A_FILE = 300;
const MOST_LINES_OF_A_TEST = 500;
const MOST_LINES_OF_A_CLASS = 160;
const MOST_FIELDS_OF_A_CLASS = 10;

/** Classes above the limits, and why. No class is added; one within the limits is removed. */
const LARGE_CLASSES: Readonly<Record<string, string>> = {};

/** No class exceeds these for any reason. */
const HARD_LIMITS = { lines: 250, fields: 16 };

/** Folders of tests that no folder of lib has. */
const TEST_FOLDERS = [
  "bad_input",
  "bench",
  "contract",
  "guarantees",
  "live",
  "packages",
  "page",
  "runtimes",
  "scenarios",
  "simulation",
  "sockets",
  "support",
];

/** Global names that no declaration of lib may shadow: those of the runtime, and those of a document. */
const GLOBALS = new Set([
  ...Object.getOwnPropertyNames(globalThis),
  ...[
    "Animation",
    "Attr",
    "Comment",
    "Credential",
    "Document",
    "Element",
    "History",
    "Lock",
    "Node",
  ],
  ...["Notification", "Option", "Plugin", "Range", "Screen", "Selection", "Text", "Window"],
]);

const SOURCES = await librarySources();

Deno.test("lib has at most 12 layers and no import of a higher one", () => {
  assert(LAYERS.length <= MOST_LAYERS);
  const upward = SOURCES.flatMap(({ path, imports }) =>
    imports.filter((target) => target.startsWith("lib/") || target === "mod.ts")
      .filter((target) => layerOf(target) > layerOf(path))
      .map((target) => `${path} -> ${target}`)
  );
  assertEquals(upward, []);
});

Deno.test("of the folders above mod.ts and below the command line, only the router imports another one", () => {
  const parts = LAYERS[LAYERS.length - 2] ?? [];
  const partOf = (path: string) => parts.find((part) => path.startsWith(part));
  const importing = SOURCES.flatMap(({ path, imports }) => {
    const own = partOf(path);
    const others = imports.map(partOf).filter((part) => part !== undefined && part !== own);
    return own !== undefined && others.length > 0 ? [own] : [];
  });
  assertEquals([...new Set(importing)], ["lib/router/"]);
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

Deno.test("no code that is imported on demand is shared with the code that is loaded at the start", () => {
  // Bundlers would move the shared code to a file of its own, which costs a request and a tenth of the size.
  const loadedWith = (first: readonly string[]) => {
    const paths = new Set(first);
    for (const path of paths) {
      for (const next of SOURCES.find((source) => source.path === path)?.loaded ?? []) {
        if (next.startsWith("lib/")) paths.add(next);
      }
    }
    return paths;
  };
  const atStart = loadedWith(["mod.ts", "lib/router/mod.ts"]);
  const onDemand = SOURCES.filter(({ path }) => atStart.has(path))
    .flatMap((source) => source.onDemand)
    .filter((path) => path.startsWith("lib/"));
  assert(onDemand.length > 2);
  assertEquals([...loadedWith(onDemand)].filter((path) => atStart.has(path)), []);
});

Deno.test("the simulated clock loads ahead all code that mod.ts imports on demand", () => {
  // It cannot detect that a program waits for code, and reports that the program waits for nothing.
  const reach = (first: string, withOnDemand: boolean) => {
    const paths = new Set([first]);
    for (const path of paths) {
      const source = SOURCES.find((each) => each.path === path);
      const next = [...source?.loaded ?? [], ...withOnDemand ? source?.onDemand ?? [] : []];
      for (const each of next) if (each.startsWith("lib/")) paths.add(each);
    }
    return paths;
  };
  const loaded = reach("lib/testing/clock.ts", false);
  const atStart = reach("mod.ts", false);
  const missing = [...reach("mod.ts", true)].filter((path) =>
    !atStart.has(path) && !loaded.has(path)
  );
  assertEquals(missing, []);
});

/**
 * The files that the embedded Glance shares with the rest: types, and code that does not depend on Glance. Two
 * copies of the code that recognizes ten formats would have the same faults; the differential tests compare it with
 * Glance's own. What follows from a format is decided by the embedded Glance itself.
 */
const SHARED = [
  "lib/api/types.ts",
  "lib/errors.ts",
  "lib/events.ts",
  "lib/formats/image_inspector.ts",
  "lib/formats/types.ts",
  "lib/http/body_budget.ts",
  "lib/http/json.ts",
  "lib/node_builtin.ts",
  "lib/timer.ts",
];

Deno.test("lib/embedded imports nothing from the rest that implements Glance's rules", () => {
  const shared = SOURCES.filter(({ path }) => path.startsWith("lib/embedded/"))
    .flatMap(({ imports }) => imports)
    .filter((target) => target.startsWith("lib/") && !target.startsWith("lib/embedded/"));
  assertEquals([...new Set(shared)].sort(), SHARED);
});

Deno.test("only bounded work is raced: each race adds a record to its promises until they settle", () => {
  assertEquals(pathsWith(/Promise\.race\(/), [
    "lib/cli/http_server/response_writer.ts",
    "lib/http/body_budget.ts",
    "lib/http/on_demand/hedging.ts",
  ]);
});

Deno.test("only the transport calls the injected fetch", () => {
  const callers = pathsWith(/\boptions\.fetch\(/).filter(isCore);
  assertEquals(callers, ["lib/http/transport.ts"]);
});

Deno.test("only the options name the default clocks, random, ids and fetch", () => {
  const named = pathsWith(
    /(?<!typeof )globalThis\.fetch|Math\.random\(|(performance|Date)\.now\b|new Date\(\)|crypto\.(randomUUID|getRandomValues)\(|\bset(Timeout|Interval)\(/,
  );
  // A timer that never rings is not a clock: it keeps the process alive while a worker is awaited.
  assertEquals(named.filter((path) => isCore(path) || path.startsWith("lib/embedded/")), [
    // The names of the temporary files of a gateway, and its name in a bucket, unless an option sets it.
    "lib/cache/stores/directory/directory_store.ts",
    "lib/cache/stores/s3/s3_store.ts",
    "lib/embedded/request/embedded_cloud.ts",
    // Names of files that no response shows.
    "lib/embedded/storage/atomic_file.ts",
    "lib/embedded/storage/directory_recovery.ts",
    "lib/options.ts",
    "lib/timer.ts",
    "lib/transfer/integrity/hash_worker.ts",
  ]);
});

Deno.test("lib uses nothing that Node 20 does not have", () => {
  const missing = [
    /^\s*(?:await )?using \w+ =/m,
    /\b(Array\.fromAsync|Promise\.(withResolvers|try)|(Map|Object)\.groupBy|RegExp\.escape)\(/,
    /\b(Iterator|Float16Array)\b(?=\.)|\.(isSubsetOf|symmetricDifference|toBase64|setFromHex)\(/,
  ];
  assertEquals(missing.flatMap(pathsWith), []);
});

Deno.test("only the router imports Hono", () => {
  const users = SOURCES.filter(({ imports }) => imports.some((name) => name.startsWith("hono")));
  for (const { path } of users) assert(path.startsWith("lib/router/"), path);
});

Deno.test("every file of lib begins with a module comment, is short, and has no any", () => {
  for (const { path, text, code } of SOURCES) {
    assert(text.startsWith("/**"), `${path} does not say what it owns`);
    const lines = text.split("\n").length - 1;
    assert(lines <= MOST_LINES_OF_A_FILE, `${path} has ${lines} lines`);
    assert(!/[:<,|] *any\b|\bas any\b/.test(code), `${path} uses any`);
  }
});

Deno.test("no folder of lib has more than 15 files, with its documents and JSON files", async () => {
  const folders = Map.groupBy(await libraryPaths(), (path) => path.slice(0, path.lastIndexOf("/")));
  for (const [folder, files] of folders) {
    assert(files.length <= MOST_FILES_IN_A_FOLDER, `${folder} has ${files.length} files`);
  }
});

Deno.test("the median file of lib has at most 110 lines", () => {
  const lines = SOURCES.map(({ text }) => text.split("\n").length - 1).sort((a, b) => a - b);
  assert((lines[Math.floor(lines.length / 2)] ?? 0) <= 110);
});

Deno.test("no class of lib exceeds the limits, except those with a reason", () => {
  const large = SOURCES.flatMap(({ path, text }) => {
    return classesOf(text).flatMap(({ name, lines, fields }) => {
      const size = `${name} of ${path} has ${lines} lines and ${fields} fields`;
      assert(lines <= HARD_LIMITS.lines && fields <= HARD_LIMITS.fields, size);
      if (lines <= MOST_LINES_OF_A_CLASS && fields <= MOST_FIELDS_OF_A_CLASS) return [];
      assert(name in LARGE_CLASSES, size);
      return [name];
    });
  });
  // A class that was made smaller needs no reason any more: delete its row.
  assertEquals(large.toSorted(), Object.keys(LARGE_CLASSES).toSorted());
});

/** The classes of a source, with their length and the number of their fields. */
function classesOf(text: string): { name: string; lines: number; fields: number }[] {
  const classes = text.matchAll(/^(?:export )?(?:abstract )?class (\w+)[\s\S]*?^\}/gm);
  return [...classes].map(([all, name = ""]) => ({
    name,
    lines: all.split("\n").length,
    fields:
      all.match(/^ {2}(?:(?:readonly|override|static|declare|private) )*#?\w+[?!]?(?::| =|;)/gm)
        ?.length ?? 0,
  }));
}

Deno.test("files of lib that call themselves pure, and policies, have no state", () => {
  const state =
    /^let |^ {2}(?!override name\b)(?:override )?#?\w+[?!]?(?:: .*)?(?: = .*)?;$|^ {2}readonly #\w+ = new (?:Weak)?(?:Map|Set)/m;
  const stateful = SOURCES.filter(({ path, text }) =>
    / Pure\./.test(text.slice(0, text.indexOf("*/"))) || path.endsWith("_policy.ts")
  ).filter(({ code }) => state.test(code.replaceAll(/^(?:export )?interface [\s\S]*?^\}/gm, "")));
  assertEquals(stateful.map(({ path }) => path), []);
});

Deno.test("classesOf() counts fields of every form, and no methods", () => {
  const code = `export class A extends B {
  readonly #options: Options;
  readonly list: {
    readonly inner: string;
  };
  name?: string;
  override count = 0;
  #closed;
  static readonly ZERO: number = 0;

  constructor(readonly text: string) {}
  get size(): number {
    return 0;
  }
  async #read(): Promise<void> {}
}`;
  assertEquals(classesOf(code), [{ name: "A", lines: 16, fields: 6 }]);
});

Deno.test("no test file has more than 500 lines", async () => {
  for (const { path, text } of await testFiles()) {
    const lines = text.split("\n").length - 1;
    assert(lines <= MOST_LINES_OF_A_TEST, `${path} has ${lines} lines`);
  }
});

Deno.test("the folders of tests mirror those of lib, except those for the whole project", async () => {
  const folderOf = (path: string) => path.slice(path.indexOf("/") + 1, path.lastIndexOf("/"));
  const ofLib = new Set(SOURCES.map(({ path }) => folderOf(path)));
  const stray = (await testFiles()).map(({ path }) => path)
    .filter((path) => path.endsWith("_test.ts") && path.split("/").length > 2)
    .map(folderOf)
    .filter((folder) => !ofLib.has(folder) && !TEST_FOLDERS.includes(folder.split("/")[0] ?? ""));
  assertEquals([...new Set(stray)], []);
});

Deno.test("basenames are unique within a folder of lib and its subfolders", () => {
  const packages = Map.groupBy(SOURCES, ({ path }) => path.split("/").slice(0, 2).join("/"));
  for (const [name, files] of packages) {
    const basenames = files.map(({ path }) => path.slice(path.lastIndexOf("/") + 1))
      .filter((basename) => basename !== "mod.ts");
    assertEquals(basenames.toSorted(), [...new Set(basenames)].toSorted(), name);
  }
});

Deno.test("no two types of lib share a name", () => {
  const owners = new Map<string, string>();
  for (const { path, code } of SOURCES) {
    for (
      const [, name = ""] of code.matchAll(
        /^(?:export )?(?:declare )?(?:abstract )?(?:class|interface|type) (\w+)/gm,
      )
    ) {
      const other = owners.get(name);
      assert(other === undefined || other === path, `${name} is a type of ${other} and of ${path}`);
      owners.set(name, path);
    }
  }
});

Deno.test("no declaration of lib shadows a global name", () => {
  const declared =
    /^(?:export )?(?:declare )?(?:abstract |async )?(?:class|interface|type|const|let|function\*?) (\w+)/gm;
  const shadowed = SOURCES.flatMap(({ path, code }) =>
    [...code.matchAll(declared)].filter(([, name = ""]) => GLOBALS.has(name))
      .map(([text]) => `${path}: ${text}`)
  );
  assertEquals(shadowed, []);
});

/** Parts of larger decisions that tests examine alone. No other file of lib uses them. */
const EXAMINED_ALONE = [
  "actionOf",
  "allCommands",
  "CATALOG_SHARED",
  "cloudInput",
  "decompressZstd",
  "endpointsFromCatalog",
  "ERROR_MEANINGS",
  "findBodyPart",
  "isIdempotentPatch",
  "isMuchSlower",
  "momentText",
  "offeredWords",
  "openApiDocument",
  "ROUTES",
  "runDemo",
  "toRequest",
  "withId",
];

Deno.test("every function, class and constant that lib exports is used by another file of lib, or examined alone", () => {
  const files = SOURCES.map(({ path, code }) => ({
    path,
    names: new Set(code.match(/[A-Za-z_$][\w$]*/g)),
  }));
  const unused = SOURCES.flatMap(({ path, code }) =>
    [...code.matchAll(/^export (?:async )?(?:const|class|function\*?) (\w+)/gm)]
      .map(([, name = ""]) => name)
      .filter((name) => !files.some((file) => file.path !== path && file.names.has(name)))
  );
  const ignoringCase = new Intl.Collator("en").compare;
  assertEquals(unused.toSorted(ignoringCase), EXAMINED_ALONE);
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
  return !/^lib\/(router|page|embedded|cli|testing)\//.test(path);
}

function pathsWith(pattern: RegExp): string[] {
  return SOURCES.filter(({ code }) => pattern.test(code)).map(({ path }) => path);
}
