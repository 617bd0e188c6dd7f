/** Creates credentials, options, and TLS settings from the settings of a cloud. Pure. */
import type { RequestContext } from "../../context.ts";
import type { GlanceOptions } from "../../options.ts";
import type { Cloud } from "./cloud.ts";
import { type Authorization, authorizationOf } from "./authorization.ts";
import type { Credentials } from "../credentials.ts";
import { ignoredSettings } from "./ignored_settings.ts";
import { definedMembers } from "../../validate.ts";

/** The options that a configuration sets; the others are absent. */
export type CloudOptions = Pick<
  GlanceOptions,
  "apiServers" | "catalogInfo" | "regionName" | "authUrl" | "requestTimeout" | "authStrategy"
>;

/** The CAs that a cloud is checked against, and the client certificate. */
export interface CloudTls {
  /**
   * False if the configuration disables the check of certificates. No runtime can disable it for a single
   * fetch, so certificates are always checked.
   */
  readonly verify: boolean;
  /** PEM file with the CAs of the cloud; null: the CAs of the runtime. */
  readonly caCertFile: string | null;
  /** PEM file with the client certificate, and its key if `keyFile` is null; null: no client certificate. */
  readonly certFile: string | null;
  /** PEM file with the key of the client certificate; null: it is in `certFile`. */
  readonly keyFile: string | null;
}

/** The configuration of a cloud. */
export interface CloudConfig {
  /** Name in `clouds.yaml`; `envvars` for the cloud of the `OS_*` variables. */
  readonly name: string;
  /** The source of the configuration, for messages. */
  readonly origin: string;
  /** For `authenticate`; null if the cloud does not use Keystone. */
  readonly credentials: Credentials | null;
  /** The context to use without Keystone: one with a fixed token, or an empty one. */
  readonly context: RequestContext;
  /** The {@linkcode GlanceOptions} that the configuration sets. */
  readonly options: CloudOptions;
  /** For `fetchForCloud`. */
  readonly tls: CloudTls;
  /** A message for each setting that is ignored, without secrets. */
  readonly ignored: readonly string[];
}

/** The TLS settings of a cloud that has none. */
export const DEFAULT_TLS: CloudTls = {
  verify: true,
  caCertFile: null,
  certFile: null,
  keyFile: null,
};

/**
 * Creates the configuration of a cloud from its settings.
 *
 * @param servers The servers of `GLANCE_API_SERVERS`, which take precedence over those of the cloud.
 * @param missingProfile The cloud's profile, if no file has it.
 * @throws {InvalidConfigurationValue} if a setting is missing or unusable; the message names the cloud, its
 * file, and the setting.
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
      "is missing, and a cloud without Keystone has no catalog; set it to Glance's URL",
    );
  }
  return {
    name: cloud.name,
    origin: cloud.origin,
    credentials: authorization.kind === "keystone" ? authorization.credentials : null,
    context: authorization.kind === "token" ? { authToken: authorization.token } : {},
    options: optionsOf(cloud, apiServers, authorization),
    tls: tlsOf(cloud, homeDirectory),
    ignored: ignoredSettings(cloud, missingProfile),
  };
}

/** The endpoint override, by the SDK's names, then by those of glanceclient and `admin_token`. */
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
  return definedMembers<CloudOptions>({
    apiServers: apiServers ?? undefined,
    catalogInfo: catalogInfoOf(cloud),
    regionName: cloud.firstText("image_region_name", "region_name") ?? undefined,
    authUrl: authorization.kind === "keystone" ? authorization.credentials.authUrl : undefined,
    requestTimeout: timeoutOf(cloud),
    authStrategy: authorization.kind === "none" ? "noauth" : undefined,
  });
}

/** Undefined if nothing is configured, so that the default applies. */
function catalogInfoOf(cloud: Cloud): string | undefined {
  const interfaceName = interfaceOf(cloud);
  const type = cloud.text("image_service_type");
  const name = cloud.text("image_service_name");
  if (interfaceName === null && type === null && name === null) return undefined;
  return `${type ?? "image"}:${name ?? "glance"}:${interfaceName ?? "public"}URL`;
}

/** The interface, without the suffix `URL` of v2 catalogs; the first one of a list. */
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
function timeoutOf(cloud: Cloud): number | undefined {
  const text = cloud.text("api_timeout");
  if (text === null) return undefined;
  const seconds = Number(text);
  if (seconds > 0) return seconds * 1000;
  throw cloud.unusable("api_timeout", "must be a number of seconds above 0");
}

function tlsOf(cloud: Cloud, homeDirectory: string | null): CloudTls {
  const file = (path: string | null) =>
    homeDirectory === null || path === null ? path : path.replace(/^~(?=\/)/, homeDirectory);
  const isOn = cloud.flag("insecure") !== true && cloud.flag("verify") !== false;
  // The SDK uses the Python package requests, which takes any other text for the path of the CAs.
  const path = isOn && cloud.flag("verify") === null ? cloud.text("verify") : null;
  return {
    verify: isOn,
    caCertFile: file(cloud.text("cacert") ?? path),
    certFile: file(cloud.text("cert")),
    keyFile: file(cloud.text("key")),
  };
}
