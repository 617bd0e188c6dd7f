/** The request that a handler gets. */
import type { RequestHead } from "./request_head.ts";

/** Parsed for each request, but not used. */
const PLACEHOLDER = "http://x/";

/** Node demands it for streams; Deno's types lack it. */
const HALF_DUPLEX = { duplex: "half" };

/**
 * A `Request` whose URL keeps the dot segments of the request target, and whose signal is not aborted by a finished
 * response. The URL and the header fields are not copied, which would take several microseconds per request; a
 * `new Request(request)` would lack them.
 */
export class IncomingRequest extends Request {
  readonly #head: RequestHead;
  readonly #signal: AbortSignal;

  constructor(head: RequestHead, body: ReadableStream | null, signal: AbortSignal) {
    const { method, headers } = head;
    // With a body, the header fields are copied, too: `blob()` reads the content type.
    const withBody = body !== null && method !== "GET" && method !== "HEAD";
    super(PLACEHOLDER, withBody ? { method, headers, body, ...HALF_DUPLEX } : { method });
    this.#head = head;
    this.#signal = signal;
  }

  override get url(): string {
    return this.#head.url;
  }

  override get headers(): Headers {
    return this.#head.headers;
  }

  override get signal(): AbortSignal {
    return this.#signal;
  }

  override clone(): Request {
    return new IncomingRequest(this.#head, super.clone().body, this.#signal);
  }
}
