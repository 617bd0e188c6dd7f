/**
 * What really goes over the wire: a `fetch` that makes every request and keeps a note of it, and counts
 * the bytes of bodies as they are taken.
 */

/** A request that was made. */
export interface Sent {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  /** Status of the answer; null while there is none, or where none came. */
  status: number | null;
  /** Bytes of the answer's body that somebody has taken. */
  taken: number;
}

/** All requests through one `fetch`. */
export class Traffic {
  readonly sent: Sent[] = [];

  /** To be injected. */
  readonly fetch = async (input: string, init: RequestInit): Promise<Response> => {
    const sent: Sent = {
      method: init.method ?? "GET",
      url: input,
      headers: new Headers(init.headers),
      status: null,
      taken: 0,
    };
    this.sent.push(sent);
    const response = await fetch(input, init);
    sent.status = response.status;
    return counted(response, sent);
  };

  /** The requests whose URL has a text in it. */
  to(part: string, method?: string): readonly Sent[] {
    return this.sent.filter((one) =>
      one.url.includes(part) && (method === undefined || one.method === method)
    );
  }

  /** Forgets what was sent so far. */
  clear(): void {
    this.sent.length = 0;
  }
}

/** Counts on the pull: what waits in a queue has not been taken. */
function counted(response: Response, sent: Sent): Response {
  if (response.body === null) return response;
  const reader = response.body.getReader();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await reader.read();
      if (done) return controller.close();
      sent.taken += value.byteLength;
      controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
  const { status, statusText, headers } = response;
  return new Response(body, { status, statusText, headers });
}
