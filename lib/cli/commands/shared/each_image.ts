/**
 * The same for each of several images: one that fails does not keep the others from it.
 *
 * @module
 */
import type { Connection } from "../../../connect.ts";
import { CommandFailed, Interrupted, sentenceOf } from "../../system/errors.ts";
import { findImageId } from "./find_image.ts";
import type { Invocation } from "../../args/command.ts";

/** What is done, in words: `delete`, `deleted`. */
export interface Deed {
  readonly verb: string;
  readonly done: string;
}

/**
 * Does something with each image that the arguments name.
 *
 * @throws {CommandFailed} saying how many failed, where there are several; the error of a single one.
 */
export async function forEachImage(
  invocation: Invocation<unknown>,
  connection: Connection,
  { verb, done }: Deed,
  work: (imageId: string) => Promise<void>,
): Promise<void> {
  const { positionals, messages, system: { signal } } = invocation;
  let failed = 0;
  for (const idOrName of positionals) {
    try {
      await work(await findImageId(connection, idOrName, signal));
    } catch (error) {
      if (error instanceof Interrupted || positionals.length === 1) throw error;
      failed++;
      messages.line(sentenceOf(error));
    }
  }
  if (failed === 0) return;
  const left = positionals.length - failed;
  throw new CommandFailed(
    `Cannot ${verb} ${failed} of ${positionals.length} images: see above; ${left} ${done}`,
  );
}
