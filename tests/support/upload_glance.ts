/** A Glance that takes uploads of one image, or fails at it as it is told. */
import { joined } from "./bodies.ts";
import { digest, ID } from "./image.ts";
import { empty, failure, refused, seen, type SeenRequest, silence } from "./scripted_fetch.ts";

/** What a PUT of data meets. */
export type Fate = (glance: UploadGlance, put: Put) => Promise<Response>;

/** A PUT of data that is under way. */
export class Put {
  readonly request: SeenRequest;
  readonly chunks: Uint8Array<ArrayBuffer>[] = [];
  /** Whether the body came to its end: of one that broke, nobody may think that it is whole. */
  isWhole = false;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>> | undefined;

  constructor(request: SeenRequest) {
    this.request = request;
    this.#reader = new Response(request.body).body?.getReader();
    request.signal.addEventListener("abort", () => this.giveUp(request.signal.reason));
  }

  get bytes(): Uint8Array<ArrayBuffer> {
    return joined(this.chunks);
  }

  /** Reads the body to its end, or until at least so many bytes are there. */
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

  /** Closes the connection of this side. */
  giveUp(reason: unknown): void {
    this.#reader?.cancel(reason).catch(() => {});
  }
}

/** The server. */
export class UploadGlance {
  readonly requests: SeenRequest[] = [];
  readonly puts: Put[] = [];
  /** What it says of the image; null where there is none. */
  record: Record<string, unknown> | null = { id: ID, status: "queued", size: null };
  readonly #fates: Fate[];
  /** Called before each answer with the record. */
  onShow: (glance: UploadGlance) => void = () => {};
  /** What a DELETE meets. */
  onDelete: () => Response = () => {
    this.record = null;
    return empty();
  };

  /** `fates` are those of the PUTs in their order; the ones behind the last are well taken. */
  constructor(fates: readonly Fate[] = []) {
    this.#fates = [...fates];
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

  /** What was asked, in order, without the id. */
  get asked(): string[] {
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
    return await (this.#fates.shift() ?? stored)(this, put);
  }
}

/** All is well. */
export const stored: Fate = async (glance, put) => {
  glance.store((await put.take()).bytes);
  return empty();
};

/** All is well, but the answer is lost. */
export const lostAnswer: Fate = async (glance, put) => {
  glance.store((await put.take()).bytes);
  throw refused();
};

/** The connection breaks after so many bytes, of which nothing is kept. */
export function cutAfter(bytes: number): Fate {
  return async (_, put) => {
    await put.take(bytes);
    put.giveUp("cut");
    throw new TypeError("connection reset");
  };
}

/** An answer that comes after so many bytes. */
export function answerAfter(bytes: number, status: number): Fate {
  return async (_, put) => {
    await put.take(bytes);
    put.giveUp("answered");
    return status < 300 ? empty(status) : failure(status);
  };
}

/** Nothing more is taken after so many bytes, and nothing is said. */
export function stallAfter(bytes: number): Fate {
  return async (_, put) => {
    await put.take(bytes);
    return await silence(put.request);
  };
}
