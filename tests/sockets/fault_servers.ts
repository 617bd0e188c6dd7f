/**
 * Two servers of one image on real sockets, and a third that is not configured. A plan has a fault for each
 * request for data, in order; later requests are served correctly.
 */
import { createHash } from "node:crypto";
import { seededBytes } from "../support/seed.ts";
import { type DataRequest, type Fault, healthy } from "./faults.ts";
import { type RawConnection, type RawRequest, RawServer } from "./raw_server.ts";

/** The id of the one image. */
export const IMAGE_ID = "0f6f3b1e-8c5d-4d6a-9a07-3d6b6f0b7c11";

/** Bytes of the image: more than one read returns, less than the socket buffers hold. */
export const IMAGE_SIZE = 400_001;

const IMAGE = seededBytes(42, IMAGE_SIZE);

/** The range that probes whether a store supports ranges. */
const PROBE = "bytes=0-0";

/** The servers. */
export class FaultServers implements AsyncDisposable {
  readonly image: Uint8Array = IMAGE;
  readonly sha512: string = createHash("sha512").update(IMAGE).digest("hex");
  /** The range of each request for data, in order of arrival. */
  readonly ranges: (string | null)[] = [];
  /** Connections to the server that is not configured. */
  foreignConnections = 0;
  /** Sum of the sent bytes of the image. */
  sent = 0;
  readonly #plan: Fault[];
  readonly #servers = [
    new RawServer((connection, request) => this.#respond(connection, request)),
    new RawServer((connection, request) => this.#respond(connection, request)),
  ];
  readonly #foreign = new RawServer((connection) => {
    this.foreignConnections++;
    return connection.json("200 OK", {});
  });
  #token = "token-1";

  constructor(plan: readonly Fault[]) {
    this.#plan = [...plan];
  }

  /** Their roots. */
  get urls(): string[] {
    return this.#servers.map(({ url }) => url);
  }

  /** A context whose token the servers accept until it is rejected. */
  get context(): { authToken: string; renew(): Promise<{ authToken: string }> } {
    return {
      authToken: this.#token,
      renew: () => Promise.resolve({ ...this.context, authToken: this.#token }),
    };
  }

  /** Planned faults that have not happened. */
  get unusedFaults(): number {
    return this.#plan.length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#servers, this.#foreign].map((s) => s[Symbol.asyncDispose]()));
  }

  async #respond(connection: RawConnection, { path, headers }: RawRequest): Promise<boolean> {
    if (headers.get("x-auth-token") !== this.#token) {
      return await connection.json("401 Unauthorized", {});
    }
    if (!path.endsWith("/file")) return await connection.json("200 OK", this.#record());
    const range = headers.get("range");
    if (range === PROBE) return await healthy(this.#dataRequest(connection, range));
    const fault = this.#plan.shift() ?? healthy;
    this.ranges.push(range);
    return await fault({
      ...this.#dataRequest(connection, range),
      send: async (bytes) => {
        this.sent += bytes.byteLength;
        await connection.write(bytes);
      },
    });
  }

  #dataRequest(connection: RawConnection, range: string | null): DataRequest {
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(range ?? "") ?? [];
    return {
      connection,
      send: (bytes) => connection.write(bytes),
      image: this.image,
      start: Number(first ?? 0),
      stop: Number(last ?? IMAGE_SIZE - 1) + 1,
      isRange: range !== null,
      foreign: this.#foreign.url,
      expireToken: () => void (this.#token = "token-2"),
    };
  }

  #record(): Record<string, unknown> {
    return {
      id: IMAGE_ID,
      status: "active",
      visibility: "public",
      size: IMAGE_SIZE,
      os_hash_algo: "sha512",
      os_hash_value: this.sha512,
    };
  }
}
