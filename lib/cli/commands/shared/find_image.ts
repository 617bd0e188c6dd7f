/**
 * The image that is meant by an id or a name, and what is asked of Glance about it.
 *
 * @module
 */
import type { Connection } from "../../../connect.ts";
import { ImageNotFound } from "../../../errors.ts";
import type { OperationArgs, OperationName, OperationResult } from "../../../api/operations.ts";
import { findImage } from "../../../jobs/find_image.ts";
import type { Invocation } from "../../args/command.ts";

/** Glance takes nothing else for an id. */
const IMAGE_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The image that a command is about. */
export interface FoundImage {
  readonly id: string;
  readonly connection: Connection;
}

/** The image that a command's first argument names. */
export async function imageOf(
  invocation: Pick<Invocation, "positionals" | "connect" | "system">,
): Promise<
  FoundImage
> {
  const connection = await invocation.connect();
  return {
    id: await findImageId(connection, invocation.positionals[0] ?? "", invocation.system.signal),
    connection,
  };
}

/** Calls an operation of the Image API; the command's end ends it, too. */
export function ask<M extends OperationName>(
  { system: world }: Pick<Invocation, "system">,
  { service, context }: Connection,
  method: M,
  ...args: OperationArgs<M>
): Promise<OperationResult<M>> {
  return service.client.run(context, method, args, { signal: world.signal });
}

/**
 * The id of the image with the given id or name. An id is taken as it is, without asking.
 *
 * @throws {ImageNotFound} where no image has the name.
 * @throws {AmbiguousImage} where several have it; it lists their ids.
 */
export async function findImageId(
  { service, context }: Connection,
  idOrName: string,
  signal: AbortSignal,
): Promise<string> {
  if (IMAGE_ID.test(idOrName)) return idOrName;
  try {
    return (await findImage(service, context, idOrName, { signal })).id;
  } catch (error) {
    if (!(error instanceof ImageNotFound)) throw error;
    throw new ImageNotFound(`${error.message}; see "glance image-list"`, { cause: error });
  }
}
