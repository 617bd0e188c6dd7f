/**
 * Defines commands that delete a namespace or parts of it.
 *
 * @module
 */
import { ask } from "../shared/find_image.ts";
import { type Command, command, type Positional } from "../../args/command.ts";
import { NAMESPACE } from "./fields.ts";

/** Operations that delete a namespace, or all its parts of a kind. */
type Deletion =
  | `metadefs.${"objects" | "properties" | "tags"}.deleteAll`
  | "metadefs.namespaces.delete";

/** Operations that delete one part of a namespace. */
type PartDeletion = `metadefs.${"objects" | "properties" | "tags"}.delete`;

/** Defines a command that deletes a namespace, or all its parts of a kind. */
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

/** Defines a command that deletes one part of a namespace. */
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
