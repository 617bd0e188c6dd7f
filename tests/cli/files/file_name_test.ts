import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { pathWithSuffix } from "../../../lib/cli/files/file_name.ts";

Deno.test("pathWithSuffix() appends the suffix when the name has space for it", () => {
  const longest = "n".repeat(235);
  assertEquals(pathWithSuffix("x", ".part"), "x.part");
  assertEquals(pathWithSuffix(`${"d".repeat(300)}/x`, ".part"), `${"d".repeat(300)}/x.part`);
  assertEquals(pathWithSuffix(longest, ".part"), `${longest}.part`);
});

Deno.test("pathWithSuffix() replaces the end of a long name by its checksum", () => {
  const paths = [
    "n".repeat(236),
    `a/${"n".repeat(255)}`,
    `a/${"n".repeat(254)}m`,
    `${"é".repeat(127)}n`,
  ];
  for (const path of paths) {
    const result = pathWithSuffix(path, ".part");
    const [directory] = /^.*\//.exec(path) ?? [""];
    const name = result.slice(directory.length);
    assert(result.startsWith(directory), result);
    assert(/^(n+|é+)-[0-9a-f]{8}\.part$/.test(name), name);
    const bytes = new TextEncoder().encode(name).byteLength;
    assert(bytes <= 240 && bytes > 236, String(bytes));
    assertEquals(pathWithSuffix(path, ".part"), result);
  }
  assertNotEquals(pathWithSuffix(paths[1] ?? "", ".part"), pathWithSuffix(paths[2] ?? "", ".part"));
});
