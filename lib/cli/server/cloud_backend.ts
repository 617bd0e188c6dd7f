/**
 * The gateway in front of the cloud that the user has configured.
 *
 * @module
 */
import { parseDocument as parseYaml } from "yaml";
import { createCloudGateway } from "../../router/cloud_gateway.ts";
import { ownValue } from "../../validate.ts";
import { routerOptions } from "./gateway_log.ts";
import {
  type Backend,
  type GatewaySettings,
  triesWithoutToken,
  triesWithToken,
} from "./backend.ts";
import type { System } from "../system/system.ts";

/** Who asks the cloud. */
export type CredentialMode =
  /** Callers, with tokens of their own. */
  | "callers"
  /** The configured credentials, for everybody, and only to read. */
  | "reader"
  /** The configured credentials, for everybody. */
  | "writer";

/** Which cloud, and who asks it. */
export interface CloudChoice {
  /** Name in clouds.yaml; null leaves it to the environment. */
  readonly cloud: string | null;
  readonly asker: CredentialMode;
}

/** What is said of each. */
const ASKERS: Readonly<
  Record<CredentialMode, { readonly about: string; readonly warning: string | null }>
> = {
  callers: { about: "Callers bring their own tokens, which are passed on.", warning: null },
  reader: {
    about: "Callers need no token: the cloud's credentials answer for everybody, read-only.",
    warning: "Whoever reaches this address may read what these credentials may.",
  },
  writer: {
    about: "Callers need no token: the cloud's credentials answer for everybody.",
    warning: "Whoever reaches this address may read, change and delete what these credentials may.",
  },
};

/** What the names mean that stand for no cloud of clouds.yaml. */
const SOURCES: Readonly<Record<string, string>> = {
  GLANCE_API_SERVERS: "GLANCE_API_SERVERS",
  envvars: "the OS_* variables",
};

/**
 * Serves the configured cloud; null where nothing is configured.
 *
 * @throws {InvalidConfigurationValue} where something is unusable.
 * @throws {AuthenticationFailed} where Keystone refuses the credentials.
 */
export async function serveCloud(
  { cloud, asker }: CloudChoice,
  { environment, ports }: System,
  settings: GatewaySettings,
): Promise<Backend | null> {
  const gateway = await createCloudGateway({
    ...routerOptions(settings),
    ...ports,
    freesChunks: true,
    ...cloud !== null && { cloud },
    environment,
    parseYaml,
    serviceMode: asker !== "callers",
    readOnly: asker === "reader",
  });
  if (gateway === null) return null;
  const { router, name, servers } = gateway;
  const { about, warning } = ASKERS[asker];
  return {
    handler: async (request) => await router.fetch(request),
    about: [
      `A gateway in front of ${servers.join(", ")}, by ${
        ownValue(SOURCES, name) ?? `the cloud "${name}"`
      }.`,
      about,
    ],
    tries: asker === "callers" ? triesWithToken : triesWithoutToken,
    warning,
    [Symbol.dispose]: () => gateway[Symbol.dispose](),
  };
}
