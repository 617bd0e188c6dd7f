/** `glance-edge` on Deno; `deno task glance` runs it, too. */
import { runProgram } from "./program.ts";
import { denoSystem, goToCaller } from "./system/deno_system.ts";

const program = goToCaller();
Deno.exit(await runProgram(Deno.args, (signal) => ({ ...denoSystem(signal), program })));
