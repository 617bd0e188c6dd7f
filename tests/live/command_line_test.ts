/** Compares the commands and their output with python-glanceclient on the same cloud. */
import { assert } from "@std/assert";
import { compareWithGlanceclient } from "./compare_reading_commands.ts";
import { compareCopies } from "./compare_copies.ts";
import { ourGlance } from "./glance_commands.ts";
import { PythonGlance } from "./python_glance.ts";
import { startStack } from "./stack.ts";

Deno.test("runGlance() prints what glanceclient prints", async (t) => {
  await using stack = await startStack({ imageCache: true });
  const admin = stack.environment("admin");
  await t.step("commands and flags", async () => {
    await using python = new PythonGlance();
    const [theirs, ours] = [python.run, ourGlance({})];
    const words = (text: string) => text.trim().split(/\s+/);
    const known = new Set(words((await ours("bash-completion", admin)).stdout));
    const expectedWords = words((await theirs("bash-completion", admin)).stdout);
    assert(expectedWords.length > 100);
    for (const word of expectedWords) assert(known.has(word), word);
  });
  await t.step("output", (t) => compareWithGlanceclient(t, stack.environment("alice")));
  await t.step("image-copy brings an image to another project", async () => {
    await compareCopies(stack.environment("alice"), stack.environment("bob"));
  });
});
