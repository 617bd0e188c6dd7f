/** Streams as request bodies with a `Content-Length`, imported on demand: few requests send a stream. */

/**
 * The body to pass to `fetch` for a stream, so that its `content-length` header is sent. Node, Bun, and
 * edge-runtime send the header; Deno drops it, but sends the size of a Blob.
 */
export function lengthKept(
  stream: ReadableStream<Uint8Array>,
  contentLength: string | undefined,
): BodyInit {
  const isDeno = "Deno" in globalThis;
  if (!isDeno || contentLength === undefined) return stream;
  return new StreamBlob(stream, Number(contentLength));
}

/** A stream in the form of a Blob that can be read once. */
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
