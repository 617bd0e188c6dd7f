/** Warns about tokens that cross a network in clear text. Pure. */
import { redact } from "../../redact.ts";
import { isLoopback } from "./listen_host.ts";

export interface TokenPaths {
  /** The address that clients connect to. */
  readonly host: string;
  readonly hasTls: boolean;
  /** Whether clients send tokens. */
  readonly clientsSendTokens: boolean;
  /** URLs of the servers that get tokens. */
  readonly servers: readonly string[];
}

/** The warnings; empty if tokens are protected, or stay on this machine. */
export function clearTextWarnings(
  { host, hasTls, clientsSendTokens, servers }: TokenPaths,
): readonly string[] {
  const exposed = servers.filter((server) => {
    const { protocol, hostname } = new URL(server);
    return protocol === "http:" && !isLoopback(hostname.replaceAll(/[[\]]/g, ""));
  });
  return [
    ...clientsSendTokens && !hasTls && !isLoopback(host)
      ? [
        `Tokens of clients cross the network in clear text: this server listens on ${host} without TLS; use --tls-cert and --tls-key, or listen on 127.0.0.1 behind a proxy with TLS`,
      ]
      : [],
    ...exposed.length > 0
      ? [
        `Tokens cross the network in clear text: ${
          exposed.map(redact).join(", ")
        } without TLS; use an https URL`,
      ]
      : [],
  ];
}
