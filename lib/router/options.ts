/**
 * What a gateway can be told, and the checked result that its handlers read.
 *
 * @module
 */
import type { RequestContext } from "../context.ts";
import { isWorkerd } from "../http/fixed_length.ts";
import { type Verify, VERIFY_MODES } from "../transfer/types.ts";
import { parseHttpUrl } from "../api_server.ts";
import { InvalidConfigurationValue, redact } from "../errors.ts";
import { ignoringErrors } from "../events.ts";
import type { GlanceOptions } from "../options.ts";
import { checkRecord, describeType, inspect, isRecord } from "../validate.ts";
import { isHost } from "./path.ts";
import type { RequestLog } from "./observe/access_log.ts";

/** Who may read answers from a web page of another origin. */
export interface CorsOptions {
  /** The origins, as browsers write them (`https://horizon.example`); `*` is every one. */
  readonly origins: "*" | readonly string[];
  /**
   * Seconds for which a browser may remember what it was allowed.
   * @default {600}
   */
  readonly maxAge?: number;
}

/** A request for which `authorize` decides. */
export interface GatewayCall {
  /** The request as it came; its body must not be read. */
  readonly request: Request;
  /** Name of the operation: `list`, `get`, `data`, `members.create` … */
  readonly operation: string;
  /** Template of the path: `/v2/images/{image_id}/file`. */
  readonly path: string;
  /**
   * The placeholders' values: `image_id` … An id has one spelling here, in lower case, however the request
   * spells it. Names of namespaces, tags and the like are as they came: Glance compares them without
   * regard to case, as its database does.
   */
  readonly values: Readonly<Record<string, string>>;
}

/** The gateway's own credentials, which answer for every caller. */
export interface ServiceMode {
  /** Who asks Glance; with `renew` it lasts for ever. Callers' tokens go nowhere. */
  readonly context: RequestContext;
  /**
   * Answers nothing but `GET` and `HEAD`.
   * @default {true}
   */
  readonly readOnly?: boolean;
}

/** What a gateway can be told; see {@linkcode GlanceOptions} for the way to the servers. */
export interface ImageRouterOptions extends GlanceOptions {
  /**
   * The servers; needed unless `serviceMode` brings a service catalog.
   */
  readonly apiServers?: readonly string[] | null;
  /** Asks Glance with the gateway's credentials; without it, each caller's own token is passed on. */
  readonly serviceMode?: ServiceMode;
  /**
   * Decides about each request before Glance does: `true` lets it pass, `false` is answered with 403, and
   * a `Response` is the answer itself. Anything else is a fault of the function: the request is answered
   * with 500 and the log says why.
   */
  readonly authorize?: (
    call: GatewayCall,
  ) => boolean | Response | Promise<boolean | Response>;
  /**
   * Where callers find the gateway, with the prefix below which it is mounted, for `Location` and the
   * list of versions: `https://images.example/image`. Without it, the URL of each request tells, which
   * knows nothing of a TLS that ended before it, nor of a prefix that was taken off (`app.mount`).
   */
  readonly publicEndpoint?: string;
  /**
   * Whether a download that breaks after sent headers continues from another server. False hands on the
   * body of one server, if its headers describe exactly the bytes that were asked for; a break resets the
   * connection. That takes half the CPU on Deno if there is no `log` and nothing is hashed; a server that
   * falls silent is waited for then. With either, every chunk is looked at, and `stallTimeout` applies.
   * @default {true}
   */
  readonly resume?: boolean;
  /**
   * Whether whole images are hashed on their way out; a wrong one is cut before its end. The number of
   * bytes and the image's identity are checked in any case.
   * @default {"off"}
   */
  readonly verify?: Verify;
  /**
   * Connections to servers that are held at most for callers who take nothing for half a second or more. Of
   * further ones, whoever has rested longest gives his back, and his download goes on with a range request
   * when he does; where the store has ranges, and `resume` is on. `Infinity` holds them all, as is always
   * done on Cloudflare Workers.
   *
   * As many downloads begin at once, and eight times as many of parts of up to 256 KiB. Others wait until
   * one has taken 8 MiB, rests or ends, or for 100 ms; the next is one of the caller (by token, else by
   * address) with the fewest that have begun.
   * @default {8}
   */
  readonly heldConnections?: number;
  /**
   * Whether the memory of a chunk is freed when the next one is asked for, instead of when the runtime
   * collects garbage. Only for a server that has taken a chunk by then, as `Deno.serve` has, and without
   * middleware that reads bodies.
   * @default {false}
   */
  readonly freesChunks?: boolean;
  /**
   * Bytes of the largest upload; a larger one is answered with 413.
   * @default {Infinity}
   */
  readonly maxUploadSize?: number;
  /** Lets web pages of other origins read answers; without it, none may. */
  readonly cors?: CorsOptions;
  /**
   * Host names under which the gateway can be reached; a request for another one is answered with 403.
   * `"loopback"` allows `localhost`, 127.0.0.0/8 and `[::1]`. The host of `publicEndpoint` is always
   * allowed. Set it for a gateway whose callers need no token: otherwise a web page can reach it through
   * a name of its own that resolves to the address of the gateway (DNS rebinding).
   *
   * A POST that a page of another site can make a browser send is refused whatever the value.
   * @default {"any"}
   */
  readonly allowedHosts?: "any" | "loopback" | readonly string[];
  /**
   * Serves counters in Prometheus' text format at `/metrics`, to whoever can reach the gateway.
   * @default {false}
   */
  readonly metrics?: boolean;
  /** Told once of each request, when the last byte of its answer has been taken or given up. */
  readonly log?: (entry: RequestLog) => void;
}

/** Options with nothing left open. */
export interface GatewayOptions {
  /** Who asks in service mode: the context with the newest token. */
  readonly service: (() => RequestContext) | null;
  readonly isReadOnly: boolean;
  readonly authorize: NonNullable<ImageRouterOptions["authorize"]> | null;
  /** Without a slash at its end. */
  readonly publicEndpoint: string | null;
  readonly resume: boolean;
  readonly verify: Verify;
  readonly heldConnections: number;
  readonly freesChunks: boolean;
  readonly maxUploadSize: number;
  readonly cors: CorsOptions | null;
  /** Host names without a port, in lower case. */
  readonly allowedHosts: "any" | "loopback" | readonly string[];
  readonly metrics: boolean;
  readonly log: ((entry: RequestLog) => void) | null;
}

/**
 * Checks and completes what concerns the gateway itself.
 *
 * @throws {Invalid} where they are no object.
 * @throws {InvalidConfigurationValue} naming the option and the wanted form.
 */
export function resolveGatewayOptions(options: ImageRouterOptions): GatewayOptions {
  checkRecord("the options of an image router", options);
  checkOptions(options);
  const { serviceMode, maxUploadSize = Infinity, heldConnections = 8 } = options;
  if (!options.apiServers && serviceMode?.context.serviceCatalog === undefined) {
    throw new InvalidConfigurationValue(
      'Cannot create an image router: there are no "apiServers"; set them, or give "serviceMode" a context with a service catalog',
    );
  }
  return Object.freeze({
    service: serviceMode === undefined ? null : newest(serviceMode.context),
    isReadOnly: serviceMode !== undefined && (serviceMode.readOnly ?? true),
    authorize: options.authorize ?? null,
    publicEndpoint: publicEndpointOf(options.publicEndpoint),
    resume: options.resume ?? true,
    verify: options.verify ?? "off",
    // There no request can do anything for another: one that waited for another's end would wait for ever
    // once that one's caller has left, of which nobody is told.
    heldConnections: isWorkerd() ? Infinity : heldConnections,
    freesChunks: options.freesChunks ?? false,
    maxUploadSize,
    cors: options.cors ?? null,
    allowedHosts: allowedHostsOf(options.allowedHosts ?? "any"),
    metrics: options.metrics ?? false,
    log: options.log === undefined ? null : ignoringErrors(options.log),
  });
}

/** Requests get a context of their own each; what one of them has renewed serves the next. */
function newest(given: RequestContext): () => RequestContext {
  const { renew } = given;
  if (renew === undefined) return () => given;
  const renewed = async (): Promise<RequestContext> =>
    current = { ...current, ...await renew.call(given), renew: renewed };
  let current: RequestContext = { ...given, renew: renewed };
  return () => current;
}

/** @throws {InvalidConfigurationValue} for the first option that is not of its form. */
function checkOptions(options: ImageRouterOptions): void {
  const { serviceMode, cors, verify, maxUploadSize, heldConnections } = options;
  for (const name of ["resume", "freesChunks", "metrics"] as const) {
    check(isAbsentOr("boolean", options[name]), `"${name}"`, options[name], "true or false");
  }
  for (const name of ["authorize", "log"] as const) {
    check(isAbsentOr("function", options[name]), `"${name}"`, options[name], "a function");
  }
  const isMode = verify === undefined || VERIFY_MODES.includes(verify);
  check(isMode, '"verify"', verify, `"${VERIFY_MODES.join('", "')}"`);
  const isSize = maxUploadSize === undefined || isNumber(maxUploadSize) && maxUploadSize > 0;
  check(isSize, '"maxUploadSize"', maxUploadSize, "bytes above 0; use Infinity for no limit");
  const isCount = heldConnections === undefined ||
    isNumber(heldConnections) && heldConnections >= 0;
  const wanted = "a number of at least 0; use Infinity to hold them all";
  check(isCount, '"heldConnections"', heldConnections, wanted);
  if (serviceMode !== undefined) checkServiceMode(serviceMode);
  if (cors !== undefined) checkCors(cors);
}

/** What stands in place of a context may be a token: it is not shown. */
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
  const wanted = '"*" or a list of origins, such as ["https://horizon.example"]';
  check(origins === "*" || isList, '"origins" of "cors"', origins, wanted);
  check(isNumber(maxAge) && maxAge >= 0, '"maxAge" of "cors"', maxAge, "seconds, at least 0");
}

/** As `URL` writes them. */
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

function check(isGood: boolean, name: string, value: unknown, wanted: string): void {
  if (isGood) return;
  throw new InvalidConfigurationValue(
    `Cannot use the option ${name}: it is ${inspect(value)} and must be ${wanted}`,
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
