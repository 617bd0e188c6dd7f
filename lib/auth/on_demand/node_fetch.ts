/** Node's fetch with certificates: its dispatcher has them, whose class Node does not export. Imported on demand. */
import type { builtinModule } from "../../node_builtin.ts";

/** Contents of PEM files. */
interface PemFiles {
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

/** A fetch, and the function that closes its connections. */
export interface NodeFetch {
  readonly fetch: (input: string, init: RequestInit) => Promise<Response>;
  readonly close: () => void;
}

/** The part of the dispatcher that is used. */
interface NodeAgent {
  close(): Promise<void>;
}

/** The part of `node:tls` that is used. */
interface NodeTls {
  readonly createSecureContext: (options: object) => object;
  readonly rootCertificates: readonly string[];
  /** Since Node 22.15. */
  readonly getCACertificates?: (type: "default") => readonly string[];
}

/** The part of `node:crypto` that is used. */
interface CertificateCrypto {
  readonly X509Certificate: new (pem: string) => object;
}

// Where Node and undici keep the dispatcher of all requests; the second since undici 8.
const DISPATCHERS = ["undici.globalDispatcher.2", "undici.globalDispatcher.1"];

/**
 * Creates the fetch; null if Node has none that accepts certificates. Throws if they cannot be used.
 *
 * The CA is trusted in addition to those that Node trusts, as on Deno. Before Node 22.15, the latter do not
 * include those of `NODE_EXTRA_CA_CERTS`.
 */
export async function createNodeFetch(
  { ca, cert, key }: PemFiles,
  builtin: typeof builtinModule,
): Promise<NodeFetch | null> {
  const tls = builtin<NodeTls>("node:tls");
  const crypto = builtin<CertificateCrypto>("node:crypto");
  if (tls === null || crypto === null) return null;
  // Node skips what is not a certificate.
  if (ca !== undefined) new crypto.X509Certificate(ca);
  const known = tls.getCACertificates?.("default") ?? tls.rootCertificates;
  // Parsed once: Node would parse all CAs again for each connection.
  const secureContext = tls.createSecureContext({
    ca: ca === undefined ? undefined : [...known, ca],
    cert,
    key,
  });
  const agent = await createAgent({ secureContext });
  if (agent === null) return null;
  return {
    // The standard's RequestInit has no `dispatcher`.
    fetch: (input, init) => fetch(input, { ...init, dispatcher: agent } as RequestInit),
    close: () => void agent.close().catch(() => {}),
  };
}

/** A dispatcher of the same class as the global one, which may use a proxy. */
async function createAgent(connect: object): Promise<NodeAgent | null> {
  // Node creates the global dispatcher for its first request.
  await fetch("data:,");
  const globals = globalThis as unknown as Record<symbol, object | undefined>;
  const dispatcher = DISPATCHERS.map((name) => globals[Symbol.for(name)]).find(Boolean);
  if (dispatcher === undefined) return null;
  const AgentClass = dispatcher.constructor as new (options: object) => NodeAgent;
  return new AgentClass({ connect, requestTls: connect });
}
