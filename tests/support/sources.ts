/** The sources and documents of the project, for the tests of its structure and its language. */

/** The root of the repository. */
const ROOT = new URL("../../", import.meta.url);

/** Static and dynamic imports, and re-exports. */
const IMPORTED = /\bfrom\s+"([^"\n]+)"|\bimport\s*\(\s*"([^"\n]+)"/g;

/** Static imports and re-exports of more than types. */
const LOADED = /^(?:import|export) (?!type )[^;"]*? from "([^"\n]+)"|^import "([^"\n]+)"/gm;

/** Dynamic imports. */
const ON_DEMAND = /\bimport\s*\(\s*"([^"\n]+)"/g;

/** A file, with its path from the root. */
export interface TextFile {
  readonly path: string;
  readonly text: string;
}

/** A TypeScript file. */
export interface Source extends TextFile {
  /** The text without comments. */
  readonly code: string;
  /** Paths from the root, or bare specifiers. */
  readonly imports: readonly string[];
  /** Those that are loaded together with it. */
  readonly loaded: readonly string[];
  /** Those that it imports on demand. */
  readonly onDemand: readonly string[];
}

/** `mod.ts` and the files of lib. */
export async function librarySources(): Promise<Source[]> {
  return (await filesOf(["mod.ts", ...await pathsBelow("lib/", ".ts", ".tsx")])).map(
    ({ path, text }) => {
      const code = withoutComments(text);
      const named = (pattern: RegExp) =>
        [...code.matchAll(pattern)].map(([, a, b]) => resolved(path, a ?? b ?? ""));
      const [imports, loaded, onDemand] = [named(IMPORTED), named(LOADED), named(ON_DEMAND)];
      return { path, text, code, imports, loaded, onDemand };
    },
  );
}

/** The paths of all files of lib. */
export async function libraryPaths(): Promise<string[]> {
  return await pathsBelow("lib/", "");
}

/** The TypeScript files of tests. */
export async function testFiles(): Promise<TextFile[]> {
  return await filesOf(await pathsBelow("tests/", ".ts"));
}

/** README.md and the documents next to the code. */
export async function documents(): Promise<TextFile[]> {
  const below = await Promise.all(["lib/", "tests/", ".github/"].map((f) => pathsBelow(f, ".md")));
  return await filesOf(["README.md", ...below.flat()]);
}

async function filesOf(paths: readonly string[]): Promise<TextFile[]> {
  return await Promise.all(
    paths.toSorted().map(async (path) => ({
      path,
      text: await Deno.readTextFile(new URL(path, ROOT)),
    })),
  );
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
}

function resolved(path: string, name: string): string {
  if (!name.startsWith(".")) return name;
  return new URL(name, new URL(path, ROOT)).pathname.slice(ROOT.pathname.length);
}

async function pathsBelow(folder: string, ...endings: readonly string[]): Promise<string[]> {
  const paths: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(new URL(folder, ROOT))) {
    if (isDirectory) paths.push(...await pathsBelow(`${folder}${name}/`, ...endings));
    else if (endings.some((ending) => name.endsWith(ending))) paths.push(folder + name);
  }
  return paths;
}
