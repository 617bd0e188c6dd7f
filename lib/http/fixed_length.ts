/**
 * Request bodies with a `Content-Length`, in the form that each runtime needs. Deno and workerd send a plain
 * stream with chunked encoding; most browsers cannot send one.
 */

/** The globals that identify a runtime. */
interface StreamRuntime {
  readonly FixedLengthStream?: new (length: number) => TransformStream<
    Uint8Array<ArrayBuffer>,
    Uint8Array<ArrayBuffer>
  >;
  readonly navigator?: { readonly userAgent?: string };
}

/** Whether the runtime is workerd or compatible with it. */
export function isWorkerd(): boolean {
  return (globalThis as StreamRuntime).FixedLengthStream !== undefined;
}

/**
 * Wraps a stream in a `FixedLengthStream` if the runtime has them and `length` is known (not null). On
 * workerd only these are sent with a `Content-Length`, and only an error in one resets the connection; any
 * other stream seems to end normally.
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

/** Whether, and over which protocol, a runtime sends streams as request bodies. */
export type StreamSupport = "always" | "http2" | "never";

/**
 * Whether `fetch` can send streams. Firefox and Safari convert a stream to text, which the media type
 * reveals. Chromium sends streams over HTTP/2 only; no feature test shows that, so the user agent decides.
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
