/** Whether standard input has data. */
import { fstatSync } from "node:fs";

/** Whether it is a pipe or a file. cron and Deno connect a closed standard input to `/dev/null`. */
export function hasInput(): boolean {
  try {
    const facts = fstatSync(0);
    return !facts.isCharacterDevice() && !facts.isDirectory();
  } catch {
    return false;
  }
}
