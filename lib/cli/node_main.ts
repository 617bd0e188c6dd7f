/** `glance-edge` on Node and Bun. */
import process from "node:process";
import { runProgram } from "./program.ts";
import { endProcess } from "./system/node_exit.ts";
import { nodeSystem } from "./system/node_system.ts";

endProcess(await runProgram(process.argv.slice(2), nodeSystem, endProcess));
