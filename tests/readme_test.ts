/** The programs and commands in the documents run, and the names in them exist. */
import { assert, assertEquals } from "@std/assert";
import { resolveOptions } from "../lib/options.ts";
import {
  documentPaths,
  documentText,
  fencedBlocks,
  Playground,
  programsOf,
  ROOT,
} from "./support/snippets.ts";
import { librarySources, testFiles } from "./support/sources.ts";

const README = await documentText("README.md");

const DOCUMENTS = await Promise.all(
  (await documentPaths()).map(async (path) => ({ path, text: await documentText(path) })),
);

Deno.test("every TypeScript block of the documents has the right types", async () => {
  await using playground = await Playground.create();
  await playground.check(DOCUMENTS.flatMap(({ path, text }) => programsOf(path, text)));
});

for (const { path, text } of DOCUMENTS) {
  const programs = programsOf(path, text);
  const commands = fencedBlocks(text, "sh");

  if (programs.length > 0) {
    Deno.test(`every TypeScript block of ${path} runs`, async (t) => {
      await using playground = await Playground.create();
      for (const program of programs) {
        await t.step(program.name, () => playground.runProgram(program));
      }
      if (path !== "README.md") return;
      assertEquals(await playground.written("sample.img"), "sample bytes");
    });
  }

  if (commands.length > 0) {
    Deno.test(`the commands of ${path} run as they are written`, async () => {
      await using playground = await Playground.create();
      const printed = await playground.runShell(commands);
      if (path !== "README.md") return;
      assert(printed.includes("sample"));
      assertEquals(await playground.written("glance-edge/disk.copy"), README);
    });
  }
}

Deno.test("the documents name only tasks that exist", async () => {
  const { tasks } = JSON.parse(await documentText("deno.json"));
  for (const path of await documentPaths()) {
    const text = await documentText(path);
    for (const [, name = ""] of text.matchAll(/\bdeno(?:@[\d.]+)?\s+task\s+([a-z][\w:]*)/g)) {
      assert(Object.hasOwn(tasks, name), `${path} names the task "${name}"`);
    }
  }
});

Deno.test("the table of errors of lib/README.md has every error class", async () => {
  const { GlanceError, ...others } = await import("../lib/errors.ts");
  const classes = Object.entries(others)
    .filter(([, value]) => typeof value === "function" && value.prototype instanceof GlanceError)
    .map(([name]) => name);
  const rows = sectionOf(await documentText("lib/README.md"), "Errors").matchAll(/^\| (`.*?) \|/gm);
  const named = [...rows].flatMap(([, cell = ""]) => cell.match(/\w+/g) ?? []);
  assertEquals(named.toSorted(), classes.toSorted());
});

Deno.test("the table of options of lib/README.md has every option of resolveOptions()", async () => {
  const section =
    sectionOf(await documentText("lib/README.md"), "Options").split("\n| method")[0] ?? "";
  const cells = [...section.matchAll(/^\| (`.*?) \|/gm)].map(([, cell = ""]) => cell);
  const named = cells.flatMap((cell) => cell.match(/\w+/g) ?? []);
  const options = Object.keys(resolveOptions());
  assertEquals(named.toSorted(), options.toSorted());
});

function sectionOf(text: string, heading: string): string {
  return text.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
}

Deno.test("every path of the repository that a document names exists", async () => {
  const missing: string[] = [];
  for (const document of await documentPaths()) {
    const text = await documentText(document);
    for (
      const [, path = ""] of text.matchAll(/(?<![\w-])((?:lib|tests|\.github|\.ci)\/[\w/.-]*\w)/g)
    ) {
      if (!await exists(new URL(path, ROOT))) missing.push(`${document}: ${path}`);
    }
  }
  assertEquals(missing, []);
});

Deno.test("every file name in code style of a document exists in lib or tests", async () => {
  const paths = [...(await librarySources()), ...(await testFiles())].map(({ path }) => path);
  const names = new Set(paths.map((path) => path.slice(path.lastIndexOf("/") + 1)));
  const missing: string[] = [];
  for (const document of await documentPaths()) {
    for (const [, name = ""] of (await documentText(document)).matchAll(/`(\w+\.tsx?)`/g)) {
      if (!names.has(name)) missing.push(`${document}: ${name}`);
    }
  }
  assertEquals(missing, []);
});

Deno.test("README.md has at most 200 lines", () => {
  assert(README.split("\n").length <= 201);
});

async function exists(url: URL): Promise<boolean> {
  return await Deno.stat(url).then(() => true, () => false);
}

Deno.test("every relative link of a document leads to a file, and to a heading of it", async () => {
  const paths = await documentPaths();
  assert(paths.includes("README.md"));
  const broken: string[] = [];
  for (const path of paths) {
    for (const [, link = ""] of (await documentText(path)).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(link)) continue;
      if (!await resolves(path, link)) broken.push(`${path}: ${link}`);
    }
  }
  assertEquals(broken, []);
});

async function resolves(path: string, link: string): Promise<boolean> {
  const url = new URL(link, new URL(path, ROOT));
  const anchor = url.hash.slice(1);
  url.hash = "";
  if (!await exists(url)) return false;
  if (anchor === "") return true;
  const headings = (await Deno.readTextFile(url)).matchAll(/^#+ (.+)$/gm);
  return [...headings].some(([, heading = ""]) => anchorOf(heading) === anchor);
}

/** The anchor that GitHub gives a heading. */
function anchorOf(heading: string): string {
  return heading.toLowerCase().replaceAll(/[^\w\- ]/g, "").replaceAll(" ", "-");
}
