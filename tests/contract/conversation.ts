/**
 * One check's talk with a cloud, in raw HTTP: requests by any of the callers, and the removal of
 * every image and every namespace of metadata definitions that the check has made.
 */

import type { Target, Who } from "./target.ts";

/** An answer, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The body, which must be a JSON object. */
  readonly json: Record<string, unknown>;
}

/** What goes with a request. */
export interface Extras {
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it is. */
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
  /** Unlike in any other check, and safe in a URL. */
  readonly mark: string = `contract-${crypto.randomUUID().slice(0, 8)}`;
  readonly #images: Set<string> = new Set();
  readonly #namespaces: Set<string> = new Set();

  constructor(target: Target) {
    this.target = target;
  }

  /** Sends a request and reads the answer; null is a caller without a token. */
  async send(who: Who | null, method: string, path: string, extras: Extras = {}): Promise<Answer> {
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
    return answerOf(response, new Uint8Array(await response.arrayBuffer()));
  }

  get(path: string, who: Who | null = "alice", headers: Record<string, string> = {}) {
    return this.send(who, "GET", path, { headers });
  }

  post(path: string, json: unknown, who: Who = "alice", headers: Record<string, string> = {}) {
    return this.send(who, "POST", path, { json, headers });
  }

  put(path: string, json: unknown, who: Who = "alice"): Promise<Answer> {
    return this.send(who, "PUT", path, { json });
  }

  delete(path: string, who: Who = "alice"): Promise<Answer> {
    return this.send(who, "DELETE", path);
  }

  patch(
    id: string,
    operations: unknown,
    who: Who = "alice",
    type: string = JSON_PATCH,
  ): Promise<Answer> {
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

  /** `POST /v2/images`, as it is answered; a made image is removed at the end. */
  async create(json: unknown, who: Who = "alice"): Promise<Answer> {
    const answer = await this.post("/v2/images", json, who);
    if (answer.status === 201) this.#images.add(String(answer.json["id"]));
    return answer;
  }

  /** Has an image that something else has made removed at the end. */
  removeAtEnd(id: string): void {
    this.#images.add(id);
  }

  /** A new image, raw and bare unless `meta` says otherwise, named by the mark. */
  async image(meta: Record<string, unknown> = {}, who: Who = "alice"): Promise<ImageJson> {
    const answer = await this.create(
      { name: this.mark, disk_format: "raw", container_format: "bare", ...meta },
      who,
    );
    if (answer.status !== 201) throw new Error(`no image: ${answer.status} ${answer.text}`);
    return answer.json as ImageJson;
  }

  /** A new image with data. */
  async imageWith(body: BodyInit, meta: Record<string, unknown> = {}): Promise<ImageJson> {
    const { id } = await this.image(meta);
    const answer = await this.upload(id, body);
    if (answer.status !== 204) throw new Error(`no data: ${answer.status} ${answer.text}`);
    return await this.show(id);
  }

  /** The image as it is now. */
  async show(id: string, who: Who = "alice"): Promise<ImageJson> {
    const answer = await this.get(`/v2/images/${id}`, who);
    if (answer.status !== 200) throw new Error(`no image: ${answer.status} ${answer.text}`);
    return answer.json as ImageJson;
  }

  /** The image as soon as `isThere` holds; imports go on after their answer. */
  async until(id: string, isThere: (image: ImageJson) => boolean): Promise<ImageJson> {
    const deadline = Date.now() + 20_000;
    for (;;) {
      const image = await this.show(id);
      if (isThere(image)) return image;
      if (Date.now() > deadline) throw new Error(`image ${id} stays ${JSON.stringify(image)}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Names of the listed images, without the mark that they begin with. */
  async names(query: string, who: Who = "alice"): Promise<string[]> {
    const answer = await this.get(`/v2/images?mark=${this.mark}&${query}`, who);
    if (answer.status !== 200) throw new Error(`no list: ${answer.status} ${answer.text}`);
    const images = answer.json["images"] as { name: string }[];
    return images.map(({ name }) => name.replace(`${this.mark}-`, ""));
  }

  /** Images that {@linkcode names} finds: `<mark>-<name>` for each key, in order of creation. */
  async images(metas: Record<string, Record<string, unknown>>): Promise<Record<string, string>> {
    const ids: Record<string, string> = {};
    for (const [name, meta] of Object.entries(metas)) {
      const image = await this.image({ name: `${this.mark}-${name}`, mark: this.mark, ...meta });
      ids[name] = image.id;
    }
    return ids;
  }

  /**
   * `POST /v2/metadefs/namespaces` by the administrator, as it is answered; named by the mark unless
   * `body` says otherwise, and removed at the end.
   */
  async define(body: Record<string, unknown> = {}): Promise<Answer> {
    const namespace = { namespace: this.mark, ...body };
    const answer = await this.post(NAMESPACES, namespace, "admin");
    if (answer.status === 201) this.#namespaces.add(String(answer.json["namespace"]));
    return answer;
  }

  /** The path of a new public namespace. */
  async namespace(body: Record<string, unknown> = {}): Promise<string> {
    const answer = await this.define({ visibility: "public", ...body });
    if (answer.status !== 201) throw new Error(`no namespace: ${answer.status} ${answer.text}`);
    return `${NAMESPACES}/${encodeURIComponent(String(answer.json["namespace"]))}`;
  }

  /** Says that a namespace has another name now. */
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

function answerOf(response: Response, bytes: Uint8Array<ArrayBuffer>): Answer {
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
