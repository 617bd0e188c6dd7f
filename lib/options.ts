/**
 * The options: Cinder's names in camelCase, their defaults and validation, and the ports (fetch, clocks,
 * random, sleep, timer) through which all other code reaches the platform.
 */
import type { RequestContext } from "./context.ts";
import {
  type ApiServer,
  type CatalogInfo,
  parseApiServer,
  parseCatalogInfo,
  parseTrustedHost,
} from "./api_server.ts";
import { InvalidConfigurationValue } from "./errors.ts";
import { type GlanceEvent, ignoringErrors } from "./events.ts";
import { defaultFetch } from "./platform.ts";
import { numbersFrom, sleepFrom, timerFrom } from "./timer.ts";
import { checkObject, describeType, inspect } from "./validate.ts";

/** Options of every function and class of this module. All are optional. */
export interface GlanceOptions {
  /**
   * The API servers, each as `host`, `host:port`, or URL. A mount prefix is kept, a trailing
   * version, such as `/v2`, is removed. Null: the servers of the context's service catalog.
   * Default: `null`.
   */
  readonly apiServers?: readonly string[] | null | undefined;
  /**
   * Maximum number of retries of a failed request, each on the next server.
   * Default: `3`.
   */
  readonly numRetries?: number | undefined;
  /**
   * The endpoint to select from the catalog: `<service type>:<service name>:<endpoint type>`; the name may
   * be empty.
   * Default: `"image:glance:publicURL"`.
   */
  readonly catalogInfo?: string | undefined;
  /**
   * Region whose endpoints are selected from the catalog.
   * Default: the region of the first endpoint, also if the catalog does not have the given region.
   */
  readonly regionName?: string | undefined;
  /**
   * Identity endpoint (`https://keystone:5000/v3`). The catalog is fetched from it if the context has a
   * token and no catalog. `ApiClient` and the gateway ignore it.
   */
  readonly authUrl?: string | undefined;
  /**
   * Maximum milliseconds until the headers of a response, and all of a JSON response, have arrived. For an
   * upload, the time starts after the last byte is sent; after the time, the upload continues only while
   * the image is `saving`. `Infinity` sets no limit.
   * Default: `60_000`.
   */
  readonly requestTimeout?: number | undefined;
  /**
   * Maximum milliseconds without a byte, counted only while a reader waits for one. The total time is not
   * limited. `Infinity` sets no limit. After a break, a started download keeps trying for the same time, regardless of
   * `numRetries`; with `Infinity`, `numRetries` limits it.
   * Default: `30_000`.
   */
  readonly stallTimeout?: number | undefined;
  /**
   * Milliseconds for which an idempotent request continues after its last retry while servers are unavailable: the
   * connection fails, or the status is 502, 503, or 504. The same applies to Keystone. 0: `numRetries` is the limit.
   * Default: `0`.
   */
  readonly outageTimeout?: number | undefined;
  /**
   * Milliseconds without headers after which an idempotent request is sent to a second server as well (a
   * hedged request): the first response is used, and the other request is canceled. At most 2 % of the requests
   * are hedged, unless a server is silent. `Infinity` sends each to one server at a time.
   * Default: `2_500`.
   */
  readonly hedgeDelay?: number | undefined;
  /**
   * Schemes of `direct_url` and `locations` whose data is read directly instead of through Glance. Only
   * `file` is supported, and only below `directUrlRoots`.
   * Default: `[]`.
   */
  readonly allowedDirectUrlSchemes?: readonly string[] | undefined;
  /**
   * Directories below which `file` URLs may be opened.
   * Default: `[]`.
   */
  readonly directUrlRoots?: readonly string[] | undefined;
  /**
   * Hosts that receive the token even if only an image href names them. `host[:port]` means https only; an
   * origin such as `http://host:9292` is matched exactly.
   * Default: `[]`.
   */
  readonly trustedHosts?: readonly string[] | undefined;
  /**
   * `noauth` never sends a token.
   * Default: `"keystone"`.
   */
  readonly authStrategy?: "keystone" | "noauth" | undefined;
  /**
   * Context for operations that Glance restricts to services (its location API).
   * Default: the context of the call.
   */
  readonly privilegedContext?: RequestContext | undefined;
  /**
   * Called with each {@linkcode GlanceEvent}. Errors and rejections are ignored.
   */
  readonly onEvent?: ((event: GlanceEvent) => void) | undefined;
  /**
   * Sends all requests; replace it for a private CA, a proxy, or a test.
   * Default: the global `fetch`, on Deno over HTTP/1.1, which is faster for image data.
   */
  readonly fetch?: ((input: string, init: RequestInit) => Promise<Response>) | undefined;
  /** Waits `ms` between retries and polls; rejects with the reason of the signal when it is aborted. */
  readonly sleep?: ((ms: number, signal?: AbortSignal) => Promise<void>) | undefined;
  /**
   * Calls `callback` after `ms`, and returns a function that cancels it. Drives all timeouts.
   * Default: `setTimeout`.
   */
  readonly timer?: ((ms: number, callback: () => void) => () => void) | undefined;
  /**
   * Milliseconds of a monotonic clock.
   * Default: `performance.now`.
   */
  readonly now?: (() => number) | undefined;
  /**
   * Milliseconds since 1970, to compare with dates that servers send.
   * Default: `Date.now`.
   */
  readonly wallClock?: (() => number) | undefined;
  /**
   * A number from 0 to less than 1.
   * Default: `Math.random`.
   */
  readonly random?: (() => number) | undefined;
  /**
   * Generates the id of a new image. Ids must be hard to guess: an existing image with the id would be mistaken for the
   * new one.
   * Default: `crypto.randomUUID`.
   */
  readonly randomUUID?: (() => string) | undefined;
}

/** {@linkcode GlanceOptions} with all defaults filled in. */
export type ResolvedOptions =
  & {
    readonly [
      Name in Exclude<
        keyof GlanceOptions,
        "apiServers" | "catalogInfo" | "regionName" | "authUrl" | "privilegedContext"
      >
    ]: NonNullable<GlanceOptions[Name]>;
  }
  & {
    readonly apiServers: readonly ApiServer[] | null;
    /** Origins. */
    readonly trustedHosts: readonly string[];
    readonly catalogInfo: CatalogInfo;
    readonly regionName: string | null;
    readonly authUrl: string | null;
    readonly privilegedContext: RequestContext | null;
  };

const RESOLVED = new WeakSet<object>();

const isResolved = (options: object): options is ResolvedOptions => RESOLVED.has(options);

/**
 * Validates options and fills in the defaults; resolved options are returned as they are.
 *
 * @throws {Invalid} if `options` is not an object.
 * @throws {InvalidConfigurationValue} if an option is invalid; the message names it.
 */
export function resolveOptions(options: GlanceOptions | ResolvedOptions = {}): ResolvedOptions {
  checkObject("the options", options);
  if (isResolved(options)) return options;
  checkTypes(options);
  const resolved: ResolvedOptions = Object.freeze({
    apiServers: apiServersIn(options),
    numRetries: countIn(options, "numRetries", 3),
    catalogInfo: parseCatalogInfo(options.catalogInfo ?? "image:glance:publicURL"),
    regionName: options.regionName ?? null,
    authUrl: options.authUrl ?? null,
    requestTimeout: timeoutIn(options, "requestTimeout", 60_000),
    stallTimeout: timeoutIn(options, "stallTimeout", 30_000),
    outageTimeout: countIn(options, "outageTimeout", 0),
    hedgeDelay: timeoutIn(options, "hedgeDelay", 2_500),
    allowedDirectUrlSchemes: listIn(options, "allowedDirectUrlSchemes"),
    directUrlRoots: listIn(options, "directUrlRoots"),
    trustedHosts: listIn(options, "trustedHosts").map(parseTrustedHost),
    authStrategy: checked(
      options,
      "authStrategy",
      "keystone",
      (strategy) => strategy === "keystone" || strategy === "noauth",
      '"keystone" or "noauth"',
    ),
    privilegedContext: options.privilegedContext ?? null,
    onEvent: ignoringErrors(options.onEvent),
    fetch: options.fetch ?? defaultFetch,
    sleep: sleepFrom(options.sleep),
    timer: timerFrom(options.timer),
    now: numbersFrom(options.now, () => performance.now()),
    wallClock: numbersFrom(options.wallClock, () => Date.now()),
    random: numbersFrom(options.random, () => Math.random()),
    randomUUID: options.randomUUID ?? (() => crypto.randomUUID()),
  });
  RESOLVED.add(resolved);
  return resolved;
}

/** Options by their types, whose names begin as `describeType` names them. The other options have checks of their own. */
const TYPES = {
  "a function": ["onEvent", "fetch", "sleep", "timer", "now", "wallClock", "random", "randomUUID"],
  "a string": ["regionName", "authUrl", "catalogInfo"],
  "a list of strings": ["apiServers", "allowedDirectUrlSchemes", "directUrlRoots", "trustedHosts"],
  "an object": ["privilegedContext"],
} as const;

/** The message omits an invalid value: it may be a token. */
function checkTypes(options: GlanceOptions): void {
  for (const [expected, names] of Object.entries(TYPES)) {
    for (const name of names) {
      const value = options[name] ?? null;
      if (value !== null && !expected.startsWith(describeType(value))) {
        throw unusable(name, `is ${describeType(value)} and must be ${expected}`);
      }
    }
  }
}

/** The value of an option, or its default, if it is valid, that is, `expected`. */
function checked<Name extends "numRetries" | "outageTimeout" | "authStrategy" | TimeoutName>(
  options: GlanceOptions,
  name: Name,
  usual: NonNullable<GlanceOptions[Name]>,
  isValid: (value: unknown) => boolean,
  expected: string,
): NonNullable<GlanceOptions[Name]> {
  const value = options[name] ?? usual;
  if (isValid(value)) return value;
  throw unusable(name, `is ${inspect(value)} and must be ${expected}`);
}

function countIn(
  options: GlanceOptions,
  name: "numRetries" | "outageTimeout",
  usual: number,
): number {
  const isCount = (value: unknown) => Number.isInteger(value) && (value as number) >= 0;
  return checked(options, name, usual, isCount, "a whole number of at least 0");
}

type TimeoutName = "requestTimeout" | "stallTimeout" | "hedgeDelay";

function timeoutIn(options: GlanceOptions, name: TimeoutName, usual: number): number {
  const isTimeout = (value: unknown) => typeof value === "number" && value > 0;
  return checked(
    options,
    name,
    usual,
    isTimeout,
    "milliseconds above 0, or Infinity",
  );
}

function apiServersIn(options: GlanceOptions): readonly ApiServer[] | null {
  if ((options.apiServers ?? null) === null) return null;
  const list = listIn(options, "apiServers");
  if (list.length > 0) return list.map(parseApiServer);
  throw unusable(
    "apiServers",
    "must list at least one server; leave it out to use the service catalog",
  );
}

/** A copy of a list of strings. The message omits an invalid value: it may be a URL with a password. */
function listIn(
  options: GlanceOptions,
  name: "apiServers" | "allowedDirectUrlSchemes" | "directUrlRoots" | "trustedHosts",
): readonly string[] {
  return (options[name] ?? []).map((entry: unknown) => {
    if (typeof entry === "string") return entry;
    throw unusable(name, `contains ${describeType(entry)} and must be a list of strings`);
  });
}

function unusable(name: string, problem: string): InvalidConfigurationValue {
  return new InvalidConfigurationValue(`Cannot use the option "${name}": it ${problem}`);
}
