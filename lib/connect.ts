/**
 * The composition root: makes a service and a context from the user's configuration and options.
 *
 * @module
 */
import { type CloudConfig, type Environment, fetchForCloud, readCloud } from "./auth/clouds/mod.ts";
import { processEnvironment } from "./platform.ts";
import { authenticate, type Credentials } from "./auth/keystone.ts";
import type { YamlParser } from "./auth/clouds/yaml.ts";
import type { RequestContext } from "./context.ts";
import { InvalidConfigurationValue } from "./errors.ts";
import { ignoringErrors } from "./events.ts";
import { getDefaultImageService } from "./images/remote.ts";
import type { GlanceImageService } from "./images/service.ts";
import { type GlanceOptions, resolveOptions } from "./options.ts";

/** Options of `connect`. Defaults come from the environment. */
export interface ConnectOptions extends GlanceOptions {
  /**
   * Name of the cloud in `clouds.yaml`.
   * @default `OS_CLOUD`
   */
  readonly cloud?: string;
  /**
   * Credentials for Keystone.
   * @default those of the cloud or the `OS_*` variables
   */
  readonly credentials?: Credentials;
  /**
   * Environment variables.
   * @default those of the process
   */
  readonly environment?: Environment;
  /**
   * Parses `clouds.yaml`.
   * @default `parseDocument` of the npm package `yaml`, which must be installed if the file exists
   */
  readonly parseYaml?: YamlParser;
}

/** A service and a context. Disposing it closes the connections that use the cloud's own CA. */
export interface Connection extends Disposable {
  /** The image service. */
  readonly service: GlanceImageService;
  /** The first argument of the service's methods. */
  readonly context: RequestContext;
}

/**
 * Connects to the image service that `OS_*` variables, `clouds.yaml`, or `GLANCE_API_SERVERS` configure.
 * Options take precedence over all of them. `apiServers` without a cloud means a Glance without Keystone.
 *
 * @throws {InvalidConfigurationValue} if nothing is configured, or a setting is unusable.
 * @throws {AuthenticationFailed} if Keystone refuses the credentials.
 * @throws {GlanceConnectionFailed} if Keystone cannot be reached.
 *
 * @example
 * ```ts
 * import { connect } from "@glance-edge/glance";
 * import { createEmbeddedGlance } from "@glance-edge/glance/embedded";
 * import { assert } from "@std/assert";
 *
 * const glance = createEmbeddedGlance(); // leave the argument out to use your cloud
 * const { service, context } = await connect({
 *   environment: { GLANCE_API_SERVERS: "glance.example:9292" },
 *   fetch: (input, init) => glance.fetch(new Request(input, init)),
 * });
 * assert((await service.detail(context)).length === 0);
 * ```
 */
export async function connect(options: ConnectOptions = {}): Promise<Connection> {
  resolveOptions(options);
  const { cloud, credentials, parseYaml, environment: _, ...explicit } = options;
  const environment = environmentFor(options);
  const found = credentials === undefined
    ? await readCloud({ cloud, environment, ...parseYaml && { parseYaml } })
    : null;
  if (found === null && credentials === undefined && !explicit.apiServers) throw notConfigured();
  const cloudFetch = found === null || explicit.fetch ? null : await fetchForCloud(found.tls);
  const merged: GlanceOptions = {
    ...found === null && credentials === undefined && { authStrategy: "noauth" },
    ...found?.options,
    ...credentials && { authUrl: credentials.authUrl },
    ...cloudFetch && { fetch: cloudFetch },
    ...explicit,
  };
  const emit = ignoringErrors(merged.onEvent);
  for (const message of found?.ignored ?? []) emit({ kind: "ignored", message });
  try {
    const context = await contextFor(found, credentials, merged);
    return {
      service: getDefaultImageService(merged),
      context,
      [Symbol.dispose]: () => cloudFetch?.[Symbol.dispose](),
    };
  } catch (error) {
    cloudFetch?.[Symbol.dispose]();
    throw error;
  }
}

/**
 * Treats `apiServers` like `GLANCE_API_SERVERS`, so that a cloud that is only the default does not send its
 * token to them.
 */
function environmentFor(
  { environment = processEnvironment(), apiServers }: ConnectOptions,
): Environment {
  return apiServers ? { ...environment, GLANCE_API_SERVERS: apiServers.join(",") } : environment;
}

async function contextFor(
  found: CloudConfig | null,
  credentials: Credentials | undefined,
  options: GlanceOptions,
): Promise<RequestContext> {
  resolveOptions(options);
  const chosen = credentials ?? found?.credentials ?? null;
  return chosen === null ? found?.context ?? {} : await authenticate(chosen, options);
}

function notConfigured(): InvalidConfigurationValue {
  return new InvalidConfigurationValue(
    "Cannot connect to an image service: nothing is configured; set OS_CLOUD and write a clouds.yaml, or set OS_AUTH_URL with OS_USERNAME, OS_PASSWORD and OS_PROJECT_NAME, or set GLANCE_API_SERVERS for a Glance without Keystone",
  );
}
