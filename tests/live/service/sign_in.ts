/** A connection of a user of the live stack. */
import { connect, type Connection, type GlanceOptions } from "../../../mod.ts";
import type { LiveStack, StackUser } from "../stack.ts";

/** Formats of an image without data. */
export const FORMATS = { diskFormat: "raw", containerFormat: "bare" };

/** Connects as a user of the stack. */
export async function signIn(
  stack: LiveStack,
  user: StackUser,
  options: GlanceOptions = {},
): Promise<Connection> {
  return await connect({ credentials: stack.credentials(user), ...options });
}
