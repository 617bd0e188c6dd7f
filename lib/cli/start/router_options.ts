/** The options of the router that the settings of `start` describe. */
import { directoryStore } from "../../cache/mod.ts";
import type { CacheOptions, CorsOptions, ImageRouterOptions } from "../../router/mod.ts";
import type { InspectMode, Verify } from "../../transfer/types.ts";
import { timeOptions } from "../args/time_flags.ts";
import { UsageError } from "../system/errors.ts";
import type { ServeLimits } from "../server/serve.ts";
import { isLoopback } from "./listen_host.ts";
import type { StartSettings } from "./settings.ts";
import type { StartValues } from "./start_flags.ts";

/** The options, without those of the backend and of the log. */
export type RouterSettings = Omit<
  ImageRouterOptions,
  "serviceMode" | "authorize" | "apiServers" | "log" | "onEvent"
>;

/** Size of the cache, unless a flag sets it. */
const DEFAULT_SIZE = "10GiB";

/** The address to listen on. */
export function hostOf({ host = "127.0.0.1" }: StartValues): string {
  return host;
}

/**
 * The options of the router.
 *
 * @throws {UsageError} if a setting cannot be used.
 */
export function routerSettings(settings: StartSettings): RouterSettings {
  const { values } = settings;
  const isPrivate = isLoopback(hostOf(values));
  return {
    ...timeOptions(values),
    publicEndpoint: values["public-endpoint"],
    allowedHosts: allowedHosts(settings) ?? (isPrivate ? "loopback" : "any"),
    cors: corsOptions(settings),
    cache: cacheOptions(settings),
    maxUploadSize: sizeOf(settings, "max-upload-size"),
    // The parser has checked the choices.
    inspect: values["inspect"] as InspectMode | undefined,
    verify: values["verify"] as Verify | undefined,
    resume: values["resume"],
    numRetries: values["retries"],
    regionName: values["os-region-name"],
    catalogInfo: catalogInfo(values),
    metrics: values["metrics"] ?? isPrivate,
    page: values["page"] ?? true,
  };
}

/** The limits for clients. */
export function listenerLimits(values: StartValues): ServeLimits {
  const ms = (seconds: number | undefined) => seconds && seconds * 1000;
  return {
    connections: values["max-connections"],
    head: ms(values["head-timeout"]),
    idle: ms(values["keep-alive-timeout"]),
    upload: ms(values["upload-timeout"]),
    download: ms(values["download-timeout"]),
  };
}

function allowedHosts(
  { values, written }: StartSettings,
): NonNullable<ImageRouterOptions["allowedHosts"]> | undefined {
  const hosts = values["allowed-hosts"];
  const [first, ...others] = hosts;
  if (first === undefined) return undefined;
  if (others.length === 0 && (first === "any" || first === "loopback")) return first;
  for (const host of hosts) {
    const isName = !["any", "loopback"].includes(host) && /^([\w.-]+|\[[\da-f:.]+\])$/i.test(host);
    if (isName) continue;
    throw new UsageError(
      `Cannot use ${
        written("allowed-hosts", host)
      }: it must be a host name without a port, or "any" or "loopback" alone`,
    );
  }
  // Probes and commands on this machine; a page of another site cannot have this name.
  return [...hosts, "localhost"];
}

function corsOptions({ values, written }: StartSettings): CorsOptions | undefined {
  const { cors, "cors-max-age": maxAge } = values;
  if (cors.length === 0) return undefined;
  if (cors.length === 1 && cors[0] === "*") return { origins: "*", maxAge };
  for (const origin of cors) {
    const url = URL.canParse(origin) ? new URL(origin) : null;
    if (url?.origin === origin && !origin.includes("*")) continue;
    const hint = url === null || url.origin === "null" || origin.includes("*")
      ? "write it as https://horizon.example"
      : `write ${url.origin}`;
    throw new UsageError(
      `Cannot use ${
        written("cors", origin)
      }: it is not an origin as browsers send it, a scheme and a host without a path; ${hint}`,
    );
  }
  return { origins: cors, maxAge };
}

function cacheOptions(settings: StartSettings): CacheOptions | undefined {
  const { cache, "cache-authorization-ttl": ttl } = settings.values;
  if (cache === undefined) return undefined;
  return {
    store: directoryStore(cache),
    size: sizeOf(settings, "cache-size") ?? sizeFrom(DEFAULT_SIZE) ?? 0,
    slotSize: sizeOf(settings, "cache-slot-size"),
    authorizationTtl: ttl && ttl * 1000,
  };
}

function catalogInfo(values: StartValues): string | undefined {
  const { "os-service-type": type, "os-endpoint-type": endpointType } = values;
  if (type === undefined && endpointType === undefined) return undefined;
  return `${type ?? "image"}:glance:${endpointType ?? "public"}`;
}

function sizeOf(
  { values, written }: StartSettings,
  name: "cache-size" | "cache-slot-size" | "max-upload-size",
): number | undefined {
  const text = values[name];
  if (text === undefined) return undefined;
  const size = sizeFrom(text);
  if (size !== null) return size;
  throw new UsageError(
    `Cannot use ${
      written(name, text)
    }: it is not a size above 0; write a number with a unit, such as 50GiB`,
  );
}

const UNITS: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KIB: 2 ** 10,
  MIB: 2 ** 20,
  GIB: 2 ** 30,
  TIB: 2 ** 40,
};

/** Bytes of a size such as `50GiB`, `1.5 TB`, `1000000`; null if it is not one above 0. */
function sizeFrom(text: string): number | null {
  const [, digits = "", unit = ""] = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(text) ?? [];
  const factor = UNITS[unit.toUpperCase() || "B"];
  const bytes = Math.floor(Number(digits) * (factor ?? 0));
  return digits !== "" && bytes >= 1 ? bytes : null;
}
