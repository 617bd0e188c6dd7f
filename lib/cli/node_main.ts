/** `glance-edge` on Node and Bun. */
import process from "node:process";
import { runProgram } from "./program.ts";
import { nodeSystem } from "./system/node_system.ts";

process.exit(await runProgram(process.argv.slice(2), nodeSystem));
