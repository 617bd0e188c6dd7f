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
  /** Allowed host names and addresses, in lowercase. Default: all. */
  readonly allowedHosts?: readonly string[];
  /** Forbidden host names and addresses, in lowercase. Default: none. */
  readonly disallowedHosts?: readonly string[];
  /** Allowed ports. The default port of the URL's scheme is always allowed. Default: [80, 443]. */
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
  return isAllowed(scheme, allowedSchemes, disallowedSchemes) &&
    isAllowed(host, allowedHosts, disallowedHosts) &&
    // `URL` omits the default port of a scheme, even if the text contains it.
    (url.port === "" || isAllowed(Number(url.port), allowedPorts, disallowedPorts));
}

function isAllowed<T>(value: T, allowed: readonly T[], disallowed: readonly T[]): boolean {
  return allowed.length > 0 ? allowed.includes(value) : !disallowed.includes(value);
}
