/**
 * From where images may be imported: Glance's `import_filtering_opts`. Names are compared as they
 * are; addresses that a name resolves to are not looked at.
 *
 * @module
 */

import { badRequest } from "../http/errors.ts";

/** Lists by Glance's names. Of two lists of one kind, the allowed one counts. */
export interface EmbeddedImportFilter {
  /** Schemes that a URL may have. @default ["http", "https"] */
  readonly allowedSchemes?: readonly string[];
  /** Schemes that a URL may not have. @default none */
  readonly disallowedSchemes?: readonly string[];
  /** Host names and addresses that a URL may name. @default all */
  readonly allowedHosts?: readonly string[];
  /** Host names and addresses that a URL may not name. @default none */
  readonly disallowedHosts?: readonly string[];
  /** Ports that a URL may name. @default [80, 443] */
  readonly allowedPorts?: readonly number[];
  /** Ports that a URL may not name. @default none */
  readonly disallowedPorts?: readonly number[];
}

/**
 * @param filter null lets everything on the web pass.
 * @param what names the operation in the message.
 * @throws {Failure} 400 for a URL that may not be read.
 */
export function refuseFiltered(
  filter: EmbeddedImportFilter | null,
  url: string,
  what: string,
): void {
  if (URL.canParse(url) && passes(filter, new URL(url))) return;
  throw badRequest(`URI for ${what} does not pass filtering: ${url}`);
}

function passes(filter: EmbeddedImportFilter | null, url: URL): boolean {
  const scheme = url.protocol.slice(0, -1);
  if (filter === null) return ["http", "https"].includes(scheme);
  const { allowedSchemes = ["http", "https"], allowedHosts = [], allowedPorts = [80, 443] } =
    filter;
  const { disallowedSchemes = [], disallowedHosts = [], disallowedPorts = [] } = filter;
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  return isAllowed(scheme, allowedSchemes, disallowedSchemes) &&
    isAllowed(host, allowedHosts, disallowedHosts) &&
    // The default port of a scheme is never in a URL.
    (url.port === "" || isAllowed(Number(url.port), allowedPorts, disallowedPorts));
}

function isAllowed<T>(value: T, allowed: readonly T[], disallowed: readonly T[]): boolean {
  return allowed.length > 0 ? allowed.includes(value) : !disallowed.includes(value);
}
