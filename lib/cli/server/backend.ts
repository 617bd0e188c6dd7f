/** The service behind `glance-edge start`, and its settings. */
import type { ImageRouterOptions } from "../../router/mod.ts";
import type { RouterSettings } from "../start/router_options.ts";
import type { Handler } from "./serve.ts";
import type { ServerLog } from "./server_log.ts";

/** A service that handles requests. Dispose it to close its resources. */
export interface Backend extends Disposable {
  readonly handler: Handler;
  /** Lines of the welcome text that describe the service. */
  readonly about: readonly string[];
  /** Example commands for a server at `url`; `program` is how users start the command line. */
  examples(url: string, program: string): readonly string[];
  /** Warning about what clients can do without a token; null if they need one. */
  readonly warning: string | null;
  /** URLs of servers in a network that tokens are sent to; empty if there are none. */
  readonly servers: readonly string[];
}

/** The settings of the router, and its log. */
export interface GatewaySettings {
  readonly router: RouterSettings;
  readonly log: ServerLog;
}

/** The options of the router, with its log. */
export function routerOptions(
  { router, log }: GatewaySettings,
): RouterSettings & Pick<ImageRouterOptions, "log" | "onEvent"> {
  return {
    ...router,
    log: (entry) => log.request(entry),
    onEvent: (event) => log.event(event),
  };
}

/**
 * Example commands for a server that needs no token. They also work if a cloud is configured: `openstack` gets
 * an empty environment, since variables of a cloud conflict with `--os-auth-type none`.
 */
export function examplesWithoutToken(url: string, program: string): readonly string[] {
  return [
    `curl ${url}/v2/images`,
    `${program} --os-auth-type none --os-image-url ${url} image-list`,
    `env -i PATH="$PATH" openstack --os-auth-type none --os-endpoint ${url} image list`,
  ];
}

/** Example commands for a server that needs tokens of the configured cloud. */
export function examplesWithToken(url: string, program: string): readonly string[] {
  const token = "$(openstack token issue -f value -c id)";
  return [
    `curl -H "X-Auth-Token: ${token}" ${url}/v2/images`,
    `${program} --os-image-url ${url} image-list`,
    `env -i PATH="$PATH" openstack --os-auth-type admin_token --os-token "${token}" --os-endpoint ${url}/v2 image list`,
  ];
}
