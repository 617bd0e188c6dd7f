/**
 * The stores of a cloud, where a command names some.
 *
 * @module
 */
import type { Connection } from "../../../connect.ts";
import { NotFound } from "../../../errors.ts";
import { CommandFailed } from "../../system/errors.ts";
import { ask } from "./find_image.ts";
import type { Invocation } from "../../args/command.ts";

/**
 * Says that a store is unknown before data is sent, not after.
 *
 * @throws {CommandFailed} naming the stores that there are.
 */
export async function checkStores(
  invocation: Pick<Invocation, "system">,
  connection: Connection,
  names: readonly string[],
): Promise<void> {
  if (names.length === 0) return;
  const stores = await ask(invocation, connection, "info.stores").catch((error) => {
    // A cloud with one store does not tell its name.
    if (error instanceof NotFound) return null;
    throw error;
  });
  const known = stores?.map(({ id }) => id) ?? names;
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new CommandFailed(
    `Cannot use the store "${unknown}": this cloud has "${known.join('", "')}"; name one of them`,
  );
}
