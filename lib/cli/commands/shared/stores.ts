/**
 * Checks the names of stores.
 *
 * @module
 */
import type { Connection } from "../../../connect.ts";
import { NotFound } from "../../../errors.ts";
import { CommandFailed } from "../../system/errors.ts";
import { ask } from "./find_image.ts";
import type { Invocation } from "../../args/command.ts";

/**
 * Checks that the cloud has the stores, before data is sent.
 *
 * @throws {CommandFailed} if a store is unknown.
 */
export async function checkStores(
  invocation: Pick<Invocation, "system">,
  connection: Connection,
  names: readonly string[],
): Promise<void> {
  if (names.length === 0) return;
  const stores = await ask(invocation, connection, "info.stores").catch((error) => {
    // A cloud with a single store answers 404.
    if (error instanceof NotFound) return null;
    throw error;
  });
  const known = stores?.map(({ id }) => id) ?? names;
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new CommandFailed(
    `Cannot use the store "${unknown}": this cloud has "${known.join('", "')}"; choose one of them`,
  );
}
