/**
 * Commands that delete a namespace, or all that it has of a kind.
 *
 * @module
 */
import { ask } from "./find_image.ts";
import { type Command, command } from "./flags.ts";
import { NAMESPACE } from "./md_shared.ts";

/** Operations that need no more than the name of a namespace to delete. */
type Deletion =
  | `metadefs.${"objects" | "properties" | "tags"}.deleteAll`
  | "metadefs.namespaces.delete";

/** The row of a command for such an operation. */
export function deletion(name: string, summary: string, operation: Deletion): Command {
  return command({
    name,
    summary,
    positionals: [NAMESPACE],
    flags: {},
    async run(call) {
      const [namespace = ""] = call.positionals;
      await ask(call, await call.connect(), operation, namespace);
    },
  });
}
