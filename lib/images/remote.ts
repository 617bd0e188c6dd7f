/**
 * Resolves an image reference, which is an id or the URL of an image of any Glance, to a service.
 */
import type { RequestContext } from "../context.ts";
import { type ApiServer, parseApiServer, parseHttpUrl } from "../api_server.ts";
import { originsInCatalog } from "../auth/catalog.ts";
import { InvalidImageRef } from "../errors.ts";
import { GlanceClientWrapper } from "../api/client.ts";
import { type GlanceOptions, type ResolvedOptions, resolveOptions } from "../options.ts";
import { inspect } from "../validate.ts";
import { isPathSegment } from "../api/operation.ts";
import { GlanceImageService } from "./service.ts";
import { redact } from "../redact.ts";

/**
 * Creates a service on the configured servers, or on those of each context's catalog.
 *
 * @example
 * ```ts
 * import { getDefaultImageService } from "@glance-edge/glance";
 * import { assert } from "@std/assert";
 *
 * const service = getDefaultImageService({ apiServers: ["https://glance.example"] });
 * assert(service.client.options.numRetries === 3);
 * ```
 */
export function getDefaultImageService(options: GlanceOptions = {}): GlanceImageService {
  return new GlanceImageService(new GlanceClientWrapper(options));
}

/**
 * Resolves an image reference to a service and the id of the image.
 *
 * A reference without a slash is an id for the default service. An href has the form
 * `http[s]://host[:port][/prefix]/v2/images/<id>`. A trailing slash, a query, a fragment, and a `/file`
 * after the id are ignored. The version can be `v1`; the version and `images` are optional.
 *
 * The token is sent only if the origin of the href is that of a configured server, of an endpoint of the
 * image service in the context's catalog, or one of `trustedHosts`. Other hosts get no token.
 *
 * @throws {InvalidImageRef} if the reference has another form.
 *
 * @example
 * ```ts
 * import { getRemoteImageService } from "@glance-edge/glance";
 * import { assert } from "@std/assert";
 *
 * const href = "https://glance.example/image/v2/images/a6c32c8e";
 * const [service, id] = getRemoteImageService({}, href);
 * assert(id === "a6c32c8e");
 * assert(service.client.server?.endpoint === "https://glance.example/image");
 * ```
 */
export function getRemoteImageService(
  context: RequestContext,
  imageHref: string,
  options: GlanceOptions = {},
): [service: GlanceImageService, imageId: string] {
  if (typeof imageHref !== "string") throw invalid(imageHref, "it is not a string");
  if (!imageHref.includes("/")) {
    return [getDefaultImageService(options), checkedId(imageHref, imageHref)];
  }
  const resolved = resolveOptions(options);
  const { server, netloc, imageId } = parseImageHref(imageHref);
  const anonymous = !isTrusted(server, context, resolved);
  const { useSsl } = server;
  const client = new GlanceClientWrapper({ ...options, context, netloc, useSsl, anonymous });
  return [new GlanceImageService(client), imageId];
}

/**
 * `…/v2/images/<id>`, `…/images/<id>`, or `…/<id>` at the end of a path, optionally followed by `/file`, as
 * in the property `file` of an image.
 */
const IMAGE_PATH = /^(?<prefix>.*?)(?:\/v\d+(?:\.\d+)?)?(?:\/images)?\/(?<id>[^/]+)(?:\/file)?\/*$/;

/** An IPv6 host without brackets, as in some configurations. */
const BARE_IPV6_HOST = /^(https?:\/\/)([0-9a-f]*:[0-9a-f]*:[0-9a-f:]*)(\/|$)/i;

function parseImageHref(href: string): { server: ApiServer; netloc: string; imageId: string } {
  const text = href.trim().replace(BARE_IPV6_HOST, "$1[$2]$3");
  const url = parseHttpUrl(text);
  if (url === null) throw invalid(href, "it is not an http or https URL");
  if (url.username !== "" || url.password !== "") {
    throw invalid(href, "it contains user information");
  }
  const { prefix, id } = IMAGE_PATH.exec(url.pathname)?.groups ?? {};
  if (prefix === undefined || id === undefined || /^(images|v\d+(\.\d+)?)$/.test(id)) {
    throw invalid(href, "it does not name an image");
  }
  const server = parseApiServer(url.origin + prefix);
  return { server, netloc: server.netloc, imageId: checkedId(decode(id, href), href) };
}

function checkedId(id: string, href: string): string {
  if (isPathSegment(id) && !/\s/.test(id)) return id;
  throw invalid(href, "its id is invalid");
}

function decode(segment: string, href: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw invalid(href, "its id is not valid percent-encoding");
  }
}

function invalid(href: unknown, state: string): InvalidImageRef {
  const given = inspect(typeof href === "string" ? redact(href) : href);
  return new InvalidImageRef(
    `Cannot use the image reference ${given}: ${state}; use an id or "https://host/v2/images/<id>"`,
  );
}

/** Compares origins: a token for one port or scheme of a host must not be sent to another. */
function isTrusted(
  server: ApiServer,
  { serviceCatalog }: RequestContext,
  { apiServers, catalogInfo, trustedHosts }: ResolvedOptions,
): boolean {
  const origins = [
    ...trustedHosts,
    ...(apiServers ?? []).map(originOf),
    ...originsInCatalog(serviceCatalog ?? [], catalogInfo),
  ];
  return origins.includes(originOf(server));
}

function originOf({ endpoint }: ApiServer): string {
  return new URL(endpoint).origin;
}
