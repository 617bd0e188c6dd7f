/**
 * The composition root: from what the user has configured, or from options, to a ready service and
 * context.
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

/** What `connect` can be told; what is not said comes from the environment. */
export interface ConnectOptions extends GlanceOptions {
  /**
   * Name of the cloud in `clouds.yaml`.
   * @default `OS_CLOUD`
   */
  readonly cloud?: string;
  /** Who signs in, instead of what the environment says. */
  readonly credentials?: Credentials;
  /** Variables, instead of those of the process. */
  readonly environment?: Environment;
  /** Parses `clouds.yaml`; by default the npm package `yaml`, which must be there if the file is. */
  readonly parseYaml?: YamlParser;
}

/** A service and who asks it. Disposing it closes connections that were made for the cloud's own CA. */
export interface Connection extends Disposable {
  /** The image service. */
  readonly service: GlanceImageService;
  /** Who asks: the first argument of its methods. */
  readonly context: RequestContext;
}

/**
 * A ready service, from `OS_*` variables, `clouds.yaml` or `GLANCE_API_SERVERS`; options go before all of
 * them. `apiServers` without a cloud is a Glance without Keystone.
 *
 * @throws {InvalidConfigurationValue} where nothing is configured, or something is unusable.
 * @throws {AuthenticationFailed} where Keystone refuses the credentials.
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
  const tell = ignoringErrors(merged.onEvent);
  for (const message of found?.ignored ?? []) tell({ kind: "ignored", message });
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

/** Given servers count as if they were named in the environment: a cloud that nobody has named is not theirs. */
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
  const signIn = credentials ?? found?.credentials ?? null;
  return signIn === null ? found?.context ?? {} : await authenticate(signIn, options);
}

function notConfigured(): InvalidConfigurationValue {
  return new InvalidConfigurationValue(
    "Cannot connect to an image service: nothing is configured; set OS_CLOUD and write a clouds.yaml, or set OS_AUTH_URL with OS_USERNAME, OS_PASSWORD and OS_PROJECT_NAME, or set GLANCE_API_SERVERS for a Glance without Keystone",
  );
}
