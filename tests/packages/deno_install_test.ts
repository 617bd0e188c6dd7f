/** The command that Deno installs, as the README of the command line describes. */
import { assertEquals } from "@std/assert";
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

/** A folder in which this Deno is called `deno`. */
async function folderWithDeno(parent: string): Promise<string> {
  const folder = `${parent}/deno`;
  await Deno.mkdir(folder);
  await Deno.symlink(Deno.execPath(), `${folder}/deno`);
  return folder;
}
