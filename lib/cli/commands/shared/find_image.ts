/**
 * Finds images by id or name, and calls operations of the Image API.
 *
 * @module
 */
import type { Connection } from "../../../connect.ts";
import { ImageNotFound } from "../../../errors.ts";
import type { OperationArgs, OperationName, OperationResult } from "../../../api/operations.ts";
import { findImage } from "../../../jobs/find_image.ts";
import type { Invocation } from "../../args/command.ts";

/** The only form of ids that Glance accepts. */
const IMAGE_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** An image and the connection that found it. */
export interface FoundImage {
  readonly id: string;
  readonly connection: Connection;
}

/** Finds the image that the first positional argument names. */
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

/** Calls an operation of the Image API. It is aborted if the command is. */
export function ask<M extends OperationName>(
  { system }: Pick<Invocation, "system">,
  { service, context }: Connection,
  method: M,
  ...args: OperationArgs<M>
): Promise<OperationResult<M>> {
  return service.client.run(context, method, args, { signal: system.signal });
}

/**
 * Finds the id of an image. An id is returned without a request.
 *
 * @throws {ImageNotFound} if no image has the name.
 * @throws {AmbiguousImage} if several images have the name.
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
