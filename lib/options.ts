/**
 * The configuration: Cinder's words in camelCase, defaults and validation in one place, and the
 * ports (fetch, clock, random, sleep) through which everything else reaches the world.
 *
 * @module
 */
import type { RequestContext } from "./context.ts";
import { type ApiServer, parseApiServer, parseTrustedHost } from "./api_server.ts";
import { InvalidConfigurationValue } from "./errors.ts";
import { callSafely, type GlanceEvent, ignoringErrors } from "./events.ts";
import { checkRecord, describeType, inspect } from "./validate.ts";

/** What every entry of this module can be told. All of it is optional. */
export interface GlanceOptions {
  /**
   * The servers, as `host`, `host:port` or URL; a mount prefix is kept, a trailing `/v2` is not.
   * Null takes them from the context's service catalog.
   * @default {null}
   */
  readonly apiServers?: readonly string[] | null;
  /**
   * Requests that are made again after the first failed, each on the next server.
   * @default {3}
   */
  readonly numRetries?: number;
  /**
   * What to look for in the catalog: `<service type>:<service name>:<endpoint type>`; the name may
   * be empty.
   * @default {"image:glance:publicURL"}
   */
  readonly catalogInfo?: string;
  /** Prefers the catalog's endpoints of this region; where there is none, the first is taken. */
  readonly regionName?: string;
  /**
   * Identity endpoint (`https://keystone:5000/v3`). Where the context carries a token and no
   * catalog, the catalog is asked for there.
   */
  readonly authUrl?: string;
  /**
   * Milliseconds until the headers of an answer (and all of it, where it is JSON) must be there.
   * An upload's time starts when its last byte was taken; when it is over, the upload goes on only while
   * the image is `saving`. `Infinity` sets no limit.
   * @default {60_000}
   */
  readonly requestTimeout?: number;
  /**
   * Milliseconds without a byte, counted only while somebody waits for one. Total time is never
   * limited. `Infinity` waits for ever.
   * @default {30_000}
   */
  readonly stallTimeout?: number;
  /**
   * Schemes of `direct_url` and `locations` that are read directly instead of through Glance.
   * Only `file` is known, and only below `directUrlRoots`.
   * @default {[]}
   */
  readonly allowedDirectUrlSchemes?: readonly string[];
  /**
   * Folders below which a `file` URL may be opened; with none, none is.
   * @default {[]}
   */
  readonly directUrlRoots?: readonly string[];
  /**
   * Hosts that get the token though they are only named by an image href: `host[:port]` by https only,
   * and an origin such as `http://host:9292` exactly as it is.
   * @default {[]}
   */
  readonly trustedHosts?: readonly string[];
  /**
   * `noauth` sends no token to anybody.
   * @default {"keystone"}
   */
  readonly authStrategy?: "keystone" | "noauth";
  /** Who asks where Glance wants a service (its location API); the caller does where it is absent. */
  readonly privilegedContext?: RequestContext;
  /**
   * Told of each retry, cool-down, resume and renewal as it happens. What it throws, or its promise rejects
   * with, is ignored.
   */
  readonly onEvent?: (event: GlanceEvent) => void;
  /** The only way to the network; replace it for a private CA, a proxy or a test. */
  readonly fetch?: (input: string, init: RequestInit) => Promise<Response>;
  /** Waits; rejects with the signal's reason when it is aborted. */
  readonly sleep?: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** Milliseconds of any steady clock. */
  readonly now?: () => number;
  /** From 0 to below 1. */
  readonly random?: () => number;
}

/** {@linkcode GlanceOptions} with nothing left open. */
export type ResolvedOptions =
  & Readonly<
    Required<
      Omit<
        GlanceOptions,
        "apiServers" | "catalogInfo" | "regionName" | "authUrl" | "privilegedContext"
      >
    >
  >
  & {
    readonly apiServers: readonly ApiServer[] | null;
    /** Origins. */
    readonly trustedHosts: readonly string[];
    readonly catalogInfo: CatalogInfo;
    readonly regionName: string | null;
    readonly authUrl: string | null;
    readonly privilegedContext: RequestContext | null;
    /** Calls `ring` after `ms`, unless what it returns is called before. Follows `sleep`. */
    readonly timer: (ms: number, ring: () => void) => () => void;
  };

/** What to look for in the catalog. */
export interface CatalogInfo {
  /** Type of the service: `image`. */
  readonly serviceType: string;
  /** Its name, if there are several of the type; the first of them where it is none of theirs. */
  readonly serviceName: string;
  /** `publicURL`, `internalURL` or `adminURL`; `public` and so on are the same. */
  readonly endpointType: string;
}

const RESOLVED = new WeakSet<object>();

/** Longest time of a timer, 24 days: a longer one rings at once, on every runtime. */
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * Checks and completes options; options that were resolved before are given back.
 *
 * @throws {Invalid} where they are no object.
 * @throws {InvalidConfigurationValue} naming the option and the wanted form.
 */
export function resolveOptions(options: GlanceOptions | ResolvedOptions = {}): ResolvedOptions {
  checkRecord("the options", options);
  if (isResolved(options)) return options;
  const resolved: ResolvedOptions = Object.freeze({
    apiServers: apiServersOf(options.apiServers ?? null),
    numRetries: countOf("numRetries", options.numRetries ?? 3),
    catalogInfo: parseCatalogInfo(options.catalogInfo ?? "image:glance:publicURL"),
    regionName: options.regionName ?? null,
    authUrl: options.authUrl ?? null,
    requestTimeout: timeoutOf("requestTimeout", options.requestTimeout ?? 60_000),
    stallTimeout: timeoutOf("stallTimeout", options.stallTimeout ?? 30_000),
    allowedDirectUrlSchemes: listOf(
      "allowedDirectUrlSchemes",
      options.allowedDirectUrlSchemes ?? [],
    ),
    directUrlRoots: listOf("directUrlRoots", options.directUrlRoots ?? []),
    trustedHosts: listOf("trustedHosts", options.trustedHosts ?? []).map(parseTrustedHost),
    authStrategy: authStrategyOf(options.authStrategy ?? "keystone"),
    privilegedContext: options.privilegedContext ?? null,
    onEvent: ignoringErrors(options.onEvent),
    fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
    sleep: options.sleep === undefined ? sleep : settled(options.sleep),
    timer: options.sleep === undefined ? nativeTimer : sleepTimer(settled(options.sleep)),
    now: numberFrom(options.now, () => performance.now()),
    random: numberFrom(options.random, () => Math.random()),
  });
  RESOLVED.add(resolved);
  return resolved;
}

function isResolved(options: GlanceOptions | ResolvedOptions): options is ResolvedOptions {
  return RESOLVED.has(options);
}

function apiServersOf(servers: readonly string[] | null): readonly ApiServer[] | null {
  if (servers === null) return null;
  const list = listOf("apiServers", servers);
  if (list.length > 0) return list.map(parseApiServer);
  throw new InvalidConfigurationValue(
    'Cannot use the option "apiServers": it must list at least one server; leave it out to use the service catalog',
  );
}

/** A list of texts of one's own. What is no list is not shown: it may be a URL with a password. */
function listOf(name: string, value: readonly string[]): readonly string[] {
  const isList = Array.isArray(value);
  const odd = isList ? value.filter((entry) => typeof entry !== "string") : [value];
  if (odd.length === 0) return [...value];
  throw new InvalidConfigurationValue(
    `Cannot use the option "${name}": it ${isList ? "holds" : "is"} ${
      describeType(odd[0])
    } and must be a list of strings`,
  );
}

/** @throws {InvalidConfigurationValue} where it has not exactly three parts, or no type. */
function parseCatalogInfo(text: string): CatalogInfo {
  const [serviceType, serviceName, endpointType, ...rest] = String(text).split(":");
  if (!serviceType || serviceName === undefined || !endpointType || rest.length > 0) {
    throw new InvalidConfigurationValue(
      `Cannot use the option "catalogInfo": it is ${
        inspect(text)
      } and must have the form "<service type>:<service name>:<endpoint type>"`,
    );
  }
  return { serviceType, serviceName, endpointType };
}

function countOf(name: string, value: number): number {
  if (Number.isInteger(value) && value >= 0) return value;
  throw new InvalidConfigurationValue(
    `Cannot use the option "${name}": it is ${
      inspect(value)
    } and must be a whole number of at least 0`,
  );
}

function timeoutOf(name: string, value: number): number {
  if (typeof value === "number" && value > 0) return value;
  throw new InvalidConfigurationValue(
    `Cannot use the option "${name}": it is ${
      inspect(value)
    } and must be milliseconds above 0; use Infinity for no limit`,
  );
}

function authStrategyOf(value: string): "keystone" | "noauth" {
  if (value === "keystone" || value === "noauth") return value;
  throw new InvalidConfigurationValue(
    `Cannot use the option "authStrategy": it is ${
      inspect(value)
    } and must be "keystone" or "noauth"`,
  );
}

/** A sleep that gives a promise, whatever it throws or returns: timers ring outside of any call. */
function settled(sleep: ResolvedOptions["sleep"]): ResolvedOptions["sleep"] {
  return (ms, signal) => {
    try {
      return Promise.resolve(sleep(ms, signal));
    } catch (error) {
      return Promise.reject(error);
    }
  };
}

/** Numbers of the given function; of the default one where it throws or gives none. */
function numberFrom(given: (() => unknown) | undefined, usual: () => number): () => number {
  if (given === undefined) return usual;
  return () => {
    const value = callSafely(given);
    return typeof value === "number" && Number.isFinite(value) ? value : usual();
  };
}

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, Math.min(ms, LONGEST_TIMER));
    signal?.addEventListener("abort", stop, { once: true });
  });
}

/** A timer of the runtime: a tenth of what a sleep that is aborted costs, and there is one a request. */
function nativeTimer(ms: number, ring: () => void): () => void {
  const timer = setTimeout(ring, Math.min(ms, LONGEST_TIMER));
  return () => clearTimeout(timer);
}

function sleepTimer(sleep: ResolvedOptions["sleep"]): ResolvedOptions["timer"] {
  return (ms, ring) => {
    const stop = new AbortController();
    // A sleep that knows no signal wakes up all the same.
    sleep(ms, stop.signal).then(() => stop.signal.aborted || ring(), () => {});
    return () => stop.abort("stopped");
  };
}
