/** Helpers for tests of the embedded Glance that are not part of the contract. */

import type { EmbeddedGlance } from "../../lib/embedded/mod.ts";

const ENDPOINT = "http://glance.test";

/** Sends a request within the process. */
export function send(
  glance: EmbeddedGlance,
  method: string,
  path: string,
  body?: BodyInit,
  headers: Record<string, string> = {},
): Promise<Response> {
  const init = { method, headers, ...(body === undefined ? {} : { body }) };
  return glance.fetch(new Request(ENDPOINT + path, init));
}

/** Creates an image (default: raw and bare); returns its id. */
export async function create(
  glance: EmbeddedGlance,
  meta: Record<string, unknown> = {},
): Promise<string> {
  const body = JSON.stringify({ disk_format: "raw", container_format: "bare", ...meta });
  const response = await send(glance, "POST", "/v2/images", body);
  const image = await response.json() as { id: string };
  if (response.status !== 201) throw new Error(JSON.stringify(image));
  return image.id;
}

/** Uploads data; returns the status. */
export async function upload(
  glance: EmbeddedGlance,
  id: string,
  body: BodyInit,
  target: "file" | "stage" = "file",
): Promise<number> {
  const headers = { "content-type": "application/octet-stream" };
  const response = await send(glance, "PUT", `/v2/images/${id}/${target}`, body, headers);
  await response.body?.cancel();
  return response.status;
}

/** Changes an image by JSON patch. Returns the status. */
export async function patch(
  glance: EmbeddedGlance,
  id: string,
  operations: unknown,
): Promise<number> {
  const headers = { "content-type": "application/openstack-images-v2.1-json-patch" };
  const body = JSON.stringify(operations);
  const response = await send(glance, "PATCH", `/v2/images/${id}`, body, headers);
  await response.body?.cancel();
  return response.status;
}

/** The image and the status of the response. */
export async function show(
  glance: EmbeddedGlance,
  id: string,
): Promise<{ code: number; image: Record<string, unknown> }> {
  const headers = { accept: "application/json" };
  const response = await send(glance, "GET", `/v2/images/${id}`, undefined, headers);
  return { code: response.status, image: await response.json() as Record<string, unknown> };
}

/** Image data as text. */
export async function download(
  glance: EmbeddedGlance,
  id: string,
  range?: string,
): Promise<string> {
  const headers: Record<string, string> = range === undefined ? {} : { range };
  return await (await send(glance, "GET", `/v2/images/${id}/file`, undefined, headers)).text();
}

/** A body that yields one chunk and then waits for `resume` or `fail`. */
export function stalledBody(first: string): {
  body: ReadableStream<Uint8Array>;
  /** Resolves when the consumer reads past the first chunk. */
  reached: Promise<void>;
  resume: () => void;
  fail: (error: Error) => void;
} {
  const reached = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  let given = false;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (!given) {
        given = true;
        return controller.enqueue(new TextEncoder().encode(first));
      }
      reached.resolve();
      await gate.promise;
      controller.close();
    },
  }, { highWaterMark: 0 });
  return { body, reached: reached.promise, resume: gate.resolve, fail: gate.reject };
}

/** A temporary directory that is removed on disposal. */
export async function temporaryDirectory(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await Deno.makeTempDir({ prefix: "embedded-glance-" });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}
