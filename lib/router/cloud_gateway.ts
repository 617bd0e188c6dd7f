/**
 * Creates a gateway from the user's configuration: in front of `GLANCE_API_SERVERS`, or of the cloud in
 * `clouds.yaml` and `OS_*`. For command-line programs; edge functions call `createImageRouter`.
 *
 * @module
 */
import { type Environment, fetchForCloud, readCloud } from "../auth/clouds/mod.ts";
import { authenticate } from "../auth/keystone.ts";
import type { YamlParser } from "../auth/clouds/yaml.ts";
import type { RequestContext } from "../context.ts";
import { ignoringErrors } from "../events.ts";
import { listApiServers } from "../auth/api_servers.ts";
import { type GlanceOptions, resolveOptions } from "../options.ts";
import type { ImageRouterOptions } from "./options.ts";
import { createImageRouter, type ImageRouter } from "./router.ts";

/** Options that complement or override the configuration. */
export interface CloudGatewayOptions extends Omit<ImageRouterOptions, "serviceMode"> {
  /**
   * Name of the cloud in `clouds.yaml`.
   * @default `OS_CLOUD`
   */
  readonly cloud?: string;
  /**
   * Environment variables.
   * @default those of the process
   */
  readonly environment?: Environment;
  /**
   * Parses `clouds.yaml`.
   * @default the npm package `yaml`, which must be installed if the file exists
   */
  readonly parseYaml?: YamlParser;
  /**
   * Calls Glance with the configured credentials for all clients, instead of forwarding their tokens.
   * @default {false}
   */
  readonly serviceMode?: boolean;
  /**
   * In service mode, whether only `GET` and `HEAD` are allowed.
   * @default {true}
   */
  readonly readOnly?: boolean;
}

/** A gateway. Disposing it closes the HTTP client that was created for the cloud's own CA. */
export interface CloudGateway extends Disposable {
  readonly router: ImageRouter;
  /** Name of the cloud, for messages. */
  readonly name: string;
  /** Endpoint roots of its servers. */
  readonly servers: readonly string[];
}

/**
 * Creates the gateway in front of the configured cloud; null if nothing is configured.
 *
 * Without `apiServers` and `GLANCE_API_SERVERS`, it authenticates once to take the servers from the service
 * catalog.
 *
 * @throws {InvalidConfigurationValue} if the configuration is invalid.
 * @throws {AuthenticationFailed} if Keystone refuses the credentials.
 */
export async function createCloudGateway(
  options: CloudGatewayOptions = {},
): Promise<CloudGateway | null> {
  const { cloud, environment, parseYaml, serviceMode = false, readOnly = true, ...explicit } =
    options;
  const found = await readCloud({
    cloud,
    ...environment && { environment },
    ...parseYaml && { parseYaml },
  });
  if (found === null) return null;
  const cloudFetch = explicit.fetch ? null : await fetchForCloud(found.tls);
  const merged: GlanceOptions = {
    ...found.options,
    // A client that sends a token expects it to be forwarded, also to servers without Keystone.
    authStrategy: "keystone",
    ...cloudFetch && { fetch: cloudFetch },
    ...explicit,
  };
  const emit = ignoringErrors(merged.onEvent);
  for (const message of found.ignored) emit({ kind: "ignored", message });
  try {
    const resolveContext = async (): Promise<RequestContext> =>
      found.credentials === null ? found.context : await authenticate(found.credentials, merged);
    const context = serviceMode || !merged.apiServers ? await resolveContext() : {};
    const apiServers = await listApiServers(context, resolveOptions(merged));
    const servers = apiServers.map(({ endpoint }) => endpoint);
    const router = createImageRouter({
      ...merged,
      ...explicit,
      apiServers: servers,
      ...serviceMode && { serviceMode: { context, readOnly } },
    });
    return {
      router,
      name: found.name,
      servers,
      [Symbol.dispose]: () => cloudFetch?.[Symbol.dispose](),
    };
  } catch (error) {
    cloudFetch?.[Symbol.dispose]();
    throw error;
  }
}
