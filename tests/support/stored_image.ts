/** Creates an image with data by plain requests, independently of the code under test. */

/** Requests a path of the API of a server. */
export type Ask = (path: string, init: RequestInit) => Promise<Response>;

/**
 * Creates an image with these bytes and returns its id.
 *
 * @throws {Error} if the server rejects the bytes
 */
export async function storeImage(
  send: Ask,
  name: string,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<string> {
  const created = await send("/v2/images", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name, disk_format: "raw", container_format: "bare" }),
  });
  const { id } = await created.json();
  const uploaded = await send(`/v2/images/${id}/file`, {
    method: "PUT",
    headers: { "content-type": "application/octet-stream" },
    body: bytes,
  });
  await uploaded.body?.cancel();
  if (uploaded.status !== 204) throw new Error(`the upload failed with ${uploaded.status}`);
  return id;
}
