import { assertEquals } from "@std/assert";
import { OPERATIONS } from "../../lib/api/mod.ts";
import { operationsReadme, README, SECTIONS } from "./operation_table.ts";

Deno.test("`deno task docs:operations` writes lib/api/README.md", async () => {
  assertEquals(await Deno.readTextFile(README), operationsReadme());
});

Deno.test("lib/api/README.md lists every operation once", () => {
  const listed = SECTIONS.flatMap(([, operations]) => Object.keys(operations));
  assertEquals(listed.toSorted(), Object.keys(OPERATIONS).toSorted());
});
