/** Runs an action on several images. It continues after a failure. */
import { CommandFailed, Interrupted, sentenceOf } from "../../system/errors.ts";
import { findImageId } from "./find_image.ts";
import type { Invocation } from "../../args/command.ts";

/**
 * Runs `work` on each image that the positional arguments name, in order.
 *
 * @param words the action in words: `["delete", "deleted"]`
 * @throws {CommandFailed} if some of several images failed. With a single image, its own error is thrown.
 */
export async function forEachImage(
  invocation: Omit<Invocation, "values">,
  [verb, done]: readonly [verb: string, done: string],
  work: (imageId: string) => Promise<void>,
): Promise<void> {
  const { positionals, messages } = invocation;
  let failed = 0;
  for (const idOrName of positionals) {
    try {
      await work(await findImageId(invocation, idOrName));
    } catch (error) {
      if (error instanceof Interrupted || positionals.length === 1) throw error;
      failed++;
      messages.line(sentenceOf(error));
    }
  }
  if (failed === 0) return;
  const left = positionals.length - failed;
  throw new CommandFailed(
    `Cannot ${verb} ${failed} of ${positionals.length} images: see the errors above; ${left} ${done}`,
  );
}
