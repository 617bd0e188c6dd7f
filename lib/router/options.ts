/** The options of a gateway, and the checked result that its handlers read. @module */
import type { RequestContext } from "../context.ts";
import { type Verify, VERIFY_MODES } from "../transfer/types.ts";
import { parseHttpUrl } from "../api_server.ts";
import { InvalidConfigurationValue } from "../errors.ts";
import { redact } from "../redact.ts";
import { ignoringErrors } from "../events.ts";
import type { GlanceOptions } from "../options.ts";
import { checkRecord, describeType, inspect, isRecord } from "../validate.ts";
import { isHost } from "./path.ts";
import type { RequestLog } from "./observe/access_log.ts";

/** Which web pages of other origins may read responses. */
export interface CorsOptions {
  /** Origins as browsers send them (`https://horizon.example`), or `*` for all. */
  readonly origins: "*" | readonly string[];
  /**
   * Seconds for which browsers may cache a preflight response (`Access-Control-Max-Age`).
   * @default {600}
   */
  readonly maxAge?: number;
}

/** A request that `authorize` decides about. */
export interface GatewayCall {
  /** The request as received. Do not read its body. */
  readonly request: Request;
  /** Name of the operation: `list`, `get`, `data`, `members.create` … */
  readonly operation: string;
  /** Path template: `/v2/images/{image_id}/file`. */
  readonly path: string;
  /**
   * Values of the placeholders, such as `image_id`. Ids are in lower case, however the request spells them.
   * Names (namespaces, tags) are decoded, but not changed: compare them as Glance's database does, which
   * ignores case, accents and trailing spaces.
   */
  readonly values: Readonly<Record<string, string>>;
}

/** Service mode: the gateway calls Glance with its own credentials, for all clients. */
export interface ServiceMode {
  /**
   * The credentials. A context with `renew` gets a new token before the old one expires. Tokens of clients are
   * not forwarded.
   */
  readonly context: RequestContext;
  /**
   * Whether only `GET` and `HEAD` are allowed. Other methods are answered with 403.
   * @default {true}
   */
  readonly readOnly?: boolean;
}

/** The options of {@linkcode createImageRouter}, besides those of the client ({@linkcode GlanceOptions}). */
export interface ImageRouterOptions extends GlanceOptions {
  /** The Glance servers. Required unless the context of `serviceMode` has a service catalog. */
  readonly apiServers?: readonly string[] | null;
  /**
   * Calls Glance with the gateway's own credentials.
   * @default none: the token of each request is forwarded
   */
  readonly serviceMode?: ServiceMode;
  /**
   * Decides about each request before it is forwarded: `true` allows it, `false` answers with 403, and a
   * `Response` is sent as it is. Any other result answers with 500 and is logged.
   * @default none: all requests are allowed
   */
  readonly authorize?: (
    call: GatewayCall,
  ) => boolean | Response | Promise<boolean | Response>;
  /**
   * Public URL of the gateway, including the prefix below which it is mounted, for `Location` and the list
   * of versions: `https://images.example/image`. Set it if a proxy in front of the gateway terminates TLS or
   * strips a prefix, or with `app.mount`.
   * @default the URL of each request
   */
  readonly publicEndpoint?: string;
  /**
   * Whether a download that fails after its headers were sent continues from another server. If false, the
   * body of one server is forwarded, provided that its headers describe exactly the requested bytes; a
   * failure resets the connection. On Deno that halves the CPU time, unless there is a `log` or `verify`
   * applies: then every chunk is inspected. Without either, `stallTimeout` does not apply.
   * @default {true}
   */
  readonly resume?: boolean;
  /**
   * Whether whole images are hashed while they are sent. If the hash is wrong, the connection is reset before
   * the last chunk. The number of bytes and the `Content-MD5` of the server are always checked.
   * @default {"off"}
   */
  readonly verify?: Verify;
  /**
   * Maximum size of an upload in bytes. A larger one is answered with 413.
   * @default {Infinity}
   */
  readonly maxUploadSize?: number;
  /**
   * Allows web pages of other origins to read responses.
   * @default none: no page may
   */
  readonly cors?: CorsOptions;
  /**
   * Host names that requests may name. Others are answered with 403. `"loopback"` allows `localhost`,
   * 127.0.0.0/8 and `[::1]`. The host of `publicEndpoint` is always allowed. Set it if clients need no token:
   * otherwise a web page can reach the gateway through a name of its own that resolves to the address of the
   * gateway (DNS rebinding).
   *
   * Whatever the value, a write without a token from a page of another site is answered with 403.
   * @default {"any"}
   */
  readonly allowedHosts?: "any" | "loopback" | readonly string[];
  /**
   * Whether to serve counters in Prometheus' text format at `/metrics`, to every client.
   * @default {false}
   */
  readonly metrics?: boolean;
  /**
   * Called once per request, after the response body is finished or canceled.
   * @default none
   */
  readonly log?: (entry: RequestLog) => void;
}

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
  readonly cors: CorsOptions | null;
  /** Host names without a port, in lower case. */
  readonly allowedHosts: "any" | "loopback" | readonly string[];
  readonly metrics: boolean;
  readonly log: ((entry: RequestLog) => void) | null;
}

/**
 * Checks the options that concern the gateway itself, and adds defaults.
 *
 * @throws {Invalid} if they are not an object.
 * @throws {InvalidConfigurationValue} for the first option that is not of the required form.
 */
export function resolveGatewayOptions(options: ImageRouterOptions): GatewayOptions {
  checkRecord("the options of an image router", options);
  checkOptions(options);
  const { serviceMode, maxUploadSize = Infinity } = options;
  if (!options.apiServers && serviceMode?.context.serviceCatalog === undefined) {
    throw new InvalidConfigurationValue(
      'Cannot create an image router: no "apiServers" are given; set them, or pass a "serviceMode" whose context has a service catalog',
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
    cors: options.cors ?? null,
    allowedHosts: allowedHostsOf(options.allowedHosts ?? "any"),
    metrics: options.metrics ?? false,
    log: options.log === undefined ? null : ignoringErrors(options.log),
  });
}

/** Each request gets a context of its own; the token that one of them renews serves the next. */
function newest(given: RequestContext): () => RequestContext {
  const { renew } = given;
  if (renew === undefined) return () => given;
  const renewed = async (): Promise<RequestContext> =>
    current = { ...current, ...await renew.call(given), renew: renewed };
  let current: RequestContext = { ...given, renew: renewed };
  return () => current;
}

/** @throws {InvalidConfigurationValue} for the first option that is not of the required form. */
function checkOptions(options: ImageRouterOptions): void {
  const { serviceMode, cors, verify, maxUploadSize } = options;
  for (const name of ["resume", "metrics"] as const) {
    check(isAbsentOr("boolean", options[name]), `"${name}"`, options[name], "true or false");
  }
  for (const name of ["authorize", "log"] as const) {
    check(isAbsentOr("function", options[name]), `"${name}"`, options[name], "a function");
  }
  const isMode = verify === undefined || VERIFY_MODES.includes(verify);
  check(isMode, '"verify"', verify, `"${VERIFY_MODES.join('", "')}"`);
  const isSize = maxUploadSize === undefined || isNumber(maxUploadSize) && maxUploadSize > 0;
  check(isSize, '"maxUploadSize"', maxUploadSize, "bytes above 0; use Infinity for no limit");
  if (serviceMode !== undefined) checkServiceMode(serviceMode);
  if (cors !== undefined) checkCors(cors);
}

/** The value is not shown: it may be a token that was passed instead of a context. */
function checkServiceMode(serviceMode: ServiceMode): void {
  const [what, value] = isRecord(serviceMode)
    ? ["its context", serviceMode["context"]] as const
    : ["it", serviceMode] as const;
  if (!isRecord(value)) {
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
  check(isRecord(cors), '"cors"', cors, "an object; write { origins }");
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
  );
}
