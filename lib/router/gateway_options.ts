/** Checks the options of a gateway, and adds defaults. */
import type { RequestContext } from "../context.ts";
import { INSPECT_MODES, type InspectMode, type Verify, VERIFY_MODES } from "../transfer/types.ts";
import { parseHttpUrl } from "../api_server.ts";
import { InvalidConfigurationValue } from "../errors.ts";
import { redact } from "../redact.ts";
import { ignoringErrors } from "../events.ts";
import { describeType, inspect, isObject } from "../validate.ts";
import { isHost } from "./path.ts";
import type {
  CacheOptions,
  CorsOptions,
  ImageRouterOptions,
  PageOptions,
  ServiceMode,
} from "./options.ts";
import type { GlanceOptions, ResolvedOptions } from "../options.ts";
import type { RequestLog } from "./observe/access_log.ts";
import type { OpenTelemetry } from "../tracing/open_telemetry.ts";

/** Maximum bytes of a slot, which is kept in memory while it is fetched. */
const MAX_SLOT_SIZE = 2 ** 28;

/** The names of the options, besides those of the client, each with those of its members, if it has any. */
const NAMES: {
  readonly [Name in Exclude<keyof ImageRouterOptions, keyof GlanceOptions>]: readonly string[];
} = {
  serviceMode: ["context", "readOnly"] satisfies (keyof ServiceMode)[],
  authorize: [],
  publicEndpoint: [],
  resume: [],
  verify: [],
  cache: ["store", "size", "slotSize", "authorizationTtl"] satisfies (keyof CacheOptions)[],
  maxUploadSize: [],
  inspect: [],
  cors: ["origins", "maxAge"] satisfies (keyof CorsOptions)[],
  allowedHosts: [],
  metrics: [],
  tracing: [],
  page: ["signIn"] satisfies (keyof PageOptions)[],
  log: [],
};

/** The checked options, with defaults. */
export interface GatewayOptions {
  /** Returns the context with the newest token, in service mode. */
  readonly service: (() => RequestContext) | null;
  readonly isReadOnly: boolean;
  readonly authorize: NonNullable<ImageRouterOptions["authorize"]> | null;
  /** Without a trailing slash. */
  readonly publicEndpoint: string | null;
  readonly resume: boolean;
  readonly verify: Verify;
  readonly maxUploadSize: number;
  readonly inspect: InspectMode;
  readonly cors: CorsOptions | null;
  /** Host names without a port, in lower case. */
  readonly allowedHosts: "any" | "loopback" | readonly string[];
  readonly metrics: boolean;
  readonly tracing: OpenTelemetry | null;
  readonly page: boolean | PageOptions;
  readonly log: ((entry: RequestLog) => void) | null;
}

/**
 * Checks the options that concern the gateway itself, and adds defaults.
 *
 * @throws {InvalidConfigurationValue} for the first invalid or unknown option.
 */
export function resolveGatewayOptions(
  options: ImageRouterOptions,
  client: ResolvedOptions,
): GatewayOptions {
  checkNames(options, client);
  checkOptions(options);
  const { serviceMode, maxUploadSize = Infinity } = options;
  if (!options.apiServers && serviceMode?.context.serviceCatalog === undefined) {
    throw new InvalidConfigurationValue(
      'Cannot create an image router: set "apiServers", or a "serviceMode" whose context has a service catalog',
    );
  }
  return Object.freeze({
    service: serviceMode === undefined ? null : newest(serviceMode.context),
    isReadOnly: serviceMode !== undefined && (serviceMode.readOnly ?? true),
    authorize: options.authorize ?? null,
    publicEndpoint: publicEndpointOf(options.publicEndpoint),
    resume: options.resume ?? true,
    verify: options.verify ?? "off",
    maxUploadSize,
    inspect: options.inspect ?? "off",
    cors: options.cors ?? null,
    allowedHosts: allowedHostsOf(options.allowedHosts ?? "any"),
    metrics: options.metrics ?? false,
    tracing: options.tracing ?? null,
    page: options.page ?? false,
    log: options.log === undefined ? null : ignoringErrors(options.log),
  });
}

/** Returns the current context; a token that one request renews is used by the next. */
function newest(given: RequestContext): () => RequestContext {
  const { renew } = given;
  if (renew === undefined) return () => given;
  const renewed = async (): Promise<RequestContext> =>
    current = { ...current, ...await renew.call(given), renew: renewed };
  let current: RequestContext = { ...given, renew: renewed };
  return () => current;
}

/**
 * Checks that there is an option of each name: with a misspelled `authorize`, all requests would be allowed.
 *
 * @throws {InvalidConfigurationValue} for the first unknown name.
 */
function checkNames(options: ImageRouterOptions, client: ResolvedOptions): void {
  refuseOthers(options, [...Object.keys(NAMES), ...Object.keys(client)], "");
  for (const [name, members] of Object.entries(NAMES)) {
    const value: unknown = options[name as keyof typeof NAMES];
    if (members.length > 0 && isObject(value)) refuseOthers(value, members, ` of "${name}"`);
  }
}

function refuseOthers(given: object, names: readonly string[], where: string): void {
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || names.includes(name)) continue;
    throw new InvalidConfigurationValue(
      `Cannot use the option ${inspect(name)}${where}: there is no such option; check its spelling`,
    );
  }
}

/** @throws {InvalidConfigurationValue} for the first invalid option. */
function checkOptions(options: ImageRouterOptions): void {
  const { serviceMode, cors, maxUploadSize, cache, tracing } = options;
  const { page } = options;
  for (const name of ["resume", "metrics", "page"] as const) {
    const isValid = isAbsentOr("boolean", options[name]) || name === "page" && isObject(page);
    check(isValid, `"${name}"`, options[name], "true or false");
  }
  for (const name of ["authorize", "log"] as const) {
    check(isAbsentOr("function", options[name]), `"${name}"`, options[name], "a function");
  }
  for (const [name, modes] of [["verify", VERIFY_MODES], ["inspect", INSPECT_MODES]] as const) {
    const mode = options[name];
    const isMode = mode === undefined || modes.includes(mode);
    check(isMode, `"${name}"`, mode, `"${modes.join('", "')}"`);
  }
  const isApi = tracing === undefined || isObject(tracing) && isObject(tracing.trace);
  check(isApi, '"tracing"', tracing, "the module @opentelemetry/api");
  const isSize = maxUploadSize === undefined || isNumber(maxUploadSize) && maxUploadSize > 0;
  check(isSize, '"maxUploadSize"', maxUploadSize, "bytes above 0, or Infinity");
  check(
    cache === undefined || isObject(cache) && isCache(cache),
    '"cache"',
    cache,
    "an object with a store, a size above 0, a slotSize up to 2**28, and an authorizationTtl of at least 0",
  );
  if (serviceMode !== undefined) checkServiceMode(serviceMode);
  if (cors !== undefined) checkCors(cors);
}

function isCache({ store, size, slotSize = 1, authorizationTtl = 0 }: CacheOptions): boolean {
  return isObject(store) && size > 0 && slotSize > 0 && slotSize % 1 === 0 &&
    slotSize <= MAX_SLOT_SIZE && authorizationTtl >= 0;
}

/** The value is not shown: it may be a token that was passed instead of a context. */
function checkServiceMode(serviceMode: ServiceMode): void {
  const [what, value] = isObject(serviceMode)
    ? ["its context", serviceMode["context"]] as const
    : ["it", serviceMode] as const;
  if (!isObject(value)) {
    throw new InvalidConfigurationValue(
      `Cannot use the option "serviceMode": ${what} is ${
        describeType(value)
      } and must be an object; write { context }`,
    );
  }
  const { readOnly } = serviceMode;
  check(isAbsentOr("boolean", readOnly), '"readOnly" of "serviceMode"', readOnly, "true or false");
}

function checkCors(cors: CorsOptions): void {
  check(isObject(cors), '"cors"', cors, "an object; write { origins }");
  const { origins, maxAge = 0 } = cors;
  const isList = Array.isArray(origins) && origins.every((origin) => typeof origin === "string");
  const form = '"*" or a list of origins, such as ["https://horizon.example"]';
  check(origins === "*" || isList, '"origins" of "cors"', origins, form);
  check(isNumber(maxAge) && maxAge >= 0, '"maxAge" of "cors"', maxAge, "seconds, at least 0");
}

/** The host names, normalized by `URL`. */
function allowedHostsOf(
  hosts: NonNullable<ImageRouterOptions["allowedHosts"]>,
): GatewayOptions["allowedHosts"] {
  if (hosts === "any" || hosts === "loopback") return hosts;
  const list = Array.isArray(hosts) ? hosts : [hosts];
  return list.map((host) => {
    const isName = typeof host === "string" && /^(\[[^\]]+\]|[^:]+)$/.test(host) && isHost(host) &&
      URL.canParse(`http://${host}`);
    check(
      isName,
      '"allowedHosts"',
      host,
      '"any", "loopback" or a list of host names without a port, such as ["images.example"]',
    );
    return new URL(`http://${host}`).hostname;
  });
}

function check(isValid: boolean, name: string, value: unknown, form: string): void {
  if (isValid) return;
  throw new InvalidConfigurationValue(
    `Cannot use the option ${name}: it is ${inspect(value)} and must be ${form}`,
  );
}

function isAbsentOr(type: "boolean" | "function", value: unknown): boolean {
  return value === undefined || typeof value === type;
}

function isNumber(value: unknown): boolean {
  return typeof value === "number";
}

function publicEndpointOf(text: string | undefined): string | null {
  if (text === undefined) return null;
  const url = typeof text === "string" ? parseHttpUrl(text) : null;
  const isEndpoint = url !== null && url.search + url.hash === "";
  if (isEndpoint) return (url.origin + url.pathname).replace(/\/+$/, "");
  throw new InvalidConfigurationValue(
    `Cannot use the option "publicEndpoint": it is ${
      inspect(typeof text === "string" ? redact(text) : text)
    } and must be an http or https URL without a query; write it as "https://images.example/image"`,
    { messageParts: [{ key: "publicEndpoint", text: 'the option "publicEndpoint"' }] },
  );
}
