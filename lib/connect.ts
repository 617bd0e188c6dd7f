/** Creates a service and a context from the user's configuration and options. */
import { type ConnectOptions, fromCloud, resolveCloud, type ResolvedCloud } from "./cloud.ts";
import type { RequestContext } from "./context.ts";
import { InvalidConfigurationValue } from "./errors.ts";
import { getDefaultImageService } from "./images/remote.ts";
import type { GlanceImageService } from "./images/service.ts";

export type { ConnectOptions } from "./cloud.ts";

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
 * const glance = createEmbeddedGlance();
 * // `connect()` without options uses your cloud.
 * const { service, context } = await connect({
 *   environment: { GLANCE_API_SERVERS: "glance.example:9292" },
 *   fetch: (input, init) => glance.fetch(new Request(input, init)),
 * });
 * assert((await service.detail(context)).length === 0);
 * ```
 */
export async function connect(options: ConnectOptions = {}): Promise<Connection> {
  const cloud = await resolveCloud(options);
  if (cloud === null) throw notConfigured();
  return await openConnection(cloud);
}

/** Signs in to a cloud. The connection owns the cloud. */
async function openConnection(cloud: ResolvedCloud): Promise<Connection> {
  return await fromCloud(cloud, async ({ options, signIn }) => ({
    service: getDefaultImageService(options),
    context: await signIn(),
  }));
}

function notConfigured(): InvalidConfigurationValue {
  return new InvalidConfigurationValue(
    "Cannot connect to an image service: nothing is configured; set OS_CLOUD and write a clouds.yaml, or set OS_AUTH_URL with OS_USERNAME, OS_PASSWORD and OS_PROJECT_NAME, or set GLANCE_API_SERVERS for a Glance without Keystone",
  );
}
