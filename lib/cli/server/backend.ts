/** The service behind `glance-edge start`, and its settings. */
import type { InspectMode } from "../../transfer/types.ts";
import type { CacheOptions } from "../../router/mod.ts";
import type { Handler } from "./serve.ts";

/** A service that answers requests. Dispose it to close its resources. */
export interface Backend extends Disposable {
  readonly handler: Handler;
  /** Lines of the welcome text that describe the service. */
  readonly about: readonly string[];
  /** Example commands for a server at `url`; `program` is how users start the command line. */
  examples(url: string, program: string): readonly string[];
  /** Warning about what clients can do without a token; null if they need one. */
  readonly warning: string | null;
}

export interface GatewaySettings {
  /** URL of the gateway for links in responses; null to use the URL of each request. */
  readonly publicEndpoint: string | null;
  /** Allowed values of the header `Host`. */
  readonly allowedHosts: "any" | "loopback";
  /** Which uploads are refused. */
  readonly inspect?: InspectMode | undefined;
  /** The edge cache; null for none. */
  readonly cache: CacheOptions | null;
  /** Whether metrics are served at `/metrics`. */
  readonly metrics: boolean;
  log(line: string): void;
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
