/** API servers as a configuration names them: by an address, or by their entry in the catalog. Pure. */
import { InvalidConfigurationValue } from "./errors.ts";
import { optionPart } from "./message_parts.ts";
import { inspect } from "./validate.ts";
import { redact } from "./redact.ts";

/** An API server. */
export interface ApiServer {
  /** Endpoint root, `scheme://host[:port][/prefix]`, without a trailing slash or version. */
  readonly endpoint: string;
  /** The endpoint without its scheme, as in Cinder. */
  readonly netloc: string;
  /** Whether the scheme is https. */
  readonly useSsl: boolean;
}

/** An IPv6 address without the brackets that a URL requires; no port can follow it. */
const BARE_IPV6 = /^(https?:\/\/)?([0-9a-f]*:[0-9a-f]*:[0-9a-f:.]*)(?=\/|$)/i;

/** Text with a scheme, even a malformed one; `host:port` has none. */
const HAS_SCHEME = /^[a-z][a-z0-9+.-]*:[/\\]|\/\//i;

/** The version at the end of an endpoint, common in catalogs: `/v2`, `/v2.9/`, `/v1`. */
const VERSION_SUFFIX = /\/v\d+(\.\d+)?$/;

/** The text that is parsed, described for a message. */
interface AddressText {
  /** Name of the setting: `API server`. */
  readonly what: string;
  readonly text: string;
  /** A valid value. */
  readonly example: string;
}

/**
 * Parses a server as configurations write it: `host` or `host:port`, with or without `http://` or
 * `https://`, a mount prefix, and a trailing slash or version. The default scheme is http, as in Cinder.
 *
 * @throws {InvalidConfigurationValue} if the text has another form, or contains a user, a password, a
 * query, or a fragment.
 */
export function parseApiServer(text: string): ApiServer {
  return parseServer(text, "http", { what: "API server", text, example: "https://host:9292" });
}

/**
 * The server at `netloc` (`host[:port][/prefix]`), reached by https or http.
 *
 * @throws {InvalidConfigurationValue} if `netloc` has another form.
 */
export function apiServerAt(netloc: string, useSsl: boolean): ApiServer {
  const input = { what: "netloc", text: netloc, example: "host:9292" };
  if (HAS_SCHEME.test(netloc)) {
    throw unusable(input, 'it has a scheme (see "useSsl")');
  }
  return { ...parseServer(netloc, useSsl ? "https" : "http", input), netloc };
}

/**
 * Parses a trusted host into an origin. `host[:port]` means https, since an http server cannot prove its
 * name.
 *
 * @throws {InvalidConfigurationValue} if the text is neither a host nor an origin.
 */
export function parseTrustedHost(text: string): string {
  const input = { what: "trusted host", text, example: "host:9292" };
  const { endpoint } = parseServer(text, "https", input);
  const { origin } = new URL(endpoint);
  if (endpoint !== origin) throw unusable(input, "it has a path");
  return origin;
}

/** The endpoint to select from the catalog. */
export interface CatalogInfo {
  /** Type of the service: `image`. */
  readonly serviceType: string;
  /** Name of the service, to choose among several of the type; if none has it, the first is selected. */
  readonly serviceName: string;
  /** `publicURL`, `internalURL`, or `adminURL`; the suffix `URL` is optional. */
  readonly endpointType: string;
}

/**
 * Parses `<service type>:<service name>:<endpoint type>`. The name may be empty.
 *
 * @throws {InvalidConfigurationValue} if the text does not have three parts, or another one is empty.
 */
export function parseCatalogInfo(text: string): CatalogInfo {
  const [serviceType, serviceName, endpointType, ...rest] = text.split(":");
  if (serviceType && serviceName !== undefined && endpointType && rest.length === 0) {
    return { serviceType, serviceName, endpointType };
  }
  throw new InvalidConfigurationValue(
    `Cannot use the option "catalogInfo": it is ${
      inspect(text)
    } and must have the form "image:glance:publicURL"`,
    { messageParts: [optionPart("catalogInfo")] },
  );
}

/** A URL whose scheme and host every parser reads alike, without repairs. */
// deno-lint-ignore no-control-regex
const PLAIN_URL = /^https?:\/\/[^/\\?#\0-\x20\x7f][^\\\0-\x1f\x7f]*$/i;

/**
 * Parses an http or https URL; null for any other text. `URL` repairs input that other parsers reject: it
 * reads the host `v2` in `http:///v2/images`, treats `\\` as a slash, and drops line breaks. A token would
 * be sent to a host that the configuration does not name.
 */
export function parseHttpUrl(text: string): URL | null {
  return PLAIN_URL.test(text) && URL.canParse(text) ? new URL(text) : null;
}

/** A shuffled copy of a list (Fisher-Yates). */
export function shuffled<T>(list: readonly T[], random: () => number): T[] {
  const result = [...list];
  for (let i = result.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [result[i], result[j]] = [result[j] as T, result[i] as T];
  }
  return result;
}

function parseServer(text: string, scheme: "http" | "https", input: AddressText): ApiServer {
  const whole = text.trim().replace(BARE_IPV6, "$1[$2]");
  const url = parseHttpUrl(HAS_SCHEME.test(whole) ? whole : `${scheme}://${whole}`);
  if (url === null) throw unusable(input, "it is not an http or https URL");
  if (url.username + url.password + url.search + url.hash !== "") {
    throw unusable(input, "it has a user, a query or a fragment");
  }
  return toServer(url);
}

function unusable(
  { what, text, example }: AddressText,
  state: string,
): InvalidConfigurationValue {
  return new InvalidConfigurationValue(
    `Cannot use the ${what} ${inspect(redact(text))}: ${state}; write it as "${example}"`,
  );
}

function toServer(url: URL): ApiServer {
  const path = withoutSlash(withoutSlash(url.pathname).replace(VERSION_SUFFIX, ""));
  const netloc = url.host + path;
  return {
    endpoint: `${url.protocol}//${netloc}`,
    netloc,
    useSsl: url.protocol === "https:",
  };
}

/** A path without the slashes at its end. A regular expression with `+$` would take quadratic time. */
function withoutSlash(path: string): string {
  let end = path.length;
  while (path[end - 1] === "/") end--;
  return path.slice(0, end);
}
