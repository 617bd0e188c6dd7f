/** Finds images by id or name, and calls operations of the Image API. */
import { ImageNotFound } from "../../../errors.ts";
import type { OperationArgs, OperationName, OperationResult } from "../../../api/operations.ts";
import { Session } from "../../../api/session.ts";
import type { GlanceImage } from "../../../api/types.ts";
import { findByName, isImageId } from "../../../jobs/find_image.ts";
import type { CloudConnection, Invocation, Positional } from "../../args/command.ts";

/** The argument that names an image. */
export const IMAGE: Positional = {
  name: "<IMAGE>",
  summary: "Id or name of the image",
  completes: "images",
};

/** The part of an invocation that finds images. */
type Finder = Pick<Invocation, "connect" | "system" | "call">;

/** Calls an operation of the Image API. */
export function callOperation<M extends OperationName>(
  { client, context }: CloudConnection,
  signal: AbortSignal,
  method: M,
  ...args: OperationArgs<M>
): Promise<OperationResult<M>> {
  return client.run(context, method, args, { signal });
}

/** The session of a command, for work of several operations. */
export async function sessionOf(
  { connect, system }: Pick<Invocation, "connect" | "system">,
): Promise<Session> {
  const { client, context } = await connect();
  return new Session(client, context, system);
}

/**
 * Finds the id of an image. An id is returned without a request.
 *
 * @throws what `findImage` throws.
 */
export async function findImageId(invocation: Finder, idOrName: string): Promise<string> {
  return (await findImage(invocation, idOrName)).id;
}

/**
 * Finds an image and reads its record, with one request if it exists.
 *
 * @throws what `findImage` throws.
 */
export async function findRecord(invocation: Finder, idOrName: string): Promise<GlanceImage> {
  const { id, record } = await findImage(invocation, idOrName);
  return record ?? await invocation.call("get", id);
}

/**
 * Finds an image. An id is returned without a request, a name with the record from the list.
 *
 * @throws {ImageNotFound} if no image has the name.
 * @throws {AmbiguousImage} if several images have the name.
 */
export async function findImage(
  invocation: Finder,
  idOrName: string,
): Promise<{ readonly id: string; readonly record?: GlanceImage }> {
  const session = await sessionOf(invocation);
  if (isImageId(idOrName)) return { id: idOrName };
  try {
    const record = await findByName(session, idOrName);
    return { id: record.id, record };
  } catch (error) {
    if (!(error instanceof ImageNotFound)) throw error;
    throw new ImageNotFound(`${error.message}; see "glance-edge image-list"`, { cause: error });
  }
}

/**
 * The error to throw after a failed request for an image that was found by its name: if the image no longer exists,
 * another one may have the name now.
 */
export function withName(error: unknown, name: string): unknown {
  if (!(error instanceof ImageNotFound)) return error;
  const { imageId, server, status, requestId, attempts } = error;
  return new ImageNotFound(
    `Cannot read image "${name}": image "${imageId}" was deleted or replaced after it was found; repeat the command`,
    { cause: error, imageId, server, status, requestId, attempts },
  );
}
