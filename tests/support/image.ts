/** One image, and the responses of a Glance about it. */
import { createHash } from "node:crypto";
import { type BodyStep, FakeBody } from "./bodies.ts";
import type { SeenRequest, Step } from "./scripted_fetch.ts";
import { seededBytes } from "./seed.ts";

/** The id of the one image. */
export const ID = "42";

/** Its bytes. */
export const BYTES: Uint8Array<ArrayBuffer> = seededBytes(42, 10_000);

/** A context with a valid token. */
export const CALLER = { authToken: "token" };

/** A digest in hexadecimal. */
export function digest(algorithm: string, bytes: Uint8Array): string {
  return createHash(algorithm).update(bytes).digest("hex");
}

/** The record of an image with these bytes. */
export function recordOf(
  bytes: Uint8Array,
  rest: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> & { id: string; status: string } {
  return {
    id: ID,
    status: "active",
    size: bytes.byteLength,
    checksum: digest("md5", bytes),
    os_hash_algo: "sha512",
    os_hash_value: digest("sha512", bytes),
    ...rest,
  };
}

/** A response with the record. */
export function record(rest: Readonly<Record<string, unknown>> = {}, bytes = BYTES): Step {
  return () => Response.json(recordOf(bytes, rest));
}

/** The fields that are null for an image without a hash. */
export const UNHASHED = { checksum: null, os_hash_algo: null, os_hash_value: null };

/** Options of a response with data. */
export interface DataOptions {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly isByteStream?: boolean;
}

/** Creates responses with data, and keeps their bodies for inspection. */
export class Served {
  /** In the order of their requests. */
  readonly bodies: FakeBody[] = [];

  /** A response whose body performs these steps; by default with the headers of the whole image. */
  data(
    steps: readonly BodyStep[],
    { status = 200, headers = {}, isByteStream = true }: DataOptions = {},
  ): Step {
    return ({ signal }: SeenRequest) => {
      const body = new FakeBody(steps, { isByteStream, signal });
      this.bodies.push(body);
      return new Response(body.stream, { status, headers });
    };
  }

  /** The whole image, with its length. */
  whole(bytes = BYTES, options: DataOptions = {}): Step {
    const headers = { "content-length": String(bytes.byteLength), ...options.headers };
    return this.data(chunksOf(bytes), { ...options, headers });
  }

  /** The requested bytes, as a correct server sends them. */
  part(bytes = BYTES, headers: Readonly<Record<string, string>> = {}): Step {
    return (request) => {
      const [start, end] = rangeOf(request, bytes.byteLength);
      const body = bytes.slice(start, end + 1);
      return this.#respond(request, body, {
        "content-range": `bytes ${start}-${end}/${bytes.byteLength}`,
        "content-length": String(body.byteLength),
        "content-md5": digest("md5", bytes),
        ...headers,
      });
    };
  }

  /** Whether all bodies are closed. */
  get areOver(): boolean {
    return this.bodies.every(({ isOver }) => isOver);
  }

  #respond(request: SeenRequest, bytes: Uint8Array<ArrayBuffer>, headers: HeadersInit): Response {
    const body = new FakeBody(chunksOf(bytes), { signal: request.signal });
    this.bodies.push(body);
    return new Response(body.stream, { status: 206, headers });
  }
}

/** Bytes in chunks whose size divides no other size. */
export function chunksOf(bytes: Uint8Array<ArrayBuffer>, size = 997): Uint8Array<ArrayBuffer>[] {
  const count = Math.ceil(bytes.byteLength / size);
  return Array.from({ length: count }, (_, i) => bytes.slice(i * size, (i + 1) * size));
}

/** The requested range, both ends inclusive. */
export function rangeOf({ headers }: SeenRequest, size: number): [start: number, end: number] {
  const [, start, end] = /^bytes=(\d+)-(\d*)$/.exec(headers.get("range") ?? "") ?? [];
  if (start === undefined) throw new Error("no range was asked for");
  return [Number(start), end ? Math.min(Number(end), size - 1) : size - 1];
}
