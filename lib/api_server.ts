/**
 * Where a server is: an endpoint root, taken apart once. Pure; it knows no request.
 *
 * @module
 */
import { InvalidConfigurationValue, redact } from "./errors.ts";
import { inspect, withoutEnd } from "./validate.ts";

/** An API server. */
export interface ApiServer {
  /** `scheme://host[:port][/prefix]`: the root below which `/v2/…` lies, without slash and version at its end. */
  readonly endpoint: string;
  /** The same without its scheme, as Cinder has it. */
  readonly netloc: string;
  /** Whether the scheme is https. */
  readonly useSsl: boolean;
}

/** An IPv6 address without the brackets that a URL wants; no port can follow it. */
const BARE_IPV6 = /^(https?:\/\/)?([0-9a-f]*:[0-9a-f]*:[0-9a-f:.]*)(?=\/|$)/i;

/** What has a scheme, or tries to; `host:port` has none. */
const HAS_SCHEME = /^[a-z][a-z0-9+.-]*:[/\\]|\/\//i;

/** The version that catalogs and habits put behind an endpoint: `/v2`, `/v2.9/`, `/v1`. */
const VERSION_SUFFIX = /\/v\d+(\.\d+)?$/;

/** What is read, in words for a message. */
interface Written {
  /** What it is meant to be. */
  readonly what: string;
  readonly text: string;
  /** What it should look like. */
  readonly like: string;
}

/**
 * Reads a server as configurations write it: `host`, `host:port`, with or without `http://` or
 * `https://`, a mount prefix, a trailing slash or version. No scheme means http, as in Cinder.
 *
 * @throws {InvalidConfigurationValue} where it is none of these, or holds a user, a password, a query or
 * a fragment.
 */
export function parseApiServer(text: string): ApiServer {
  return serverIn(text, "http", { what: "API server", text, like: "https://host:9292" });
}

/**
 * The server at `netloc` (`host[:port][/prefix]`), reached by https or http.
 *
 * @throws {InvalidConfigurationValue} where it is something else.
 */
export function apiServerAt(netloc: string, useSsl: boolean): ApiServer {
  const written = { what: "netloc", text: netloc, like: "host:9292" };
  if (HAS_SCHEME.test(netloc)) {
    const wayOut = 'write "host:9292", and say with "useSsl" whether it is https';
    throw unusable(written, "it has a scheme", wayOut);
  }
  return { ...serverIn(netloc, useSsl ? "https" : "http", written), netloc };
}

/**
 * The origin that is meant by a trusted host: `host[:port]` is one by https, since a name alone promises
 * nothing on a wire that anybody can read.
 *
 * @throws {InvalidConfigurationValue} where it is something else, or more than an origin.
 */
export function parseTrustedHost(text: string): string {
  const written = { what: "trusted host", text, like: "host:9292" };
  const { endpoint } = serverIn(text, "https", written);
  const { origin } = new URL(endpoint);
  if (endpoint !== origin) throw unusable(written, "it has a path");
  return origin;
}

/** What every reader of a URL takes for its scheme and the start of its host, and nothing to be repaired. */
// deno-lint-ignore no-control-regex
const PLAIN_URL = /^https?:\/\/[^/\\?#\u0000-\u0020\u007f][^\\\u0000-\u001f\u007f]*$/i;

/**
 * An http or https URL; null for any other text. The parser of the web repairs what others refuse: it reads
 * the host `v2` in `http:///v2/images`, takes `\\` for a slash and drops line breaks. A token would reach a
 * host that nobody has named.
 */
export function parseHttpUrl(text: string): URL | null {
  return PLAIN_URL.test(text) && URL.canParse(text) ? new URL(text) : null;
}

/** A list in an order of its own (Fisher-Yates); the list that was given stays as it is. */
export function shuffled<T>(list: readonly T[], random: () => number): T[] {
  const result = [...list];
  for (let i = result.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [result[i], result[j]] = [result[j] as T, result[i] as T];
  }
  return result;
}

function serverIn(text: string, scheme: "http" | "https", written: Written): ApiServer {
  const whole = text.trim().replace(BARE_IPV6, "$1[$2]");
  const url = parseHttpUrl(HAS_SCHEME.test(whole) ? whole : `${scheme}://${whole}`);
  if (url === null) throw unusable(written, "it is no http or https URL");
  if (url.username !== "" || url.password !== "") {
    throw unusable(written, "it holds user information", "give a token in the context instead");
  }
  if (url.search !== "" || url.hash !== "") throw unusable(written, "it has a query or a fragment");
  return serverOf(url);
}

function unusable(
  { what, text, like }: Written,
  state: string,
  wayOut: string = `write it as "${like}"`,
): InvalidConfigurationValue {
  return new InvalidConfigurationValue(
    `Cannot use the ${what} ${inspect(redact(text))}: ${state}; ${wayOut}`,
  );
}

function serverOf(url: URL): ApiServer {
  const path = withoutEnd(withoutEnd(url.pathname, "/").replace(VERSION_SUFFIX, ""), "/");
  const netloc = url.host + path;
  return {
    endpoint: `${url.protocol}//${netloc}`,
    netloc,
    useSsl: url.protocol === "https:",
  };
}
