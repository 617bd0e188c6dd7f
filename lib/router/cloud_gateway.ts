/**
 * The gateway that the user's configuration asks for: in front of `GLANCE_API_SERVERS`, or of the cloud
 * of `clouds.yaml` and `OS_*`. For programs that serve; a function at an edge says what it wants itself.
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

/** What such a gateway can be told beside the configuration. */
export interface CloudGatewayOptions extends Omit<ImageRouterOptions, "serviceMode"> {
  /**
   * Name of the cloud in `clouds.yaml`.
   * @default `OS_CLOUD`
   */
  readonly cloud?: string;
  /** Variables, instead of those of the process. */
  readonly environment?: Environment;
  /** Parses `clouds.yaml`; by default the npm package `yaml`, which must be there if the file is. */
  readonly parseYaml?: YamlParser;
  /**
   * Answers everybody with the configured credentials, instead of passing tokens on.
   * @default {false}
   */
  readonly serviceMode?: boolean;
  /**
   * In service mode, answers nothing but `GET` and `HEAD`.
   * @default {true}
   */
  readonly readOnly?: boolean;
}

/** A gateway with what is known of it. Disposing it closes connections made for the cloud's own CA. */
export interface CloudGateway extends Disposable {
  readonly router: ImageRouter;
  /** Name of the cloud, for messages. */
  readonly name: string;
  /** Endpoint roots of the servers behind it. */
  readonly servers: readonly string[];
}

/**
 * The gateway in front of the configured cloud; null where nothing is configured.
 *
 * Without `apiServers` and `GLANCE_API_SERVERS`, the servers come from the service catalog, for which the
 * credentials are used once.
 *
 * @throws {InvalidConfigurationValue} where something is unusable.
 * @throws {AuthenticationFailed} where Keystone refuses the credentials.
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
    // Servers without Keystone have no use for a token, but a caller who sends one means it.
    authStrategy: "keystone",
    ...cloudFetch && { fetch: cloudFetch },
    ...explicit,
  };
  const tell = ignoringErrors(merged.onEvent);
  for (const message of found.ignored) tell({ kind: "ignored", message });
  try {
    const signIn = async (): Promise<RequestContext> =>
      found.credentials === null ? found.context : await authenticate(found.credentials, merged);
    const context = serviceMode || !merged.apiServers ? await signIn() : {};
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
