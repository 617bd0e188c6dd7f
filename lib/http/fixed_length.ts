/**
 * Bodies of known length, and what each runtime needs to send one: a stream alone is sent in chunks on
 * Deno and workerd, and not at all by most browsers.
 *
 * @module
 */

/** What tells the runtimes apart. */
interface StreamRuntime {
  readonly FixedLengthStream?: new (length: number) => TransformStream<
    Uint8Array<ArrayBuffer>,
    Uint8Array<ArrayBuffer>
  >;
  readonly Deno?: unknown;
  readonly navigator?: { readonly userAgent?: string };
}

/** Whether this is workerd, or a runtime that does as it does. */
export function isWorkerd(): boolean {
  return (globalThis as StreamRuntime).FixedLengthStream !== undefined;
}

/**
 * A stream of so many bytes, as one of fixed length where there are such; null is an unknown length. On
 * workerd only these keep their length on the wire, and an error in one cuts the connection; any other
 * stream ends there as if it were whole.
 */
export function fixedLength(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  length: number | null,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const { FixedLengthStream } = globalThis as StreamRuntime;
  if (FixedLengthStream === undefined || length === null) return stream;
  const { readable, writable } = new FixedLengthStream(length);
  stream.pipeTo(writable).catch(() => {});
  return readable;
}

/**
 * The body to give to `fetch` for a stream whose request has a `content-length` header. Node, Bun and
 * edge-runtime send the header; Deno drops it, but sends the length of a Blob.
 */
export function lengthKept(
  stream: ReadableStream<Uint8Array>,
  contentLength: string | undefined,
): BodyInit {
  const isDeno = (globalThis as StreamRuntime).Deno !== undefined;
  if (!isDeno || contentLength === undefined) return stream;
  return new StreamBlob(stream, Number(contentLength));
}

/** A stream in the form of a Blob, to be read once. */
class StreamBlob extends Blob {
  readonly #stream: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly #size: number;

  constructor(stream: ReadableStream<Uint8Array>, size: number) {
    super();
    this.#stream = stream as ReadableStream<Uint8Array<ArrayBuffer>>;
    this.#size = size;
  }

  override get size(): number {
    return this.#size;
  }

  override stream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return this.#stream;
  }
}

/** How a runtime sends the body of a request that is a stream. */
export type StreamSupport = "always" | "http2" | "never";

/**
 * Whether `fetch` can send streams. Firefox and Safari turn a stream into text, which shows in its media
 * type. Chromium sends streams over HTTP/2 only, which nothing shows before a request fails; its name is
 * all that tells it from the other runtimes.
 */
export function streamSupport(): StreamSupport {
  const init: RequestInit & { duplex: "half" } = {
    method: "POST",
    body: new ReadableStream(),
    duplex: "half",
  };
  try {
    if (new Request("http://localhost/", init).headers.has("content-type")) return "never";
  } catch {
    return "never";
  }
  const { navigator } = globalThis as StreamRuntime;
  return navigator?.userAgent?.startsWith("Mozilla/") ? "http2" : "always";
}
