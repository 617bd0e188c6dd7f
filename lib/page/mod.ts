/**
 * The web page of a gateway: its document, which has the list of images if no token is needed to read it, and
 * the files that the document loads. They are part of the module, so nothing is read from a disk.
 *
 * The router imports this module on demand and passes what it shares with it.
 *
 * @module
 */
import type { GlanceImage } from "../api/types.ts";
import { ASSETS } from "./assets.ts";
import { pageDocument } from "./document.ts";

/** Images that the document lists. The browser lists the others. */
const LISTED = 50;

/** Milliseconds after which the document is sent without a list. */
const LIST_TIMEOUT = 3_000;

/** What the document may do: load its own files and call its own gateway, and nothing else. */
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

/**
 * Responds to a request of a browser: with the document, or with one of its files. Null if there is no such file.
 *
 * @param path path of the request as sent; the files have addresses relative to it
 * @param send sends a request through the gateway; null for a request for a file
 * @param timer calls back after a number of milliseconds, and returns a function that prevents it
 */
export async function pageResponse(
  { url, headers }: Request,
  path: string,
  send: ((request: Request) => Response | Promise<Response>) | null,
  timer: (ms: number, callback: () => void) => () => void,
): Promise<Response | null> {
  if (send === null) {
    const acceptsGzip = /\bgzip\b/.test(headers.get("accept-encoding") ?? "");
    return await serveAsset(path.slice(path.lastIndexOf("/") + 1), acceptsGzip);
  }
  const over = new AbortController();
  const cancel = timer(LIST_TIMEOUT, () => over.abort());
  const listHeaders = new Headers(headers);
  listHeaders.set("accept", "application/json");
  try {
    return await serveDocument(path || "/", async (target) => {
      const address = new URL(path.replace(/\/$/, "") + target, url);
      return await send(new Request(address, { headers: listHeaders, signal: over.signal }));
    });
  } finally {
    cancel();
  }
}

/** Responds with the document. `list` requests a path of the gateway as the client would. */
async function serveDocument(
  path: string,
  list: (path: string) => Promise<Response>,
): Promise<Response> {
  const images = await listedImages(list).catch(() => null);
  // Below a prefix, the path may have no slash at its end: `/image` loads `image/page/…`.
  const base = `${path.slice(path.lastIndexOf("/") + 1)}/page/`.replace(/^\//, "");
  const [script, style, icon] = ["app.js", "app.css", "icon.svg"].map((name) =>
    base + fileNameOf(name)
  ) as [string, string, string];
  return new Response(pageDocument({ script, style, icon }, images), {
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
