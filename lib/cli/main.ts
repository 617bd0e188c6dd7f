/** `deno task glance`: runs the command line in this process. */
import { denoSystem, endingSignal, goToCaller } from "./system/deno_system.ts";
import { runGlance } from "./run.ts";

/** Milliseconds for cleaning up after Ctrl-C, on disk and in Glance. */
const CLEANUP_MS = 5_000;

goToCaller();
// A pending read of standard input or a sign-in must not keep the process running after Ctrl-C.
const system = { ...denoSystem(endingSignal(CLEANUP_MS)), program: "deno task glance" };
Deno.exit(await runGlance(Deno.args, system));
