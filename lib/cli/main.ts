/**
 * `deno task glance`: the command line, in this process.
 *
 * @module
 */
import { denoWorld, endingSignal, goToCaller } from "./system/deno_system.ts";
import { runGlance } from "./run.ts";

/** Milliseconds to remove what is half-written after Ctrl-C, also in Glance. */
const PATIENCE = 5_000;

goToCaller();
// What may still be open after Ctrl-C (a read of standard input, a sign-in) must not hold the process.
Deno.exit(await runGlance(Deno.args, denoWorld(endingSignal(PATIENCE))));
