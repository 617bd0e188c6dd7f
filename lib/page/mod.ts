/**
 * The web page of a gateway: its document, which has the list of images if no token is needed to read it, and
 * the files that the document loads. They are part of the module, so nothing is read from a disk.
 *
 * The router imports this module on demand and passes what it shares with it.
 *
 * @module
 */
import type { GlanceImage } from "../api/types.ts";
import type { BodyBudget } from "../http/body_budget.ts";
import { ASSETS } from "./assets.ts";
import { type GatewayTraits, pageDocument } from "./document.ts";
import type { PageSignIn } from "./keystone_sign_in.ts";
import { sessionResponse } from "./session_response.ts";

/** Images that the document lists. The browser lists the others. */
const LISTED = 50;

/** Maximum bytes of the form to sign in. */
const MAX_FORM = 16_384;

/** Milliseconds after which the document is sent without a list. */
const LIST_TIMEOUT = 3_000;

/** The content security policy: the document may only load its own files and call its own gateway. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

const HEADERS = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
} as const;

/** The parts of the gateway that the page uses. */
export interface PageHost {
  readonly options: {
    readonly page: boolean | { readonly signIn?: PageSignIn | undefined };
    /** Not null if the gateway has credentials for all clients. */
    readonly service: unknown;
    readonly isReadOnly: boolean;
    readonly metrics: boolean;
    readonly publicEndpoint: string | null;
  };
  readonly bodies: Pick<BodyBudget, "read">;
  readonly client: {
    readonly options: {
      /** Calls back after a number of milliseconds, and returns a function that prevents it. */
      readonly timer: (ms: number, callback: () => void) => () => void;
      /** Milliseconds since 1970. */
      readonly wallClock: () => number;
    };
  };
}

/** A request to the page. */
export interface PageRequest {
  readonly request: Request;
  /** Path of the request as sent; the files have addresses relative to it. */
  readonly path: string;
  /** Sends a request through the gateway; null for a request for a file. */
  readonly send: ((request: Request) => Response | Promise<Response>) | null;
  /** Identifies the client, for limits that clients share. */
  readonly client: unknown;
  /** Logs an error that is not sent to the browser. */
  readonly recorder: { failed(error: unknown): void };
}

/**
 * Responds to a request of a browser: with the document, or with one of its files. Null if there is no such file.
 */
export async function pageResponse(host: PageHost, input: PageRequest): Promise<Response | null> {
  const { options: { page, service, isReadOnly, metrics, publicEndpoint } } = host;
  const { timer, wallClock } = host.client.options;
  const { request, path, send, client, recorder } = input;
  const { url, method, headers } = request;
  const signIn = service === null && typeof page === "object" ? page.signIn ?? null : null;
  if (send === null) {
    const name = path.slice(path.lastIndexOf("/") + 1);
    if (name === "session") {
      const readBody = () => host.bodies.read(client, request, { limit: MAX_FORM });
      const report = (error: unknown) => recorder.failed(error);
      const gateway = { signIn, publicEndpoint, wallClock, readBody, report };
      return await sessionResponse({ request, ...gateway });
    }
    if (method !== "GET" && method !== "HEAD") {
      return new Response(null, { status: 405, headers: { allow: "GET, HEAD" } });
    }
    return await serveAsset(name, /\bgzip\b/.test(headers.get("accept-encoding") ?? ""));
  }
  const traits = { hasSignIn: signIn !== null, isReadOnly, hasMetrics: metrics };
  // With a sign-in, images are listed for users only.
  if (traits.hasSignIn) return serveDocument(path, traits, null);
  const over = new AbortController();
  const cancel = timer(LIST_TIMEOUT, () => over.abort());
  const listHeaders = new Headers(headers);
  listHeaders.set("accept", "application/json");
  const list = async (target: string) => {
    const address = new URL(path.replace(/\/$/, "") + target, url);
    return await send(new Request(address, { headers: listHeaders, signal: over.signal }));
  };
  try {
    return serveDocument(path, traits, await listedImages(list).catch(() => null));
  } finally {
    cancel();
  }
}

/** Responds with the document. */
function serveDocument(
  requestPath: string,
  traits: GatewayTraits,
  images: readonly GlanceImage[] | null,
): Response {
  const path = requestPath || "/";
  // Below a prefix, the path may have no slash at its end: `/image` loads `image/page/…`.
  const base = `${path.slice(path.lastIndexOf("/") + 1)}/page/`.replace(/^\//, "");
  const [script, style, icon] = ["app.js", "app.css", "icon.svg"].map((name) =>
    base + fileNameOf(name)
  ) as [string, string, string];
  return new Response(pageDocument({ script, style, icon }, traits, images), {
    headers: {
      ...HEADERS,
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-store",
      "vary": "accept",
      "content-security-policy": POLICY,
      "cross-origin-opener-policy": "same-origin",
    },
  });
}

/** The newest images; null if a token is needed to list them. */
async function listedImages(
  list: (path: string) => Promise<Response>,
): Promise<readonly GlanceImage[] | null> {
  const response = await list(`/v2/images?visibility=all&limit=${LISTED}`);
  if (response.status === 200) return (await response.json()).images;
  await response.body?.cancel();
  return null;
}

/** Responds with a file of the page; null if there is no such file in this version. */
async function serveAsset(name: string, acceptsGzip: boolean): Promise<Response | null> {
  const asset = Object.entries(ASSETS).find(([key]) => fileNameOf(key) === name)?.[1];
  if (asset === undefined) return null;
  const bytes = Uint8Array.from(atob(asset.gzip), (unit) => unit.charCodeAt(0));
  const headers = {
    ...HEADERS,
    "content-type": asset.type,
    "cache-control": "public, max-age=31536000, immutable",
    "vary": "accept-encoding",
  };
  if (acceptsGzip) {
    // workerd would compress the body a second time.
    const init = { headers: { ...headers, "content-encoding": "gzip" }, encodeBody: "manual" };
    return new Response(bytes, init);
  }
  const plain = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(await new Response(plain).arrayBuffer(), { headers });
}

/** The name with the hash of the content, so that browsers keep a file until it changes: `app-1a2b3c4d.js`. */
function fileNameOf(name: string): string {
  return name.replace(".", `-${ASSETS[name]?.hash}.`);
}
