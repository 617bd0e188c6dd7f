/** The documents say only what is true: their programs and commands run, and their names exist. */
import { assert, assertEquals } from "@std/assert";
import { operationTable } from "./images/operation_table.ts";
import { documentPaths, documentText, fencedBlocks, Playground, ROOT } from "./support/snippets.ts";

/** Documents whose `ts` and `sh` blocks run. */
const RUNNABLE = ["README.md", "lib/embedded/README.md", "lib/router/README.md"];

const README = await documentText("README.md");

for (const path of RUNNABLE) {
  Deno.test(`every TypeScript block of ${path} checks and runs`, async (t) => {
    await using playground = await Playground.create();
    for (const [i, code] of fencedBlocks(await documentText(path), "ts").entries()) {
      await t.step(`block ${i + 1}`, () => playground.runProgram(code));
    }
    if (path === "README.md") assertEquals(await playground.written("sample.img"), "sample bytes");
  });

  Deno.test(`the commands of ${path} run as they are written`, async () => {
    const blocks = fencedBlocks(await documentText(path), "sh");
    if (blocks.length === 0) return;
    await using playground = await Playground.create();
    const printed = await playground.runShell(blocks);
    if (path !== "README.md") return;
    assert(printed.includes("sample"));
    assertEquals(await playground.written("glance-edge/disk.copy"), README);
  });
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

Deno.test("the README's table of errors names only errors that exist", async () => {
  const face: Readonly<Record<string, unknown>> = await import("../mod.ts");
  const rows = README.split("## Errors")[1]?.split("\n## ")[0] ?? "";
  const named = [...rows.matchAll(/^\| (.*?) \|/gm)].flatMap(([, cell]) =>
    cell?.match(/`\w+`/g) ?? []
  );
  assert(named.length > 10);
  for (const name of named) assert(name.slice(1, -1) in face, `there is no ${name}`);
});

Deno.test("the README's table of operations is what operationTable() makes", () => {
  const section = README.split("## Operations")[1]?.split("\n## ")[0] ?? "";
  const rows = [...section.matchAll(/^\|.*\|$/gm)].map(([line]) => squeezed(line));
  assertEquals(rows, operationTable().split("\n").map(squeezed));
});

/** A line of a table without what pads its cells. */
function squeezed(line: string): string {
  return line.replaceAll(/ {2,}/g, " ").replaceAll(/-{3,}/g, "---");
}

Deno.test("every relative link of a document leads to a file, and to a heading of it", async () => {
  const paths = await documentPaths();
  assert(paths.includes("README.md"));
  const broken: string[] = [];
  for (const path of paths) {
    for (const [, link = ""] of (await documentText(path)).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(link)) continue;
      if (!await leadsSomewhere(path, link)) broken.push(`${path}: ${link}`);
    }
  }
  assertEquals(broken, []);
});

async function leadsSomewhere(path: string, link: string): Promise<boolean> {
  const url = new URL(link, new URL(path, ROOT));
  const anchor = url.hash.slice(1);
  url.hash = "";
  const info = await Deno.stat(url).catch(() => null);
  if (info === null || anchor === "") return info !== null;
  const headings = (await Deno.readTextFile(url)).matchAll(/^#+ (.+)$/gm);
  return [...headings].some(([, heading = ""]) => anchorOf(heading) === anchor);
}

/** The anchor that GitHub gives a heading. */
function anchorOf(heading: string): string {
  return heading.toLowerCase().replaceAll(/[^\w\- ]/g, "").replaceAll(" ", "-");
}
