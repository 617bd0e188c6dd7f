/**
 * Creates a gateway from the user's configuration: `GLANCE_API_SERVERS`, or the cloud in `clouds.yaml` and
 * `OS_*`. For command-line programs; edge functions call `createImageRouter`.
 */
import { listApiServers } from "../auth/api_servers.ts";
import { type CloudInput, fromCloud, resolveCloud } from "../cloud.ts";
import { resolveOptions } from "../options.ts";
import type { ImageRouterOptions } from "./options.ts";
import { keystoneSignIn } from "../page/keystone_sign_in.ts";
import { createImageRouter, type ImageRouter } from "./router.ts";

/** Options that complement or override the configuration. */
export interface CloudGatewayOptions
  extends Omit<ImageRouterOptions, "serviceMode" | "apiServers">, CloudInput {
  /**
   * Calls Glance with the configured credentials for all clients, instead of forwarding their tokens.
   * Default: `false`.
   */
  readonly serviceMode?: boolean | undefined;
  /**
   * In service mode, whether only `GET` and `HEAD` are allowed.
   * Default: `true`.
   */
  readonly readOnly?: boolean | undefined;
}

/** A gateway. Disposing it closes the HTTP client that was created for the cloud's own CA. */
export interface CloudGateway extends Disposable {
  readonly router: ImageRouter;
  /** The source of the configuration, for messages. */
  readonly origin: string;
  /** Endpoint roots of its servers. */
  readonly servers: readonly string[];
}

/**
 * Creates the gateway in front of the configured cloud; null if nothing is configured.
 *
 * It authenticates in service mode. It also authenticates once if no servers are configured, to read them from the
 * service catalog.
 *
 * @throws {InvalidConfigurationValue} if the configuration is invalid.
 * @throws {AuthenticationFailed} if Keystone refuses the credentials.
 */
export async function createCloudGateway(
  { serviceMode = false, readOnly = true, ...input }: CloudGatewayOptions = {},
): Promise<CloudGateway | null> {
  const found = await resolveCloud(input);
  if (found === null) return null;
  return await fromCloud(found, async ({ origin, options, signIn }) => {
    const context = serviceMode || !options.apiServers ? await signIn() : {};
    const servers = (await listApiServers(context, resolveOptions(options)))
      .map(({ endpoint }) => endpoint);
    const { authUrl } = options;
    const hasSignIn = input.page === true && authUrl !== undefined;
    const {
      cloud: _cloud,
      credentials: _credentials,
      environment: _environment,
      parseYaml: _parse,
      tls: _tls,
      ...given
    } = input;
    const router = createImageRouter({
      ...given,
      ...options,
      // A client that sends a token expects it to be forwarded, also to servers without Keystone.
      authStrategy: input.authStrategy ?? "keystone",
      apiServers: servers,
      serviceMode: serviceMode ? { context, readOnly } : undefined,
      page: hasSignIn ? { signIn: keystoneSignIn(authUrl, options) } : input.page,
    });
    return { router, origin, servers };
  });
}
