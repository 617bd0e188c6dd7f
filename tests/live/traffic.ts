/** A `fetch` that records every request and counts the consumed bytes of response bodies. */

/** A recorded request. */
export interface Sent {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  /** Status of the response; null if there is none (yet). */
  status: number | null;
  /** Consumed bytes of the response body. */
  taken: number;
}

/** All requests of one `fetch`. */
export class Traffic {
  readonly sent: Sent[] = [];

  /** The `fetch` to inject. */
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

  /** The requests whose URL contains `part`. */
  to(part: string, method?: string): readonly Sent[] {
    return this.sent.filter((one) =>
      one.url.includes(part) && (method === undefined || one.method === method)
    );
  }

  /** Forgets the recorded requests. */
  clear(): void {
    this.sent.length = 0;
  }
}

/** Counts on pull, because queued bytes are not consumed. */
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
