/** Compares the changing commands with python-glanceclient on the same cloud. */
import { compareChanges } from "./compare_changing_commands.ts";
import { startStack } from "./stack.ts";

Deno.test("runGlance() changes and prints what glanceclient does", async (t) => {
  await using stack = await startStack({ imageCache: true });
  await compareChanges(t, stack.environment("admin"), stack.glanceUrls[0]);
});
