/** Whether standard input has data. */
import { builtinModule } from "../../node_builtin.ts";

/** Whether it is a pipe or a file. cron and Deno connect a closed standard input to `/dev/null`. */
export function hasInput(): boolean {
  try {
    const facts = builtinModule<typeof import("node:fs")>("node:fs")?.fstatSync(0);
    return facts !== undefined && !facts.isCharacterDevice() && !facts.isDirectory();
  } catch {
    return false;
  }
}
