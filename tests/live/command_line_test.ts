/** The command line beside python-glanceclient, on the same cloud. */
import { compareWithGlanceclient } from "../cli/beside_glanceclient.ts";
import { startStack } from "./stack.ts";

Deno.test("The command line answers as glanceclient does", async (t) => {
  await using stack = await startStack();
  await compareWithGlanceclient(t, stack.environment("alice"));
});
