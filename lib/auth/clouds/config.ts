/**
 * The settings of a cloud -> what this library is told: who signs in how, the options, the TLS files.
 * Pure.
 *
 * @module
 */
import type { RequestContext } from "../../context.ts";
import type { GlanceOptions } from "../../options.ts";
import type { Cloud } from "./cloud.ts";
import { type Authorization, authorizationOf } from "./authorization.ts";
import type { Credentials } from "../credentials.ts";
import { ignoredSettings } from "./ignored_settings.ts";

/** The options that a configuration decides; what it does not mention is absent. */
export type CloudOptions = Pick<
  GlanceOptions,
  "apiServers" | "catalogInfo" | "regionName" | "authUrl" | "requestTimeout" | "authStrategy"
>;

/** How the certificates of a cloud are checked, and how we show ours. */
export interface CloudTls {
  /**
   * False where the configuration wants any certificate accepted. No runtime can do that for one
   * fetch, so certificates are checked all the same.
   */
  readonly verify: boolean;
  /** PEM file with the CAs of the cloud; null for those of the runtime. */
  readonly caCertFile: string | null;
  /** PEM file with the client's certificate, and its key where there is no `keyFile`. */
  readonly certFile: string | null;
  /** PEM file with its key; null where the certificate has it. */
  readonly keyFile: string | null;
}

/** A cloud as it was found. */
export interface CloudConfig {
  /** Its name in `clouds.yaml`; `envvars` where the `OS_*` variables make it up. */
  readonly name: string;
  /** What to sign in with, for `authenticate`; null where Keystone is not asked. */
  readonly credentials: Credentials | null;
  /** Who asks where Keystone is not asked: the bearer of a fixed token, or nobody. */
  readonly context: RequestContext;
  /** What the configuration decides of {@linkcode GlanceOptions}. */
  readonly options: CloudOptions;
  /** For `fetchForCloud`. */
  readonly tls: CloudTls;
  /** A sentence for each setting that is not honored, for messages; without secrets. */
  readonly ignored: readonly string[];
}

/** Where nothing is said about TLS. */
export const DEFAULT_TLS: CloudTls = {
  verify: true,
  caCertFile: null,
  certFile: null,
  keyFile: null,
};

/**
 * @param servers The servers of `GLANCE_API_SERVERS`; they go before those of the cloud.
 * @param missingProfile The profile that the cloud names, where no file has it.
 * @throws {InvalidConfigurationValue} naming the cloud, its file and the setting.
 */
export function cloudConfigFrom(
  cloud: Cloud,
  servers: readonly string[] | null,
  homeDirectory: string | null,
  missingProfile: string | null = null,
): CloudConfig {
  const apiServers = servers ?? serversOf(cloud);
  const authorization = authorizationOf(cloud, apiServers !== null);
  if (apiServers === null && authorization.kind !== "keystone") {
    throw cloud.unusable(
      "image_endpoint_override",
      "is missing, and without Keystone there is no catalog; set it to Glance's URL",
    );
  }
  return {
    name: cloud.name,
    credentials: authorization.kind === "keystone" ? authorization.credentials : null,
    context: authorization.kind === "token" ? { authToken: authorization.token } : {},
    options: optionsOf(cloud, apiServers, authorization),
    tls: tlsOf(cloud, homeDirectory),
    ignored: ignoredSettings(cloud, missingProfile),
  };
}

/** What the SDK calls the endpoint override, then what glanceclient and `admin_token` call it. */
function serversOf(cloud: Cloud): string[] | null {
  const url = cloud.firstText(
    "image_endpoint_override",
    "image_endpoint",
    "image_url",
    "auth.endpoint",
    "endpoint",
    "auth.url",
  );
  return url === null ? null : [cloud.expand(url)];
}

function optionsOf(
  cloud: Cloud,
  apiServers: readonly string[] | null,
  authorization: Authorization,
): CloudOptions {
  const regionName = cloud.firstText("image_region_name", "region_name");
  const catalogInfo = catalogInfoOf(cloud);
  const requestTimeout = timeoutOf(cloud);
  return {
    ...(apiServers === null ? {} : { apiServers }),
    ...(catalogInfo === null ? {} : { catalogInfo }),
    ...(regionName === null ? {} : { regionName }),
    ...(authorization.kind === "keystone" ? { authUrl: authorization.credentials.authUrl } : {}),
    ...(requestTimeout === null ? {} : { requestTimeout }),
    ...(authorization.kind === "none" ? { authStrategy: "noauth" } : {}),
  };
}

/** Null where nothing is said, so that the default stands. */
function catalogInfoOf(cloud: Cloud): string | null {
  const interfaceName = interfaceOf(cloud);
  const type = cloud.text("image_service_type");
  const name = cloud.text("image_service_name");
  if (interfaceName === null && type === null && name === null) return null;
  return `${type ?? "image"}:${name ?? "glance"}:${interfaceName ?? "public"}URL`;
}

/** Without the suffix of v2 catalogs; of a list, which says what to fall back to, the first. */
function interfaceOf(cloud: Cloud): string | null {
  for (const key of ["image_endpoint_type", "image_interface", "endpoint_type", "interface"]) {
    const value = cloud.value(key);
    const text = Array.isArray(value) && typeof value[0] === "string"
      ? value[0]
      : cloud.text(key)?.split(",")[0];
    if (text) return text.trim().replace(/URL$/, "");
  }
  return null;
}

/** `api_timeout` is in seconds. */
function timeoutOf(cloud: Cloud): number | null {
  const text = cloud.text("api_timeout");
  if (text === null) return null;
  const seconds = Number(text);
  if (seconds > 0) return seconds * 1000;
  throw cloud.unusable("api_timeout", "must be a number of seconds above 0");
}

function tlsOf(cloud: Cloud, homeDirectory: string | null): CloudTls {
  const file = (path: string | null) =>
    homeDirectory === null || path === null ? path : path.replace(/^~(?=\/)/, homeDirectory);
  const isOn = cloud.flag("insecure") !== true && cloud.flag("verify") !== false;
  // requests, under the SDK, takes any other text as the path of the CAs.
  const path = isOn && cloud.flag("verify") === null ? cloud.text("verify") : null;
  return {
    verify: isOn,
    caCertFile: file(cloud.text("cacert") ?? path),
    certFile: file(cloud.text("cert")),
    keyFile: file(cloud.text("key")),
  };
}
