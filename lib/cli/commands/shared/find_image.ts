/**
 * Finds images by id or name, and calls operations of the Image API.
 *
 * @module
 */
import type { Connection } from "../../../connect.ts";
import { ImageNotFound } from "../../../errors.ts";
import type { OperationArgs, OperationName, OperationResult } from "../../../api/operations.ts";
import { findImage } from "../../../jobs/find_image.ts";
import type { Invocation, Positional } from "../../args/command.ts";

/** The argument that names an image. */
export const IMAGE: Positional = { name: "<IMAGE>", summary: "Id or name of the image" };

/** The only form of ids that Glance accepts. */
const IMAGE_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Calls an operation of the Image API. */
export function askAt<M extends OperationName>(
  { service, context }: Connection,
  signal: AbortSignal,
  method: M,
  ...args: OperationArgs<M>
): Promise<OperationResult<M>> {
  return service.client.run(context, method, args, { signal });
}

/**
 * Finds the id of an image. An id is returned without a request.
 *
 * @throws {ImageNotFound} if no image has the name.
 * @throws {AmbiguousImage} if several images have the name.
 */
export async function findImageId(
  { connect, system: { signal } }: Pick<Invocation, "connect" | "system">,
  idOrName: string,
): Promise<string> {
  const { service, context } = await connect();
  if (IMAGE_ID.test(idOrName)) return idOrName;
  try {
    return (await findImage(service, context, idOrName, { signal })).id;
  } catch (error) {
    if (!(error instanceof ImageNotFound)) throw error;
    throw new ImageNotFound(`${error.message}; see "glance image-list"`, { cause: error });
  }
}
