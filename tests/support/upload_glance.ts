/**
 * A fake Glance for uploads of one image, with planned failures: it can keep a record in any state for any
 * time and report other data than it received, which the embedded Glance cannot.
 */
import { concat } from "../../lib/concat.ts";
import { digest, ID } from "./image.ts";
import { empty, failure, refused, seen, type SeenRequest, silence } from "./scripted_fetch.ts";

/** The outcome of a PUT of data. */
export type PutHandler = (glance: UploadGlance, put: Put) => Promise<Response>;

/** A PUT of data in progress. */
export class Put {
  readonly request: SeenRequest;
  readonly chunks: Uint8Array<ArrayBuffer>[] = [];
  /** Whether the body ended; a broken body must not count as complete. */
  isWhole = false;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>> | undefined;

  constructor(request: SeenRequest) {
    this.request = request;
    this.#reader = new Response(request.body).body?.getReader();
    request.signal.addEventListener("abort", () => this.giveUp(request.signal.reason));
  }

  get bytes(): Uint8Array<ArrayBuffer> {
    return concat(this.chunks);
  }

  /** Reads the body to its end, or until `bytes` bytes have arrived. */
  async take(bytes = Infinity): Promise<this> {
    for (let count = 0; count < bytes;) {
      const { done, value } = await this.#reader?.read() ?? { done: true };
      this.request.signal.throwIfAborted();
      this.isWhole = done;
      if (value === undefined) break;
      this.chunks.push(value);
      count += value.byteLength;
    }
    return this;
  }

  /** Closes the connection from the server side. */
  giveUp(reason: unknown): void {
    this.#reader?.cancel(reason).catch(() => {});
  }
}

/** The server. */
export class UploadGlance {
  readonly requests: SeenRequest[] = [];
  readonly puts: Put[] = [];
  /** The image record; null if there is none. */
  record: Record<string, unknown> | null = {
    id: ID,
    status: "queued",
    size: null,
    disk_format: "raw",
    container_format: "bare",
  };
  readonly #handlers: PutHandler[];
  /** Called before each response with the record. */
  onShow: (glance: UploadGlance) => void = () => {};
  /** The outcome of a DELETE. */
  onDelete: () => Response = () => {
    this.record = null;
    return empty();
  };

  /** `handlers` are the outcomes of the PUTs, in order; later PUTs succeed. */
  constructor(handlers: readonly PutHandler[] = []) {
    this.#handlers = [...handlers];
  }

  readonly fetch = async (input: string, init: RequestInit): Promise<Response> => {
    const request = seen(input, init);
    request.signal.throwIfAborted();
    this.requests.push(request);
    if (request.method === "POST") return await this.#create(request);
    if (request.method === "DELETE") return this.onDelete();
    if (request.method === "PATCH") return Response.json(this.record);
    if (request.method === "PUT") return await this.#put(request);
    this.onShow(this);
    return this.record === null ? failure(404) : Response.json(this.record);
  };

  /** The requests, in order, without the image id. */
  get requested(): string[] {
    return this.requests.map(({ method, path }) => `${method} ${path.split("/").at(-1)}`);
  }

  /** Makes bytes the data of the image. */
  store(bytes: Uint8Array, rest: Readonly<Record<string, unknown>> = {}): void {
    this.record = {
      ...this.record,
      status: "active",
      size: bytes.byteLength,
      checksum: digest("md5", bytes),
      os_hash_algo: "sha512",
      os_hash_value: digest("sha512", bytes),
      ...rest,
    };
  }

  async #create({ body }: SeenRequest): Promise<Response> {
    const image = await new Response(body).json();
    this.record = { ...this.record, ...image };
    return Response.json(this.record, { status: 201 });
  }

  async #put(request: SeenRequest): Promise<Response> {
    const put = new Put(request);
    this.puts.push(put);
    return await (this.#handlers.shift() ?? stored)(this, put);
  }
}

/** The PUT succeeds. */
export const stored: PutHandler = async (glance, put) => {
  glance.store((await put.take()).bytes);
  return empty();
};

/** The PUT succeeds, but the response is lost. */
export const lostResponse: PutHandler = async (glance, put) => {
  glance.store((await put.take()).bytes);
  throw refused();
};

/** The connection breaks after `bytes` bytes, none of which are kept. */
export function cutAfter(bytes: number): PutHandler {
  return async (_, put) => {
    await put.take(bytes);
    put.giveUp("cut");
    throw new TypeError("connection reset");
  };
}

/** Responds after `bytes` bytes. */
export function respondAfter(bytes: number, status: number): PutHandler {
  return async (_, put) => {
    await put.take(bytes);
    put.giveUp("answered");
    return status < 300 ? empty(status) : failure(status);
  };
}

/** Stops reading after `bytes` bytes and never responds. */
export function stallAfter(bytes: number): PutHandler {
  return async (_, put) => {
    await put.take(bytes);
    return await silence(put.request);
  };
}
