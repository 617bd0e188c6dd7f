/** An image with data, made by plain requests: what is tested has no hand in it. */

/** Asks a server for a path of its API. */
export type Ask = (path: string, init: RequestInit) => Promise<Response>;

/**
 * Makes an image with these bytes, and gives its id.
 *
 * @throws {Error} where the server does not take them
 */
export async function storeImage(
  ask: Ask,
  name: string,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<string> {
  const created = await ask("/v2/images", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name, disk_format: "raw", container_format: "bare" }),
  });
  const { id } = await created.json();
  const uploaded = await ask(`/v2/images/${id}/file`, {
    method: "PUT",
    headers: { "content-type": "application/octet-stream" },
    body: bytes,
  });
  await uploaded.body?.cancel();
  if (uploaded.status !== 204) throw new Error(`the upload was answered ${uploaded.status}`);
  return id;
}
