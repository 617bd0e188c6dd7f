/** Reads and checks the names of stores. */
import { NotFound } from "../../../errors.ts";
import type { CloudConnection } from "../../args/command.ts";
import { CommandFailed } from "../../system/errors.ts";
import { callOperation } from "./find_image.ts";

/** The names in a list that is separated by commas; undefined if the flag is not given. */
export function storeNames(text: string | undefined): readonly string[] | undefined {
  return text?.split(",").map((name) => name.trim()).filter(Boolean);
}

/**
 * Checks that the cloud has the given stores, before data is sent.
 *
 * @throws {CommandFailed} if a store is unknown.
 */
export async function checkStores(
  connection: CloudConnection,
  signal: AbortSignal,
  given: string | readonly string[] | undefined,
): Promise<void> {
  const names = [given ?? []].flat();
  if (names.length === 0) return;
  const stores = await callOperation(connection, signal, "info.stores").catch((error) => {
    // A cloud with a single store responds with 404.
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
