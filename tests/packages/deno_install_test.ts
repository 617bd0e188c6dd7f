/** The commands that Deno installs and compiles, as the README of the command line describes. */
import { assert, assertEquals } from "@std/assert";
import configuration from "../../deno.json" with { type: "json" };
import { documentText, fencedBlocks, ROOT } from "../support/snippets.ts";

Deno.test("`deno install -g` of the README makes a command that runs everywhere", async () => {
  const blocks = fencedBlocks(await documentText("lib/cli/README.md"), "text");
  const [block = ""] = blocks.filter((text) => text.startsWith("deno install"));
  const root = await Deno.makeTempDir({ prefix: "glance-install-" });
  try {
    const script = [
      block,
      `cd '${root}' && bin/glance-edge version && bin/glance-edge help image-list | head -n 1`,
    ].join("\n");
    const { stdout, stderr } = await new Deno.Command("bash", {
      args: ["-euc", script],
      cwd: ROOT.pathname,
      env: {
        DENO_INSTALL_ROOT: root,
        // What is installed starts `deno`.
        PATH: `${await folderWithDeno(root)}:${Deno.env.get("PATH")}`,
      },
    }).output();
    const text = new TextDecoder().decode(stdout);
    const [version, usage] = text.trim().split("\n").slice(-2);
    assertEquals(version, configuration.version, new TextDecoder().decode(stderr));
    assertEquals(usage?.startsWith("usage: glance-edge image-list"), true);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("`deno compile` of the README puts all commands and their packages into the program", async () => {
  const blocks = fencedBlocks(await documentText("lib/cli/README.md"), "text");
  const [block = ""] = blocks.filter((text) => text.startsWith("deno compile"));
  const root = await Deno.makeTempDir({ prefix: "glance-compile-" });
  try {
    const { stderr, success } = await new Deno.Command("bash", {
      args: ["-euc", block.replace("-o glance-edge", `-o '${root}/glance-edge'`)],
      cwd: ROOT.pathname,
      env: {
        // The part that runs the program, denort, would be downloaded.
        DENORT_BIN: Deno.execPath(),
        NO_COLOR: "1",
        PATH: `${await folderWithDeno(root)}:${Deno.env.get("PATH")}`,
      },
    }).output();
    const text = new TextDecoder().decode(stderr);
    assert(success, text);
    // Without `--include lib`, only 38 files of the start are in the program.
    for (const name of ["lib/*", "hono/", "yaml/", "fzstd/", "xz-decompress/"]) {
      assert(text.includes(`── ${name}`), `${name}: ${text}`);
    }
    assert((await Deno.stat(`${root}/glance-edge`)).size > 0);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

/** A folder in which this Deno is called `deno`. */
async function folderWithDeno(parent: string): Promise<string> {
  const folder = `${parent}/deno`;
  await Deno.mkdir(folder);
  await Deno.symlink(Deno.execPath(), `${folder}/deno`);
  return folder;
}
