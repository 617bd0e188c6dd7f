/**
 * Commands that delete a namespace, all that it has of a kind, or one of these.
 *
 * @module
 */
import { ask } from "../shared/find_image.ts";
import { type Command, command, type Positional } from "../../args/command.ts";
import { NAMESPACE } from "./fields.ts";

/** Operations that need no more than the name of a namespace to delete. */
type Deletion =
  | `metadefs.${"objects" | "properties" | "tags"}.deleteAll`
  | "metadefs.namespaces.delete";

/** Operations that need the name of what is to go, too. */
type PartDeletion = `metadefs.${"objects" | "properties" | "tags"}.delete`;

/** The row of a command for such an operation. */
export function deletion(name: string, summary: string, operation: Deletion): Command {
  return command({
    name,
    summary,
    positionals: [NAMESPACE],
    flags: {},
    async run(invocation) {
      const [namespace = ""] = invocation.positionals;
      await ask(invocation, await invocation.connect(), operation, namespace);
    },
  });
}

/** The row of a command that deletes one part of a namespace. */
export function partDeletion(
  name: string,
  summary: string,
  operation: PartDeletion,
  part: Positional,
): Command {
  return command({
    name,
    summary,
    positionals: [NAMESPACE, part],
    flags: {},
    async run(invocation) {
      const [namespace = "", partName = ""] = invocation.positionals;
      await ask(invocation, await invocation.connect(), operation, namespace, partName);
    },
  });
}
