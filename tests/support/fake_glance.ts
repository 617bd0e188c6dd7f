/**
 * The fake for the behavior of Glance: an embedded Glance behind a fetch. It records the requests, and a test
 * may respond to some of them itself. The fake for what can go wrong is `SimulatedCluster` in lib/testing.
 */
import { createEmbeddedGlance, type EmbeddedGlanceOptions } from "../../lib/embedded/mod.ts";

/** A request that a server has received. */
export interface Arrived {
  readonly method: string;
  readonly url: URL;
  /** Origin of the server. */
  readonly server: string;
  /** Path with its query. */
  readonly path: string;
  readonly headers: Headers;
  /** Its JSON; empty for other bodies. */
  readonly text: string;
  readonly request: Request;
}

/** Handles a request instead of Glance; `respond` returns Glance's response; undefined leaves it to Glance. */
export type Intercept = (
  arrived: Arrived,
  respond: () => Promise<Response>,
) => Response | null | undefined | Promise<Response | null | undefined>;

/** A Glance whose servers have any origin and share one store. */
export class FakeGlance {
  readonly requests: Arrived[] = [];
  /** The requests without queries: `GET /v2/images`. */
  readonly requested: string[] = [];
  intercept: Intercept;
  /** Sends a request that is not recorded. */
  readonly respond: (request: Request) => Promise<Response>;

  constructor(options: EmbeddedGlanceOptions = {}, intercept: Intercept = () => null) {
    this.respond = createEmbeddedGlance(options).fetch;
    this.intercept = intercept;
  }

  readonly fetch = async (input: string, init: RequestInit): Promise<Response> => {
    const request = new Request(input, { ...init, body: breakable(init) });
    const url = new URL(input);
    const { method, headers } = request;
    const text = typeof init.body === "string" ? init.body : "";
    const path = url.pathname + url.search;
    const arrived = { method, url, server: url.origin, path, headers, text, request };
    this.requests.push(arrived);
    this.requested.push(`${method} ${url.pathname}`);
    const respond = () => this.respond(request);
    return await this.intercept(arrived, respond) ?? await respond();
  };

  /** The JSON bodies of the requests for `"METHOD /path"`. */
  sentTo(request: string): unknown[] {
    return this.requests
      .filter(({ method, url }) => `${method} ${url.pathname}` === request)
      .map(({ text }) => JSON.parse(text));
  }
}

/** On a network, an aborted request breaks the body that is being sent. */
function breakable({ body, signal }: RequestInit): BodyInit | null {
  if (!(body instanceof ReadableStream)) return body ?? null;
  return body.pipeThrough(new TransformStream(), signal ? { signal } : {});
}
