/**
 * Two servers with shared images on real sockets, and a fault for each upload, in order. Like Glance, they
 * keep an image `queued` until its data is complete.
 */
import { createHash } from "node:crypto";
import { type RawConnection, type RawRequest, RawServer } from "./raw_server.ts";

/** An upload that the server may read. */
export interface Upload {
  readonly connection: RawConnection;
  /** Reads `limit` bytes of the body; returns whether the body ended before. */
  take(limit?: number): Promise<boolean>;
  /** Stores the bytes read so far as the data of the image. */
  store(): void;
  /** The same, after `polls` requests for the record returned `saving`. */
  storeAfter(polls: number): void;
  /** Settled when the image is no longer `saving`. */
  readonly stored: Promise<void>;
}

/** Responds to an upload; true if the connection stays open for another request. */
export type UploadFault = (upload: Upload) => Promise<boolean>;

/** Reads the whole body. */
const takeAll: UploadFault = async ({ connection, take, store }) => {
  if (!await take()) return false;
  store();
  await connection.start("204 No Content");
  return true;
};

/** Breaks the connection after `size` bytes. */
export const resetAfter = (size: number): UploadFault => async ({ connection, take }) => {
  await take(size);
  return await connection.reset();
};

/** Ends its sending side after `size` bytes. */
export const endAfter = (size: number): UploadFault => async ({ connection, take }) => {
  await take(size);
  return await connection.end();
};

/** Reads at most `size` bytes, and does not respond. */
export const stopReadingAfter =
  (size: number, gone: Promise<void>): UploadFault => async ({ take }) => {
    await take(size);
    await gone;
    return false;
  };

/** Acknowledges the data after `size` bytes, which become the data of the image if it `stores` them. */
export const acknowledgeAfter =
  (size: number, stores: boolean): UploadFault => async ({ connection, take, store }) => {
    await take(size);
    if (stores) store();
    await connection.start("204 No Content", "connection: close");
    return await connection.end();
  };

/** Rejects after `size` bytes, and reads the rest. */
export const refuseAfter =
  (size: number, status: string): UploadFault => async ({ connection, take }) => {
    await take(size);
    await connection.json(status, { message: "too much" }, "connection: close");
    return await connection.end();
  };

/** Rejects after `size` bytes, and closes the connection without reading the rest. */
export const refuseAndCloseAfter =
  (size: number, status: string): UploadFault => async ({ connection, take }) => {
    await take(size);
    await connection.json(status, { message: "too much" }, "connection: close");
    return await connection.reset();
  };

/** Responds as a proxy and closes the connection, while Glance is `saving` for `polls` requests. */
export const respondWhileSaving =
  (status: string, polls: number): UploadFault => async ({ connection, take, storeAfter }) => {
    await take();
    storeAfter(polls);
    await connection.json(status, { message: "proxy" }, "connection: close");
    return await connection.end();
  };

/** Responds after Glance was `saving` for `polls` requests. */
export const respondAfterSaving =
  (polls: number): UploadFault => async ({ connection, take, storeAfter, stored }) => {
    await take();
    storeAfter(polls);
    await stored;
    await connection.start("204 No Content");
    return true;
  };

/** Sends an unrequested `100 Continue` before the body and in the middle of it. */
export const continueAt = (size: number): UploadFault => async ({ connection, take, store }) => {
  await connection.start("100 Continue");
  await take(size);
  await connection.start("100 Continue");
  await take();
  store();
  await connection.start("204 No Content", "connection: close");
  return false;
};

/** Reads everything, and never responds. */
export const neverRespond: UploadFault = async ({ connection, take }) => {
  await take();
  return await connection.waitForClose();
};

/** Stores the data, and closes the connection instead of a response. */
export const storeWithoutResponse: UploadFault = async ({ connection, take, store }) => {
  if (await take()) store();
  return await connection.end();
};

/** Stores a byte that differs from the one sent. */
export const storeOther: UploadFault = async ({ connection, take, store }) => {
  await take(1);
  store();
  await take();
  await connection.start("204 No Content");
  return true;
};

interface StoredImage {
  readonly fields: Record<string, unknown>;
  data: Uint8Array | null;
  /** Requests for the record that still return `saving`. */
  savingPolls: number;
  readonly stored: PromiseWithResolvers<void>;
}

/** The servers. */
export class UploadServers implements AsyncDisposable {
  /** What is stored, by id. */
  readonly images = new Map<string, StoredImage>();
  readonly #arrival = Promise.withResolvers<void>();
  readonly #plan: UploadFault[];
  readonly #lostCreations: number;
  readonly #uploads: Promise<boolean>[] = [];
  readonly #bodies: Body[] = [];
  readonly #lengths: (string | null)[] = [];
  readonly #servers = [0, 1].map(() =>
    new RawServer((connection, request) => this.#respond(connection, request))
  );
  #created = 0;

  /** The responses to the first `lostCreations` creations are lost. */
  constructor(plan: readonly UploadFault[], lostCreations = 0) {
    this.#plan = [...plan];
    this.#lostCreations = lostCreations;
  }

  /** Their roots. */
  get urls(): string[] {
    return this.#servers.map(({ url }) => url);
  }

  /** Resolves when the first upload has arrived. */
  get arrival(): Promise<void> {
    return this.#arrival.promise;
  }

  /** The data of the only image. */
  get onlyData(): Uint8Array | null {
    const [image, ...others] = this.images.values();
    if (image === undefined || others.length > 0) throw new Error("There is not one image");
    return image.data;
  }

  /** Waits for the end of each upload, and returns how many bodies were complete and how many not. */
  async ended(): Promise<{ whole: number; broken: number }> {
    await Promise.allSettled(this.#uploads);
    const whole = this.#bodies.filter(({ isWhole }) => isWhole).length;
    return { whole, broken: this.#bodies.length - whole };
  }

  /** The `content-length` of each upload. */
  get lengths(): readonly (string | null)[] {
    return this.#lengths;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { stored } of this.images.values()) stored.resolve();
    await Promise.all(this.#servers.map((server) => server[Symbol.asyncDispose]()));
  }

  async #respond(connection: RawConnection, request: RawRequest): Promise<boolean> {
    const [, , , id = "", isData] = request.path.split("/");
    if (request.method === "POST") return await this.#create(connection, request);
    const image = this.images.get(id);
    if (image === undefined) return await connection.json("404 Not Found", {});
    if (isData !== undefined) return await this.#noted(this.#upload(connection, request, image));
    if (request.method === "GET") {
      const record = recordOf(image);
      if (image.savingPolls > 0 && --image.savingPolls === 0) image.stored.resolve();
      return await connection.json("200 OK", record);
    }
    this.images.delete(id);
    await connection.start("204 No Content");
    return true;
  }

  async #create(connection: RawConnection, request: RawRequest): Promise<boolean> {
    const body = new Body(connection, request.headers);
    await body.take(Infinity);
    const fields = JSON.parse(new TextDecoder().decode(body.bytes));
    if (this.images.has(fields.id)) return await connection.json("409 Conflict", {});
    const stored = Promise.withResolvers<void>();
    const image = { fields, data: null, savingPolls: 0, stored };
    this.images.set(fields.id, image);
    if (this.#created++ < this.#lostCreations) return await connection.reset();
    return await connection.json("201 Created", recordOf(image));
  }

  async #upload(
    connection: RawConnection,
    { headers }: RawRequest,
    image: StoredImage,
  ): Promise<boolean> {
    const body = new Body(connection, headers);
    this.#bodies.push(body);
    this.#lengths.push(headers.get("content-length"));
    this.#arrival.resolve();
    const fault = this.#plan.shift() ?? takeAll;
    return await fault({
      connection,
      take: (limit = Infinity) => body.take(limit),
      store: () => void (image.data = body.bytes),
      storeAfter: (polls) => {
        image.data = body.bytes;
        image.savingPolls = polls;
      },
      stored: image.stored.promise,
    });
  }

  #noted(upload: Promise<boolean>): Promise<boolean> {
    this.#uploads.push(upload);
    return upload;
  }
}

function recordOf({ fields, data, savingPolls }: StoredImage): Record<string, unknown> {
  if (savingPolls > 0) return { ...fields, status: "saving", size: null };
  if (data === null) return { ...fields, status: "queued", size: null };
  const os_hash_value = createHash("sha512").update(data).digest("hex");
  const facts = { size: data.byteLength, os_hash_algo: "sha512", os_hash_value };
  return { ...fields, ...facts, status: "active" };
}

/** The body of a request, by its length or in chunks. */
export class Body {
  readonly #connection: RawConnection;
  readonly #isChunked: boolean;
  readonly #parts: Uint8Array[] = [];
  #size = 0;
  /** Announced bytes that have not arrived. */
  #left = 0;
  #hasBegun = false;
  #isWhole = false;

  constructor(connection: RawConnection, headers: Headers) {
    this.#connection = connection;
    this.#isChunked = headers.get("transfer-encoding") === "chunked";
    this.#left = Number(headers.get("content-length") ?? 0);
  }

  /** Whether all of it has arrived, with a valid end. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** The received bytes. */
  get bytes(): Uint8Array {
    const all = new Uint8Array(this.#size);
    this.#parts.reduce((offset, part) => (all.set(part, offset), offset + part.byteLength), 0);
    return all;
  }

  /** Reads until the body is complete, breaks, or has `limit` bytes; returns whether it is complete. */
  async take(limit: number): Promise<boolean> {
    // The last byte of the head is read with the body: see `RawConnection.head`.
    if (!this.#hasBegun) await this.#connection.line();
    this.#hasBegun = true;
    while (!this.#isWhole && this.#size < limit) {
      if (this.#left === 0 && !await this.#nextChunk()) break;
      if (this.#isWhole) break;
      const bytes = await this.#connection.read(Math.min(65_536, this.#left, limit - this.#size))
        .catch(() => null);
      if (bytes === null) break;
      this.#parts.push(bytes);
      this.#size += bytes.byteLength;
      this.#left -= bytes.byteLength;
      if (this.#left > 0) continue;
      if (this.#isChunked) await this.#connection.line();
      else this.#isWhole = true;
    }
    return this.#isWhole;
  }

  /** False if no byte and no end has arrived. */
  async #nextChunk(): Promise<boolean> {
    if (!this.#isChunked) return this.#isWhole = true;
    const line = await this.#connection.line().catch(() => "");
    if (!/^[0-9a-f]+$/i.test(line)) return false;
    this.#left = parseInt(line, 16);
    if (this.#left > 0) return true;
    await this.#connection.line();
    return this.#isWhole = true;
  }
}
