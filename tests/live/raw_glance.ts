/**
 * Glance and Keystone through plain `fetch`, to prepare and inspect images without the code under
 * test.
 */
import type { Credentials } from "./stack.ts";
import type { LiveStack, StackUser } from "./stack.ts";
import { RESPONSE_LIMIT_MS } from "./keystone.ts";

/** Media type of a JSON patch. */
const PATCH_TYPE = "application/openstack-images-v2.1-json-patch";

/** Maximum number of polls for an import, and their interval. */
const MAX_POLLS = 200;
const LOOK_INTERVAL_MS = 50;

/** A JSON object. */
export type Fields = Readonly<Record<string, unknown>>;

/** One user at one Glance server. */
export class RawGlance {
  /** URL of the server, without a path. */
  readonly url: string;
  readonly #token: string;

  constructor(url: string, token: string) {
    this.url = url;
    this.#token = token;
  }

  /** Signs in a user at the stack's first server. */
  static async as(stack: LiveStack, user: StackUser): Promise<RawGlance> {
    return new RawGlance(stack.glanceUrls[0], (await stack.token(user)).token);
  }

  /** Sends a request below `/v2`. Strings and bytes are sent unchanged, other bodies as JSON. */
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
      signal: AbortSignal.timeout(RESPONSE_LIMIT_MS),
      ...body !== undefined && { body: isRaw ? body as BodyInit : JSON.stringify(body) },
    });
  }

  /** The response as JSON; null if it has no body. */
  async json(method: string, path: string, body?: unknown, type?: string): Promise<Fields> {
    const response = await this.send(method, path, body, type);
    const text = await response.text();
    if (!response.ok) throw new Error(`Cannot ${method} ${path}: ${response.status}, ${text}`);
    return text === "" ? {} : JSON.parse(text);
  }

  /** Creates an image, with data if given; returns its id. */
  async create(image: Fields, data?: Uint8Array): Promise<string> {
    const id = String((await this.json("POST", "images", { ...FORMATS, ...image }))["id"]);
    if (data !== undefined) await this.upload(id, data);
    return id;
  }

  /** Uploads data: `file` activates the image, `stage` keeps the data for an import. */
  async upload(id: string, data: Uint8Array, to: "file" | "stage" = "file"): Promise<void> {
    await this.json("PUT", `images/${id}/${to}`, data, "application/octet-stream");
  }

  /**
   * Uploads data through the staging area and an import, optionally to several stores. Glance adds
   * properties to the image.
   */
  async import(id: string, data: Uint8Array, stores?: readonly string[]): Promise<void> {
    await this.upload(id, data, "stage");
    const method = { name: "glance-direct" };
    await this.json("POST", `images/${id}/import`, { method, ...stores && { stores } });
    for (let poll = 0; poll < MAX_POLLS; poll++) {
      const record = await this.record(id) ?? {};
      if (record["status"] === "active" && !("os_glance_import_task" in record)) return;
      await new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL_MS));
    }
    throw new Error(`Cannot import image ${id}: it is not done after ${MAX_POLLS} polls`);
  }

  /** Applies a JSON patch. */
  async patch(id: string, patch: readonly Fields[]): Promise<void> {
    await this.json("PATCH", `images/${id}`, patch, PATCH_TYPE);
  }

  /** The image as JSON; null if it does not exist. */
  async record(id: string): Promise<Fields | null> {
    const response = await this.send("GET", `images/${id}`);
    if (response.status !== 404) return await response.json();
    await response.body?.cancel();
    return null;
  }

  /** All images in the user's list, without hidden ones. */
  async images(query = ""): Promise<readonly Fields[]> {
    const { images } = await this.json("GET", `images?limit=1000&${query}`);
    return images as readonly Fields[];
  }

  /** Deletes images, including protected ones. */
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

/** The formats that an upload requires. */
export const FORMATS: Fields = { disk_format: "raw", container_format: "bare" };

/** Revokes a token. Requires the administrator's token. */
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

/** Random bytes. */
export function randomBytes(size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  // getRandomValues is limited to 64 KiB per call.
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
