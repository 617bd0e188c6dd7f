/** Compares the changing commands with python-glanceclient on the same cloud. */
import { compareChanges } from "./compare_changing_commands.ts";
import { startStack } from "./stack.ts";

Deno.test("The changing commands print what glanceclient prints", async (t) => {
  await using stack = await startStack({ imageCache: true });
  await compareChanges(t, stack.environment("admin"), stack.glanceUrls[0]);
});
