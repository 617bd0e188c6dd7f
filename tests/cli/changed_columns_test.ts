/** --column of commands that change something: checked before the change, for every command. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { COMMANDS } from "../../lib/cli/command_table.ts";
import { isColumnOf } from "../../lib/cli/output/formats.ts";
import { files, prepared, ROWS, words } from "./every_command.ts";

/** The lines of commands that change something, or write a file. */
const CHANGES = Object.entries(ROWS).filter(([line, requests]) =>
  requests.some((request) => !request.startsWith("GET ")) || line.includes("--file")
).map(([line]) => line);

Deno.test("--column of an unknown column fails before a command changes anything", async (t) => {
  // The columns are checked before it signs in to the target.
  for (const line of [...CHANGES, "image-copy {disk} --to-region There"]) {
    await t.step(line, async () => {
      const { harness, requests } = await prepared();
      const held = files();
      const { code, stdout, stderr } = await harness.run([...words(line), "-c", "nope"], {
        files: held,
      });
      assertEquals([code, stdout], [2, ""]);
      assertEquals(/^Cannot (show the column "nope"|use --column: )/.test(stderr), true, stderr);
      assertEquals(requests.filter((request) => !request.startsWith("GET ")), []);
      assertEquals([...held.content.keys()], [...files().content.keys()]);
    });
  }
});

Deno.test("--column accepts every column that a command prints after a change", async (t) => {
  for (const line of CHANGES) {
    await t.step(line, async () => {
      const [name = ""] = line.split(" ");
      const { output } = await COMMANDS.find((one) => one.name === name)!.load();
      const { harness } = await prepared();
      const { code, stdout } = await harness.run([...words(line), "-f", "json"], {
        files: files(),
      });
      assertEquals(code, 0);
      if (output!.columns.length === 0) {
        // image-download prints data.
        assertEquals(stdout.startsWith("{") || stdout.startsWith("["), false);
        return;
      }
      const printed = Object.keys([JSON.parse(stdout)].flat()[0]);
      assertEquals(printed.filter((column) => !isColumnOf(output!.columns, column)), []);
    });
  }
});

Deno.test("--column accepts the properties of a new and of an existing image", async () => {
  const { harness } = await prepared();
  const run = async (line: string) => {
    const { code, stdout, stderr } = await harness.run(words(line), { files: files() });
    assertEquals([code, stderr], [0, ""]);
    return stdout;
  };
  const made = "image-create --id {fresh} --name fresh --property color=red -f value -c color";
  assertEquals(await run(made), "red\n");
  assertEquals(await run("image-update {fresh} --min-ram 1 -c color -f value"), "red\n");
  assertEquals(await run("image-update {fresh} --property a=b -c a -f value"), "b\n");
});

Deno.test("--column prints a column that the result lacks as empty", async () => {
  const { harness } = await prepared();
  const line = "image-update {disk} --min-ram 1 -f value -c deleted_at -c min_ram";
  const { code, stdout } = await harness.run(words(line), { files: files() });
  assertEquals([code, stdout], [0, "1\nNone\n"]);
});

Deno.test("--column of a command that prints no table names the command", async () => {
  const { harness } = await prepared();
  const { stderr } = await harness.run(words("image-delete {disk} -c id"));
  assertStringIncludes(
    stderr,
    'Cannot use --column: "image-delete" prints no table; leave it out\n',
  );
});
