/**
 * Glance and Keystone by bare `fetch`: how the live tests prepare images and look at what is really
 * there, without any of the code that they test.
 */
import type { Credentials } from "./stack.ts";
import type { LiveStack, StackUser } from "./stack.ts";

/** The media type of a change. */
const PATCH_TYPE = "application/openstack-images-v2.1-json-patch";

/** How often, and in which distance, an import is looked after. */
const MAX_LOOKS = 200;
const LOOK_INTERVAL_MS = 50;

/** A JSON object of which nothing is known. */
export type Fields = Readonly<Record<string, unknown>>;

/** One user at one Glance server. */
export class RawGlance {
  /** Root of the server. */
  readonly url: string;
  readonly #token: string;

  constructor(url: string, token: string) {
    this.url = url;
    this.#token = token;
  }

  /** Signs a user in and uses the stack's first server. */
  static async as(stack: LiveStack, user: StackUser): Promise<RawGlance> {
    return new RawGlance(stack.glanceUrls[0], (await stack.token(user)).token);
  }

  /** Makes a request below `/v2`; a string or bytes are sent as they are, anything else as JSON. */
  async send(
    method: string,
    path: string,
    body?: unknown,
    type = "application/json",
  ): Promise<Response> {
    const isRaw = typeof body === "string" || body instanceof Uint8Array;
    return await fetch(`${this.url}/v2/${path}`, {
      method,
      headers: { "x-auth-token": this.#token, "content-type": type },
      ...body !== undefined && { body: isRaw ? body as BodyInit : JSON.stringify(body) },
    });
  }

  /** The answer's JSON; null for an answer without a body. */
  async json(method: string, path: string, body?: unknown, type?: string): Promise<Fields> {
    const response = await this.send(method, path, body, type);
    const text = await response.text();
    if (!response.ok) throw new Error(`Cannot ${method} ${path}: ${response.status}, ${text}`);
    return text === "" ? {} : JSON.parse(text);
  }

  /** A new image, with data if there is any. */
  async create(image: Fields, data?: Uint8Array): Promise<string> {
    const id = String((await this.json("POST", "images", { ...FORMATS, ...image }))["id"]);
    if (data !== undefined) await this.upload(id, data);
    return id;
  }

  /** Fills a queued image; `file` makes it active, `stage` keeps it for an import. */
  async upload(id: string, data: Uint8Array, to: "file" | "stage" = "file"): Promise<void> {
    await this.json("PUT", `images/${id}/${to}`, data, "application/octet-stream");
  }

  /**
   * Fills a queued image by way of the staging area; Glance keeps notes in its properties then. Several
   * stores get the data if they are named.
   */
  async import(id: string, data: Uint8Array, stores?: readonly string[]): Promise<void> {
    await this.upload(id, data, "stage");
    const method = { name: "glance-direct" };
    await this.json("POST", `images/${id}/import`, { method, ...stores && { stores } });
    for (let look = 0; look < MAX_LOOKS; look++) {
      const record = await this.record(id) ?? {};
      if (record["status"] === "active" && !("os_glance_import_task" in record)) return;
      await new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL_MS));
    }
    throw new Error(`Cannot import image ${id}: it is not done after ${MAX_LOOKS} looks`);
  }

  /** Changes an image by a JSON patch. */
  async patch(id: string, patch: readonly Fields[]): Promise<void> {
    await this.json("PATCH", `images/${id}`, patch, PATCH_TYPE);
  }

  /** The record of an image; null where there is none. */
  async record(id: string): Promise<Fields | null> {
    const response = await this.send("GET", `images/${id}`);
    if (response.status !== 404) return await response.json();
    await response.body?.cancel();
    return null;
  }

  /** All images that the user sees, hidden ones left out. */
  async images(query = ""): Promise<readonly Fields[]> {
    const { images } = await this.json("GET", `images?limit=1000&${query}`);
    return images as readonly Fields[];
  }

  /** Deletes images, protected ones too. */
  async deleteAll(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      const record = await this.record(id);
      if (record === null) continue;
      if (record["protected"] === true) {
        await this.patch(id, [{ op: "replace", path: "/protected", value: false }]);
      }
      await this.json("DELETE", `images/${id}`);
    }
  }
}

/** The smallest description of an image that takes data. */
export const FORMATS: Fields = { disk_format: "raw", container_format: "bare" };

/** Makes Keystone forget a token; the administrator's may be any of theirs. */
export async function revokeToken(
  { authUrl }: Credentials,
  adminToken: string,
  token: string,
): Promise<void> {
  const response = await fetch(`${authUrl}/auth/tokens`, {
    method: "DELETE",
    headers: { "x-auth-token": adminToken, "x-subject-token": token },
  });
  await response.body?.cancel();
  if (response.status !== 204) throw new Error(`Cannot revoke a token: ${response.status}`);
}

/** Bytes that no two calls share; Glance takes them for `raw` in the container `bare`. */
export function randomBytes(size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  // The generator gives 64 KiB at a time.
  for (let at = 0; at < size; at += 65_536) {
    crypto.getRandomValues(bytes.subarray(at, Math.min(at + 65_536, size)));
  }
  return bytes;
}

/** A digest in hexadecimal. */
export async function digestOf(
  algorithm: "SHA-256" | "SHA-512",
  bytes: Uint8Array<ArrayBuffer>,
): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest(algorithm, bytes)).toHex();
}
