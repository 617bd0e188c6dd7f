/**
 * A server with one image and faults chosen by a seed: in its records, its data, and its uploads. It keeps
 * acknowledged uploads, so that a test can compare them with what was sent.
 */
import { createHash } from "node:crypto";
import { between, pick, seededBytes } from "../support/seed.ts";
import {
  announceOtherLength,
  announceTwoLengths,
  closeWithoutResponse,
  type DataRequest,
  delimitByClose,
  exceedLength,
  type Fault,
  flipBit,
  healthy,
  labelAsGzip,
  lengthAndChunks,
  omitContentRange,
  redirectElsewhere,
  refuse,
  rejectToken,
  reset,
  sendExtraBytes,
  sendGarbage,
  sendSlowly,
  shiftContentRange,
  stall,
  stallHead,
  truncate,
  truncateChunk,
  wholeAs200,
  wholeAs206,
  wholeAs206InChunks,
  withholdLastChunk,
  withholdLastLine,
} from "./faults.ts";
import { type RawConnection, type RawRequest, RawServer } from "./raw_server.ts";
import { Body } from "./upload_servers.ts";
import { WIRE_FAULTS } from "./wire_faults.ts";

/** Id of the one image that has data. */
export const IMAGE_ID = "0f6f3b1e-8c5d-4d6a-9a07-3d6b6f0b7c11";

/** Bytes of the image: more than one read, few enough for thousands of seeds. */
export const IMAGE_SIZE = 70_001;

/** The data of the image. */
export const IMAGE: Uint8Array<ArrayBuffer> = seededBytes(42, IMAGE_SIZE);

const SHA512 = createHash("sha512").update(IMAGE).digest("hex");

const RECORD = {
  id: IMAGE_ID,
  name: "disk",
  status: "active",
  visibility: "public",
  disk_format: "raw",
  container_format: "bare",
  size: IMAGE_SIZE,
  checksum: createHash("md5").update(IMAGE).digest("hex"),
  os_hash_algo: "sha512",
  os_hash_value: SHA512,
};

/** A fault of a server that sends data; `at` is a fraction of the requested bytes. */
const DATA_FAULTS: Readonly<Record<string, (at: number) => Fault>> = {
  reset,
  truncate,
  truncateChunk,
  withholdLastChunk,
  withholdLastLine: () => withholdLastLine,
  delimitByClose,
  delimitAll: () => delimitByClose(1),
  stall,
  sendSlowly: () => sendSlowly(3, 2),
  sendExtraBytes: () => sendExtraBytes,
  exceedLength: () => exceedLength,
  announceTwoLengths: () => announceTwoLengths,
  lengthAndChunks: () => lengthAndChunks,
  announceOtherLength: () => announceOtherLength,
  labelAsGzip: () => labelAsGzip,
  flipBit: () => flipBit,
  startEarly: () => shiftContentRange({ start: -1 }),
  startLate: () => shiftContentRange({ start: 1 }),
  endEarly: () => shiftContentRange({ end: -7 }),
  otherTotal: () => shiftContentRange({ total: 5 }),
  omitContentRange: () => omitContentRange,
  wholeAs206: () => wholeAs206,
  wholeAs206InChunks: () => wholeAs206InChunks,
  wholeAs200: () => wholeAs200,
  busy: () => refuse("503 Busy"),
  badGateway: () => refuse("502 Bad Gateway", "content-type: text/html"),
  missing: () => refuse("404 Not Found"),
  gone: () => refuse("410 Gone"),
  forbidden: () => refuse("403 Forbidden"),
  conflict: () => refuse("409 Conflict"),
  badRequest: () => refuse("400 Bad Request"),
  rangeDenied: () => refuse("416 Range Not Satisfiable"),
  multipleChoices: () => refuse("300 Multiple Choices"),
  noContent: () => ({ connection }) => connection.start("204 No Content").then(() => true),
  rejectToken: () => rejectToken,
  redirectElsewhere: () => redirectElsewhere,
  stallHead: () => stallHead,
  sendGarbage: () => sendGarbage,
  closeWithoutResponse: () => closeWithoutResponse,
  ...Object.fromEntries(
    Object.entries(WIRE_FAULTS).map(([name, fault]) => [
      name,
      () => ({ connection, image, start, stop, isRange }: DataRequest) => {
        const range = `content-range: bytes ${start}-${stop - 1}/${image.byteLength}`;
        const [status, fields] = isRange ? ["206 Partial Content", [range]] : ["200 OK", []];
        return fault(connection, { status, fields, body: image.subarray(start, stop) });
      },
    ]),
  ),
};

/** Bodies that are not the record of an image. */
const RECORD_BODIES: Readonly<Record<string, string>> = {
  empty: "",
  html: "<html>It works!</html>",
  list: "[]",
  nothing: "null",
  object: "{}",
  otherImage: JSON.stringify({ ...RECORD, id: "11111111-1111-4111-8111-111111111111" }),
  cut: JSON.stringify(RECORD).slice(0, 90),
  textSize: JSON.stringify({ ...RECORD, size: "5" }),
  brokenSize: JSON.stringify({ ...RECORD, size: 1.5 }),
  negativeSize: JSON.stringify({ ...RECORD, size: -1 }),
  numericHash: JSON.stringify({ ...RECORD, os_hash_value: 5 }),
  twoSizes: JSON.stringify(RECORD).replace("}", ',"size":7}'),
  hugeSize: JSON.stringify(RECORD).replace(`${IMAGE_SIZE}`, "1e400"),
  unsafeSize: JSON.stringify(RECORD).replace(`${IMAGE_SIZE}`, "9007199254740993"),
  dateOfNumber: JSON.stringify({ ...RECORD, created_at: 5 }),
  deep: "[".repeat(20_000),
  notUtf8: "\u00ff\u00fe{",
};

/** Responses in place of a record, by name. */
const RECORD_FAULTS: Readonly<Record<string, (connection: RawConnection) => Promise<boolean>>> = {
  ...Object.fromEntries(
    Object.entries(RECORD_BODIES).map(([name, body]) => [
      name,
      (connection: RawConnection) => sendText(connection, "200 OK", body),
    ]),
  ),
  busy: (connection) => connection.json("503 Busy", { message: "no" }),
  badGateway: (connection) => sendText(connection, "502 Bad Gateway", "<html>nginx</html>"),
  multipleChoices: (connection) => connection.json("300 Multiple Choices", { versions: [] }),
  missing: (connection) => connection.json("404 Not Found", {}),
  endless: async (connection) => {
    await connection.start("200 OK", "content-type: application/json", "connection: close");
    const block = new TextEncoder().encode(`${" ".repeat(65_535)}[`);
    for (let sent = 0; sent < 512; sent++) await connection.write(block);
    return await connection.end();
  },
  closeWithoutResponse: (connection) => connection.end(),
  reset: (connection) => connection.reset(),
  ...Object.fromEntries(
    Object.entries(WIRE_FAULTS).map(([name, fault]) => [
      name,
      (connection: RawConnection) => {
        const body = new TextEncoder().encode(JSON.stringify(RECORD));
        return fault(connection, {
          status: "200 OK",
          fields: ["content-type: application/json"],
          body,
        });
      },
    ]),
  ),
};

/** Responses to an upload. */
const UPLOAD_FAULTS: readonly string[] = [
  "resetMidway",
  "endMidway",
  "refuseAtOnce",
  "refuseMidway",
  "gatewayTimeout",
  "storeWithoutResponse",
  "storeOther",
  "silent",
  "acknowledgeAtOnce",
];

/** The faults of a server, for the report of a failed seed. */
export type FaultLog = string[];

/** The random choice of faults. */
export interface FaultyServerOptions {
  readonly random: () => number;
  /** Probability that a response is faulty. */
  readonly faultRate: number;
  /** Whether faults that only a hash of the whole image reveals may be chosen. */
  readonly isHashed: boolean;
  readonly faultLog: FaultLog;
}

/** Images that uploads have made, shared by the servers of one cloud. */
export class StoredImages {
  readonly #images = new Map<string, { status: string; data: Uint8Array | null }>();

  /** The status and data of an image; null if it does not exist. */
  get(id: string): { status: string; data: Uint8Array | null } | null {
    return this.#images.get(id) ?? null;
  }

  /** Creates or replaces an image. */
  set(id: string, status: string, data: Uint8Array | null): void {
    this.#images.set(id, { status, data });
  }

  /** Removes an image; false if it does not exist. */
  delete(id: string): boolean {
    return this.#images.delete(id);
  }

  /** The ids of all images. */
  ids(): string[] {
    return [...this.#images.keys()];
  }
}

/** The server. */
export class FaultyServer implements AsyncDisposable {
  /** Connections to the server that is not configured. */
  foreignConnections = 0;
  readonly #options: FaultyServerOptions;
  readonly #stored: StoredImages;
  readonly #server = new RawServer((connection, request) => this.#respond(connection, request));
  readonly #foreign = new RawServer((connection) => {
    this.foreignConnections++;
    return connection.json("200 OK", {});
  });

  constructor(options: FaultyServerOptions, stored: StoredImages) {
    this.#options = options;
    this.#stored = stored;
  }

  /** Its port. */
  get port(): number {
    return Number(new URL(this.#server.url).port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#server, this.#foreign].map((s) => s[Symbol.asyncDispose]()));
  }

  async #respond(connection: RawConnection, request: RawRequest): Promise<boolean> {
    const { method, path } = request;
    const id = /^\/v2\/images\/([^/?]+)/.exec(path)?.[1] ?? null;
    if (method === "POST") return await this.#create(connection, request);
    if (method === "PUT" && id !== null) return await this.#upload(connection, request, id);
    if (method === "DELETE" && id !== null) {
      if (!this.#stored.delete(id)) return await connection.json("404 Not Found", {});
      await connection.start("204 No Content");
      return true;
    }
    if (id !== IMAGE_ID) {
      const image = id === null ? null : this.#stored.get(id);
      if (image === null) return await connection.json("404 Not Found", {});
      return await connection.json("200 OK", recordOf(id ?? "", image));
    }
    return path.includes("/file")
      ? await this.#data(connection, request)
      : await this.#record(connection);
  }

  /** The name of a fault, or null for a correct response. */
  #choose(names: readonly string[], what: string): string | null {
    const { random, faultRate, faultLog } = this.#options;
    if (random() >= faultRate) return null;
    const name = pick(random, names);
    faultLog.push(`${what}: ${name}`);
    return name;
  }

  async #record(connection: RawConnection): Promise<boolean> {
    const name = this.#choose(Object.keys(RECORD_FAULTS), "record");
    const fault = name === null ? null : RECORD_FAULTS[name];
    return fault ? await fault(connection) : await connection.json("200 OK", RECORD);
  }

  async #data(connection: RawConnection, { headers }: RawRequest): Promise<boolean> {
    const { random, isHashed } = this.#options;
    const names = Object.keys(DATA_FAULTS).filter((name) => isHashed || name !== "flipBit");
    const name = this.#choose(names, `data ${headers.get("range") ?? ""}`);
    const fault = name === null ? healthy : DATA_FAULTS[name]?.(random()) ?? healthy;
    return await fault(this.#dataRequest(connection, headers.get("range")));
  }

  #dataRequest(connection: RawConnection, range: string | null): DataRequest {
    const [, first = "0", last = ""] = /^bytes=(\d+)-(\d*)$/.exec(range ?? "") ?? [];
    return {
      connection,
      send: (bytes) => connection.write(bytes),
      image: IMAGE,
      start: Number(first),
      stop: last === "" ? IMAGE_SIZE : Number(last) + 1,
      isRange: range !== null,
      foreign: this.#foreign.url,
      expireToken: () => {},
    };
  }

  async #create(connection: RawConnection, request: RawRequest): Promise<boolean> {
    const body = await bodyOf(connection, request, Infinity);
    if (body === null) return false;
    const id = /"id":"([^"]+)"/.exec(new TextDecoder().decode(body))?.[1];
    if (id === undefined) return await connection.json("400 Bad Request", {});
    if (this.#stored.get(id) !== null) return await connection.json("409 Conflict", {});
    this.#stored.set(id, "queued", null);
    return await connection.json("201 Created", recordOf(id, { status: "queued", data: null }));
  }

  async #upload(connection: RawConnection, request: RawRequest, id: string): Promise<boolean> {
    const { random } = this.#options;
    const name = this.#choose(UPLOAD_FAULTS, "upload");
    const image = this.#stored.get(id);
    if (image === null) return await this.#refuseUpload(connection, "404 Not Found");
    if (image.status !== "queued") return await this.#refuseUpload(connection, "409 Conflict");
    if (name === "refuseAtOnce") return await this.#refuseUpload(connection, "503 Busy");
    if (name === "acknowledgeAtOnce") {
      await connection.start("204 No Content", "connection: close");
      return await connection.end();
    }
    const midway = name?.endsWith("Midway") ? between(random, 0, 30_000) : Infinity;
    const body = await bodyOf(connection, request, midway);
    if (name === "resetMidway") return await connection.reset();
    if (name === "endMidway") return await connection.end();
    if (name === "refuseMidway") return await this.#refuseUpload(connection, "413 Too Large");
    if (body === null) return false;
    if (name === "storeOther") body[0] = (body[0] ?? 0) ^ 1;
    this.#stored.set(id, "active", body);
    if (name === "storeWithoutResponse") return await connection.end();
    if (name === "silent") return await connection.waitForClose();
    if (name === "gatewayTimeout") return await sendText(connection, "504 Gateway Timeout", "late");
    await connection.start("204 No Content");
    return true;
  }

  async #refuseUpload(connection: RawConnection, status: string): Promise<boolean> {
    await connection.json(status, { message: "no" }, "connection: close");
    return await connection.end();
  }
}

function recordOf(
  id: string,
  { status, data }: { status: string; data: Uint8Array | null },
): Record<string, unknown> {
  const hash = (name: string) => data === null ? null : createHash(name).update(data).digest("hex");
  return {
    id,
    status,
    visibility: "shared",
    disk_format: "raw",
    container_format: "bare",
    size: data?.byteLength ?? null,
    checksum: hash("md5"),
    os_hash_algo: data === null ? null : "sha512",
    os_hash_value: hash("sha512"),
  };
}

/** The body of a request; null if it ended early or after `limit` bytes. */
async function bodyOf(
  connection: RawConnection,
  { headers }: RawRequest,
  limit: number,
): Promise<Uint8Array | null> {
  const isSent = headers.has("content-length") || headers.has("transfer-encoding");
  if (!isSent) return new Uint8Array();
  const body = new Body(connection, headers);
  return await body.take(limit) ? body.bytes : null;
}

async function sendText(connection: RawConnection, status: string, body: string): Promise<true> {
  const bytes = Uint8Array.from(body, (char) => char.charCodeAt(0));
  await connection.start(status, "content-type: text/html", `content-length: ${bytes.byteLength}`);
  await connection.write(bytes);
  return true;
}
