/** A scripted fetch: each request gets the next step and is recorded. */

/** A received request. */
export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  /** `scheme://host[:port]`. */
  readonly origin: string;
  /** Path with its query, as it was encoded. */
  readonly path: string;
  readonly headers: Headers;
  readonly body: BodyInit | null;
  readonly redirect: RequestInit["redirect"];
  readonly signal: AbortSignal;
}

/** The outcome of a request: a status, a response, a connection error, or the result of a function. */
export type Step =
  | number
  | Error
  | Response
  | ((request: SeenRequest) => Response | Promise<Response>);

/** Plays steps in order. A request after the last step fails the test. */
export class ScriptedFetch {
  readonly requests: SeenRequest[] = [];
  readonly #steps: Step[];

  constructor(steps: readonly Step[]) {
    this.#steps = [...steps];
  }

  /** Steps without a request. */
  get left(): number {
    return this.#steps.length;
  }

  /** The servers of the requests, in order, without schemes. */
  get hosts(): string[] {
    return this.requests.map(({ origin }) => new URL(origin).host);
  }

  /** The methods and paths of the requests, in order: `GET /v2/images`. */
  get requested(): string[] {
    return this.requests.map(({ method, path }) => `${method} ${path}`);
  }

  readonly fetch = async (input: string, init: RequestInit): Promise<Response> => {
    const request = seen(input, init);
    this.requests.push(request);
    const step = this.#steps.shift();
    if (step === undefined) throw new UnscriptedRequest(`${request.method} ${input}`);
    return await play(step, request);
  };
}

/** A request after the end of the script. */
export class UnscriptedRequest extends Error {
  override name = "UnscriptedRequest";
}

/** One step for one request. */
export async function play(step: Step, request: SeenRequest): Promise<Response> {
  request.signal.throwIfAborted();
  if (typeof step === "number") return step < 300 ? empty(step) : failure(step);
  if (step instanceof Error) throw step;
  return step instanceof Response ? step : await step(request);
}

/** A request for a fetch, as the script keeps it. */
export function seen(input: string, init: RequestInit): SeenRequest {
  const { origin, pathname, search } = new URL(input);
  return {
    method: init.method ?? "GET",
    url: input,
    origin,
    path: pathname + search,
    headers: new Headers(init.headers),
    body: init.body ?? null,
    redirect: init.redirect,
    signal: init.signal ?? new AbortController().signal,
  };
}

/** Never responds; the request ends when its signal is aborted. */
export function silence({ signal }: SeenRequest): Promise<Response> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/** A response without content. */
export function empty(status = 204): Response {
  return new Response(null, { status });
}

/** An error response of Glance, in its format. */
export function failure(status: number, headers: HeadersInit = {}): Response {
  return Response.json({ message: `scripted status ${status}` }, { status, headers });
}

/** A redirect. */
export function redirect(status: number, location: string): Response {
  return new Response(null, { status, headers: { location } });
}

/** A refused connection, with the message of a runtime. */
export function refused(): TypeError {
  return new TypeError("error sending request: connection refused");
}
