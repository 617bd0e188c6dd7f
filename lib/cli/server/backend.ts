/**
 * What `deno task start` can put behind its socket. Types only.
 *
 * @module
 */
import type { Handler } from "./serve.ts";

/** A service that is ready to be asked. Disposing it closes what it holds. */
export interface Backend extends Disposable {
  readonly handler: Handler;
  /** What it is, in lines for whoever has started it. */
  readonly about: readonly string[];
  /** Commands to try against it, where it is found at `url`. */
  tries(url: string): readonly string[];
  /** What strangers may do who can reach it; null where nothing goes without an account. */
  readonly warning: string | null;
}

/** What the gateway is told, whatever it stands in front of. */
export interface GatewaySettings {
  /** URL of the gateway for callers, where the URL of their requests does not tell. */
  readonly publicEndpoint: string | null;
  /** Host names under which callers may reach it. */
  readonly allowedHosts: "any" | "loopback";
  /** Whether counters are served at `/metrics`. */
  readonly metrics: boolean;
  /** Takes lines for the log. */
  log(line: string): void;
}

/**
 * Commands of the usual clients for a server that needs no token. They work where a cloud is configured, too:
 * of `openstack`, each variable of a cloud would break `none`, so it gets none of them.
 */
export function triesWithoutToken(url: string): readonly string[] {
  return [
    `curl ${url}/v2/images`,
    `npx -y deno@${Deno.version.deno} task glance --os-auth-type none --os-image-url ${url} image-list`,
    `env -i PATH="$PATH" openstack --os-auth-type none --os-endpoint ${url} image list`,
  ];
}

/** The same for a server to which callers bring tokens of the configured cloud. */
export function triesWithToken(url: string): readonly string[] {
  const token = "$(openstack token issue -f value -c id)";
  return [
    `curl -H "X-Auth-Token: ${token}" ${url}/v2/images`,
    `npx -y deno@${Deno.version.deno} task glance --os-image-url ${url} image-list`,
    `env -i PATH="$PATH" openstack --os-auth-type admin_token --os-token "${token}" --os-endpoint ${url}/v2 image list`,
  ];
}
