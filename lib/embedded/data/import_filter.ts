/**
 * The URLs that images may be imported from: Glance's `import_filtering_opts`. Host names are not
 * resolved.
 */

import { badRequest } from "../http/errors.ts";

/**
 * Filter lists with Glance's names. A forbidden list applies only if the allowed list of its kind is empty, so set
 * `allowedSchemes` or `allowedPorts` to `[]` to forbid schemes or ports.
 */
export interface EmbeddedImportFilter {
  /** Allowed URL schemes. Default: ["http", "https"]. */
  readonly allowedSchemes?: readonly string[];
  /** Forbidden URL schemes. Default: none. */
  readonly disallowedSchemes?: readonly string[];
  /** Allowed host names and addresses. Default: all. */
  readonly allowedHosts?: readonly string[];
  /** Forbidden host names and addresses. Default: none. */
  readonly disallowedHosts?: readonly string[];
  /** Allowed ports. A URL without a port is always allowed. Default: [80, 443]. */
  readonly allowedPorts?: readonly number[];
  /** Forbidden ports. Default: none. */
  readonly disallowedPorts?: readonly number[];
}

/**
 * Checks a URL against the filter.
 *
 * @param filter null to allow every http and https URL.
 * @param what name of the operation, for the message.
 * @throws {Failure} 400 if the URL is not allowed.
 */
export function checkImportFilter(
  filter: EmbeddedImportFilter | null,
  url: string,
  what: string,
): void {
  if (URL.canParse(url) && passesFilter(filter, url)) return;
  throw badRequest(`URI for ${what} does not pass filtering: ${url}`);
}

/** Whether a filter allows a valid URL, for example the target of a redirect. */
export function passesFilter(filter: EmbeddedImportFilter | null, text: string): boolean {
  const url = new URL(text);
  const scheme = url.protocol.slice(0, -1);
  if (filter === null) return ["http", "https"].includes(scheme);
  const { allowedSchemes = ["http", "https"], allowedHosts = [], allowedPorts = [80, 443] } =
    filter;
  const { disallowedSchemes = [], disallowedHosts = [], disallowedPorts = [] } = filter;
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const port = portOf(url, text);
  return isAllowed(scheme, allowedSchemes, disallowedSchemes) &&
    isAllowed(host, allowedHosts.map(lowercase), disallowedHosts.map(lowercase)) &&
    (port === null || isAllowed(port, allowedPorts, disallowedPorts));
}

const lowercase = (host: string) => host.toLowerCase();

/** The port in the text, also the default one, which `URL` omits; null if there is none. */
function portOf({ port, protocol }: URL, text: string): number | null {
  if (port !== "") return Number(port);
  const hasPort = /^[^/]*\/\/[^/?#]*:0*\d+(?:[/?#]|$)/.test(text.trim());
  return hasPort ? { "http:": 80, "https:": 443, "ftp:": 21 }[protocol] ?? null : null;
}

function isAllowed<T>(value: T, allowed: readonly T[], disallowed: readonly T[]): boolean {
  return allowed.length > 0 ? allowed.includes(value) : !disallowed.includes(value);
}
