/** A gateway to the configured cloud. */
import type { CloudInput } from "../../cloud.ts";
import { createCloudGateway } from "../../router/cloud_gateway.ts";
import { CHUNKS_NOT_RETAINED } from "../../router/gateway_request.ts";
import {
  type Backend,
  examplesWithoutToken,
  examplesWithToken,
  type GatewaySettings,
  routerOptions,
} from "./backend.ts";
import type { System } from "../system/system.ts";
import { parseYaml } from "../system/yaml_parser.ts";

/** The credentials of requests to the cloud. */
export type CredentialMode =
  /** Tokens of the clients. */
  | "callers"
  /** The configured credentials for all clients, read-only. */
  | "reader"
  /** The configured credentials for all clients, read and write. */
  | "writer";

export interface CloudChoice {
  /** Name in clouds.yaml; null to use the environment. */
  readonly cloud: string | null;
  readonly mode: CredentialMode;
  /** URLs of Glance servers; null for those of the configuration. */
  readonly apiServers: readonly string[] | null;
  /** Certificate files; undefined for those of the configuration. */
  readonly tls: CloudInput["tls"];
}

/** Description and warning of each mode. */
const MODES: Readonly<
  Record<CredentialMode, { readonly about: string; readonly warning: string | null }>
> = {
  callers: { about: "Clients send their own tokens, which are forwarded.", warning: null },
  reader: {
    about:
      "Clients need no token: the credentials of the cloud are used for all of them, read-only.",
    warning: "Every client that can reach this address can read what these credentials can read.",
  },
  writer: {
    about: "Clients need no token: the credentials of the cloud are used for all of them.",
    warning:
      "Every client that can reach this address can read, change and delete what these credentials can.",
  },
};

/**
 * Creates a gateway to the configured cloud; null if no cloud is configured.
 *
 * @throws {InvalidConfigurationValue} if the configuration is invalid.
 * @throws {AuthenticationFailed} if Keystone refuses the credentials.
 */
export async function serveCloud(
  { cloud, mode, apiServers, tls }: CloudChoice,
  { environment, ports }: System,
  settings: GatewaySettings,
): Promise<Backend | null> {
  const gateway = await createCloudGateway({
    ...routerOptions(settings),
    ...ports,
    cloud: cloud ?? undefined,
    apiServers: apiServers ?? undefined,
    tls,
    environment,
    parseYaml,
    serviceMode: mode !== "callers",
    readOnly: mode === "reader",
  });
  if (gateway === null) return null;
  const { router, origin, servers } = gateway;
  const { about, warning } = MODES[mode];
  return {
    handler: async (request) => await router.fetch(request, CHUNKS_NOT_RETAINED),
    about: [
      `Gateway to ${servers.join(", ")}, configured by ${
        apiServers === null ? origin : "--api-servers"
      }.`,
      about,
    ],
    examples: mode === "callers" ? examplesWithToken : examplesWithoutToken,
    warning,
    servers,
    [Symbol.dispose]: () => gateway[Symbol.dispose](),
  };
}
