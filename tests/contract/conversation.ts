/**
 * The raw HTTP requests of one check, as any identity. Removes every image and namespace that the
 * check created.
 */

import type { Target, Who } from "./target.ts";
import { TEST_TIME_LIMIT } from "../support/time_limit.ts";

/** A response with its complete body. */
export interface ReceivedResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The body, which must be a JSON object. */
  readonly json: Record<string, unknown>;
}

/** Optional parts of a request. */
export interface Extras {
  readonly headers?: Readonly<Record<string, string>>;
  /** Body that is sent as JSON. */
  readonly json?: unknown;
  /** Body that is sent unchanged. */
  readonly body?: BodyInit;
}

/** An image as JSON. */
export type ImageJson = Record<string, unknown> & { readonly id: string };

const JSON_PATCH = "application/openstack-images-v2.1-json-patch";
export const NAMESPACES = "/v2/metadefs/namespaces";
export const BINARY: Readonly<Record<string, string>> = {
  "content-type": "application/octet-stream",
};

export class Conversation implements AsyncDisposable {
  readonly target: Target;
  /** A prefix for names that is unique to this check and safe in URLs. */
  readonly mark: string = `contract-${crypto.randomUUID().slice(0, 8)}`;
  readonly #images: Set<string> = new Set();
  readonly #namespaces: Set<string> = new Set();

  constructor(target: Target) {
    this.target = target;
  }

  /** Sends a request and reads the response. `who` is null for a request without a token. */
  async send(
    who: Who | null,
    method: string,
    path: string,
    extras: Extras = {},
  ): Promise<ReceivedResponse> {
    const headers = new Headers({ accept: "application/json", ...extras.headers });
    if (who !== null) headers.set("x-auth-token", this.target.tokens[who]);
    if (extras.json !== undefined && !headers.has("content-type")) {
      headers.set("content-type", "application/json");
    }
    const body = extras.json === undefined ? extras.body : JSON.stringify(extras.json);
    const response = await this.target.fetch(this.target.endpoint + path, {
      method,
      headers,
      redirect: "manual",
      ...(body === undefined ? {} : { body }),
    });
    return receivedOf(response, new Uint8Array(await response.arrayBuffer()));
  }

  get(path: string, who: Who | null = "alice", headers: Record<string, string> = {}) {
    return this.send(who, "GET", path, { headers });
  }

  post(path: string, json: unknown, who: Who = "alice", headers: Record<string, string> = {}) {
    return this.send(who, "POST", path, { json, headers });
  }

  put(path: string, json: unknown, who: Who = "alice"): Promise<ReceivedResponse> {
    return this.send(who, "PUT", path, { json });
  }

  delete(path: string, who: Who = "alice"): Promise<ReceivedResponse> {
    return this.send(who, "DELETE", path);
  }

  patch(
    id: string,
    operations: unknown,
    who: Who = "alice",
    type: string = JSON_PATCH,
  ): Promise<ReceivedResponse> {
    return this.send(who, "PATCH", `/v2/images/${id}`, {
      json: operations,
      headers: { "content-type": type },
    });
  }

  /** `PUT …/file` */
  upload(id: string, body: BodyInit, headers: Record<string, string> = {}, who: Who = "alice") {
    return this.send(who, "PUT", `/v2/images/${id}/file`, {
      body,
      headers: { ...BINARY, ...headers },
    });
  }

  /** `GET …/file` */
  download(id: string, headers: Record<string, string> = {}, who: Who = "alice") {
    return this.get(`/v2/images/${id}/file`, who, headers);
  }

  /** `POST /v2/images`. A created image is removed at the end. */
  async create(json: unknown, who: Who = "alice"): Promise<ReceivedResponse> {
    const response = await this.post("/v2/images", json, who);
    if (response.status === 201) this.#images.add(String(response.json["id"]));
    return response;
  }

  /** Removes the image at the end. */
  removeAtEnd(id: string): void {
    this.#images.add(id);
  }

  /** Creates an image (default: raw, bare, and the unique name). */
  async image(meta: Record<string, unknown> = {}, who: Who = "alice"): Promise<ImageJson> {
    const response = await this.create(
      { name: this.mark, disk_format: "raw", container_format: "bare", ...meta },
      who,
    );
    if (response.status !== 201) throw new Error(`no image: ${response.status} ${response.text}`);
    return response.json as ImageJson;
  }

  /** Creates an image with data. */
  async imageWith(body: BodyInit, meta: Record<string, unknown> = {}): Promise<ImageJson> {
    const { id } = await this.image(meta);
    const response = await this.upload(id, body);
    if (response.status !== 204) throw new Error(`no data: ${response.status} ${response.text}`);
    return await this.show(id);
  }

  /** The current image. */
  async show(id: string, who: Who = "alice"): Promise<ImageJson> {
    const response = await this.get(`/v2/images/${id}`, who);
    if (response.status !== 200) throw new Error(`no image: ${response.status} ${response.text}`);
    return response.json as ImageJson;
  }

  /** Polls the image until `isThere` is true, because imports continue after the response. */
  async until(id: string, isThere: (image: ImageJson) => boolean): Promise<ImageJson> {
    const deadline = Date.now() + TEST_TIME_LIMIT;
    for (;;) {
      const image = await this.show(id);
      if (isThere(image)) return image;
      if (Date.now() > deadline) throw new Error(`image ${id} stays ${JSON.stringify(image)}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Names of the listed images, without the unique prefix. */
  async names(query: string, who: Who = "alice"): Promise<string[]> {
    const response = await this.get(`/v2/images?mark=${this.mark}&${query}`, who);
    if (response.status !== 200) throw new Error(`no list: ${response.status} ${response.text}`);
    const images = response.json["images"] as { name: string }[];
    return images.map(({ name }) => name.replace(`${this.mark}-`, ""));
  }

  /** Creates images for {@linkcode names}: `<mark>-<name>` for each key, in this order. */
  async images(metas: Record<string, Record<string, unknown>>): Promise<Record<string, string>> {
    const ids: Record<string, string> = {};
    for (const [name, meta] of Object.entries(metas)) {
      const image = await this.image({ name: `${this.mark}-${name}`, mark: this.mark, ...meta });
      ids[name] = image.id;
    }
    return ids;
  }

  /**
   * `POST /v2/metadefs/namespaces` as the administrator. The default name is unique; the namespace
   * is removed at the end.
   */
  async define(body: Record<string, unknown> = {}): Promise<ReceivedResponse> {
    const namespace = { namespace: this.mark, ...body };
    const response = await this.post(NAMESPACES, namespace, "admin");
    if (response.status === 201) this.#namespaces.add(String(response.json["namespace"]));
    return response;
  }

  /** Creates a public namespace; returns its path. */
  async namespace(body: Record<string, unknown> = {}): Promise<string> {
    const response = await this.define({ visibility: "public", ...body });
    if (response.status !== 201) {
      throw new Error(`no namespace: ${response.status} ${response.text}`);
    }
    return `${NAMESPACES}/${encodeURIComponent(String(response.json["namespace"]))}`;
  }

  /** Records the new name of a namespace, for its removal. */
  renamed(from: string, to: string): void {
    this.#namespaces.delete(from);
    this.#namespaces.add(to);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const namespace of this.#namespaces) {
      const path = `${NAMESPACES}/${encodeURIComponent(namespace)}`;
      const { status } = await this.delete(path, "admin");
      if (status !== 403) continue;
      await this.put(path, { namespace }, "admin");
      await this.delete(path, "admin");
    }
    for (const id of this.#images) {
      const { status } = await this.delete(`/v2/images/${id}`, "admin");
      if (status !== 403) continue;
      await this.patch(id, [{ op: "replace", path: "/protected", value: false }], "admin");
      await this.delete(`/v2/images/${id}`, "admin");
    }
  }
}

function receivedOf(response: Response, bytes: Uint8Array<ArrayBuffer>): ReceivedResponse {
  const text = new TextDecoder().decode(bytes);
  return {
    status: response.status,
    headers: response.headers,
    text,
    bytes,
    get json() {
      const value: unknown = JSON.parse(text);
      if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
      throw new Error(`not a JSON object: ${text}`);
    },
  };
}
