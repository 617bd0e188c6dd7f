/**
 * Finds the cloud to connect to, in options, `OS_*` variables, `clouds.yaml`, and `GLANCE_API_SERVERS`, and
 * makes the options of a client and its sign-in. The client, the gateway, and the command line start here.
 */
import {
  type CloudConfig,
  type CloudTls,
  type Environment,
  fetchForCloud,
  readCloud,
} from "./auth/clouds/mod.ts";
import { DEFAULT_TLS } from "./auth/clouds/config.ts";
import type { YamlParser } from "./auth/clouds/yaml.ts";
import { authenticate, type Credentials } from "./auth/keystone.ts";
import type { RequestContext } from "./context.ts";
import { ignoringErrors } from "./events.ts";
import { type GlanceOptions, resolveOptions } from "./options.ts";
import { processEnvironment } from "./platform.ts";
import { definedMembers } from "./validate.ts";

/** Options of `connect`. Defaults come from the environment. */
export interface ConnectOptions extends GlanceOptions {
  /**
   * Name of the cloud in `clouds.yaml`.
   * Default: `OS_CLOUD`.
   */
  readonly cloud?: string | undefined;
  /**
   * Credentials for Keystone.
   * Default: those of the cloud or the `OS_*` variables.
   */
  readonly credentials?: Credentials | undefined;
  /**
   * Environment variables.
   * Default: those of the process.
   */
  readonly environment?: Environment | undefined;
  /**
   * Parses `clouds.yaml`.
   * Default: `parseDocument` of the npm package `yaml`, which must be installed if the file exists.
   */
  readonly parseYaml?: YamlParser | undefined;
}

/** The selection of a cloud, and options that override those of its configuration. */
export interface CloudInput extends ConnectOptions {
  /** Overrides the certificate files of the cloud. */
  readonly tls?: { readonly [Key in keyof CloudTls]?: CloudTls[Key] | undefined } | undefined;
}

/** A cloud to connect to. Disposing it closes the connections that use the cloud's own CA. */
export interface ResolvedCloud extends Disposable {
  /** The source of the configuration, for messages. */
  readonly origin: string;
  /** The options of a client. */
  readonly options: GlanceOptions;
  /** Signs in; without Keystone, resolves to the context of the configuration. */
  signIn(): Promise<RequestContext>;
}

/**
 * Resolves the cloud to connect to; null if nothing is configured. Ignored settings are reported as events.
 *
 * @throws {InvalidConfigurationValue} if a setting is missing or unusable.
 */
export async function resolveCloud(input: CloudInput): Promise<ResolvedCloud | null> {
  resolveOptions(input);
  const { cloud, credentials, environment: _, parseYaml, tls, ...explicit } = input;
  const config = credentials !== undefined
    ? configFrom(credentials)
    : await readCloud({ cloud, environment: environmentFor(input), parseYaml });
  if (config === null) return null;
  const fetch = explicit.fetch === undefined
    ? await fetchForCloud({ ...config.tls, ...definedMembers<CloudTls>(tls ?? {}) })
    : null;
  // An undefined option overrides nothing.
  const given = definedMembers<GlanceOptions>(explicit);
  const options: GlanceOptions = { ...config.options, fetch: fetch ?? undefined, ...given };
  const emit = ignoringErrors(options.onEvent);
  for (const message of config.ignored) emit({ kind: "ignored", message });
  return {
    origin: config.origin,
    options,
    signIn: async () =>
      config.credentials === null
        ? config.context
        : await authenticate(config.credentials, options),
    [Symbol.dispose]: () => fetch?.[Symbol.dispose](),
  };
}

/** Creates a value from a cloud. Disposing the value disposes the cloud; so does an error of `make`. */
export async function fromCloud<Made>(
  cloud: ResolvedCloud,
  make: (cloud: ResolvedCloud) => Promise<Made>,
): Promise<Made & Disposable> {
  try {
    return { ...await make(cloud), [Symbol.dispose]: () => cloud[Symbol.dispose]() };
  } catch (error) {
    cloud[Symbol.dispose]();
    throw error;
  }
}

function configFrom(credentials: Credentials): CloudConfig {
  const { authUrl } = credentials;
  return {
    name: "credentials",
    origin: "the given credentials",
    credentials,
    context: {},
    options: { authUrl },
    tls: DEFAULT_TLS,
    ignored: [],
  };
}

/**
 * Treats `apiServers` like `GLANCE_API_SERVERS`, so that a cloud that is only the default does not send its
 * token to them.
 */
function environmentFor(
  { environment = processEnvironment(), apiServers }: CloudInput,
): Environment {
  return apiServers ? { ...environment, GLANCE_API_SERVERS: apiServers.join(",") } : environment;
}
