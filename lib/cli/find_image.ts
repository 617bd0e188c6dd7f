/**
 * The image that is meant by an id or a name, and what is asked of Glance about it.
 *
 * @module
 */
import type { Connection } from "../connect.ts";
import { ImageNotFound, Invalid } from "../errors.ts";
import { listImages } from "../images/list.ts";
import type { OperationArgs, OperationName, OperationResult } from "../images/operations.ts";
import type { Call } from "./flags.ts";

/** Glance takes nothing else for an id. */
const IMAGE_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Ids that an error lists at most. */
const MAX_LISTED = 5;

/** The image that a command is about. */
export interface FoundImage {
  readonly id: string;
  readonly connection: Connection;
}

/** The image that a command's first argument names. */
export async function imageOf(call: Pick<Call, "positionals" | "connect" | "world">): Promise<
  FoundImage
> {
  const connection = await call.connect();
  return {
    id: await findImageId(connection, call.positionals[0] ?? "", call.world.signal),
    connection,
  };
}

/** Calls an operation of the Image API; the command's end ends it, too. */
export function ask<M extends OperationName>(
  { world }: Pick<Call, "world">,
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
 * @throws {Invalid} where several have it; it lists their ids.
 */
export async function findImageId(
  { service, context }: Connection,
  idOrName: string,
  signal: AbortSignal,
): Promise<string> {
  if (IMAGE_ID.test(idOrName)) return idOrName;
  const parameters = { filters: { name: `eq:${idOrName}` }, limit: MAX_LISTED + 1 };
  const found = await Array.fromAsync(
    listImages(service.client, context, parameters, { signal }),
    ({ id }) => id,
  );
  const [only, ...others] = found;
  if (only === undefined) {
    throw new ImageNotFound(
      `Cannot find image "${idOrName}": none that you can list has this name, and it is no id; see "glance image-list"`,
    );
  }
  if (others.length === 0) return only;
  const listed = found.slice(0, MAX_LISTED).join(", ");
  throw new Invalid(
    `Cannot choose image "${idOrName}": several have this name (${listed}${
      found.length > MAX_LISTED ? " and more" : ""
    }); give the id of one`,
  );
}
