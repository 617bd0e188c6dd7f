import { assert, assertEquals, assertFalse } from "@std/assert";
import * as fc from "fast-check";
import { commandsFor, fileNameFor } from "../../../../lib/page/browser/details/commands.ts";

const ID = "7f1c0b5f-d2c8-4d6c-8f8b-7f4b30a7d3e1";

Deno.test("fileNameFor() makes names that need no quotes in a shell", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme" }), fc.string(), (name, format) => {
    const file = fileNameFor({ id: ID, name, format });
    assert(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,111}$/.test(file), file);
  }));
  assertEquals(fileNameFor({ id: ID, name: "My disk", format: "qcow2" }), "My-disk.qcow2");
  assertEquals(fileNameFor({ id: ID, name: "disk.iso", format: "iso" }), "disk.iso");
  assertEquals(fileNameFor({ id: ID, name: "../../etc", format: null }), "etc.img");
  assertEquals(fileNameFor({ id: ID, name: null, format: "raw" }), `${ID}.raw`);
});

Deno.test("commandsFor() has a token in a variable only if one is needed, and never its value", () => {
  const input = { endpoint: "https://gw", id: ID, name: "x", format: "raw" };
  for (const needsToken of [true, false]) {
    const commands = commandsFor({ ...input, needsToken });
    assertEquals(commands.map(([program]) => program), ["curl", "glance", "openstack", "Deno"]);
    for (const [program, text] of commands) {
      assert(text.includes("https://gw") && text.includes(ID), text);
      assertEquals(text.includes("$OS_TOKEN"), needsToken && program !== "Deno");
    }
  }
});

Deno.test("commandsFor() shows no value of the name that a shell or a script would evaluate", () => {
  const name = "$(reboot) `id`; '\" ${x}";
  for (
    const [, text] of commandsFor({
      endpoint: "https://gw",
      id: ID,
      name,
      format: "$(x)",
      needsToken: false,
    })
  ) {
    assertFalse(/\$\(|`|;.*reboot|\$\{/.test(text.replaceAll(";\n", "\n")), text);
  }
});
