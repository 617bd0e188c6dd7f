/**
 * Creates a fetch that trusts a cloud's own CA and sends a client certificate, with the API of each runtime.
 */
import { InvalidConfigurationValue } from "../errors.ts";
import type { CloudTls } from "./clouds/config.ts";
import type { MessagePart } from "../message_parts.ts";
import { builtinModule } from "../node_builtin.ts";
import { readHostFile, type TextFileReader } from "../platform.ts";

// The settings of the files, and their environment variables.
const CA_CERT: MessagePart = { key: "caCert", text: "cacert (OS_CACERT)" };
const CERT: MessagePart = { key: "cert", text: "cert (OS_CERT)" };
const KEY: MessagePart = { key: "certKey", text: "key (OS_KEY)" };

/** Ends of the first lines of a certificate and of a key in PEM. */
const CERTIFICATE = "CERTIFICATE-----";
const PRIVATE_KEY = "PRIVATE KEY-----";

const CERTIFICATES: MessagePart = {
  key: "certificates",
  text: "cacert, cert and key (OS_CACERT, OS_CERT, OS_KEY)",
};

/** A fetch; disposing it closes its connections. */
export interface CloudFetch extends Disposable {
  (input: string, init: RequestInit): Promise<Response>;
}

/** The contents of a cloud's certificate files, as PEM. */
interface Pem {
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

/** The part of Deno that is used. */
interface DenoLike {
  createHttpClient(options: {
    readonly http2: boolean;
    readonly caCerts?: readonly string[] | undefined;
    readonly cert?: string | undefined;
    readonly key?: string | undefined;
  }): { close(): void };
}

// At most one of these globals exists.
const runtime = globalThis as { readonly Deno?: DenoLike; readonly Bun?: unknown };

/**
 * Creates the `fetch` option for a cloud; null if the global `fetch` is sufficient.
 *
 * Deno, Bun and Node support PEM files. `verify: false` is ignored: a runtime can disable the check only for all
 * connections (`deno run --unsafely-ignore-certificate-errors`, `NODE_TLS_REJECT_UNAUTHORIZED=0`).
 *
 * @throws {InvalidConfigurationValue} if a file cannot be read, or the runtime does not support it; the
 * message names an alternative.
 *
 * @example
 * ```ts
 * import { fetchForCloud } from "@glance-edge/glance/clouds";
 * import { assert } from "@std/assert";
 *
 * const tls = { verify: true, caCertFile: null, certFile: null, keyFile: null };
 * assert(await fetchForCloud(tls) === null);
 * ```
 */
export async function fetchForCloud(
  tls: CloudTls,
  readTextFile: TextFileReader = readHostFile,
): Promise<CloudFetch | null> {
  const { caCertFile, certFile, keyFile } = tls;
  if (caCertFile === null && certFile === null) return null;
  const read = async (path: string | null, part: MessagePart) =>
    path === null ? undefined : await readPem(path, part, readTextFile);
  const pem = {
    ca: await read(caCertFile, CA_CERT),
    cert: await read(certFile, CERT),
    key: await read(certFile === null ? null : keyFile ?? certFile, KEY),
  };
  if (runtime.Deno !== undefined) return await denoFetch(runtime.Deno, pem);
  return runtime.Bun === undefined ? await nodeFetch(pem) : bunFetch(pem);
}

async function denoFetch(deno: DenoLike, { ca, cert, key }: Pem): Promise<CloudFetch> {
  const client = await makeClient(() =>
    // HTTP/1.1, for the same reason as `defaultFetch`.
    deno.createHttpClient({ http2: false, caCerts: ca === undefined ? undefined : [ca], cert, key })
  );
  return disposable(
    // Deno's fetch accepts a client, which the standard RequestInit does not have.
    (input, init) => fetch(input, { ...init, client } as RequestInit),
    () => client.close(),
  );
}

/** Bun's fetch takes PEM text with each request, so there is nothing to dispose. */
function bunFetch(tls: Pem): CloudFetch {
  return disposable((input, init) => fetch(input, { ...init, tls } as RequestInit), () => {});
}

async function nodeFetch(pem: Pem): Promise<CloudFetch> {
  const { createNodeFetch } = await import("./on_demand/node_fetch.ts");
  const made = await makeClient(() => createNodeFetch(pem, builtinModule));
  if (made !== null) return disposable(made.fetch, made.close);
  throw new InvalidConfigurationValue(
    `Cannot use the certificate files: this runtime does not accept them; pass a "fetch" that does, or run with Deno, Node or Bun`,
  );
}

function disposable(
  fetchFunction: (input: string, init: RequestInit) => Promise<Response>,
  dispose: () => void,
): CloudFetch {
  return Object.assign(fetchFunction, { [Symbol.dispose]: dispose });
}

async function makeClient<Client>(make: () => Client | Promise<Client>): Promise<Client> {
  try {
    return await make();
  } catch (cause) {
    throw new InvalidConfigurationValue(
      `Cannot use the certificate files: they do not contain a certificate and its key; correct ${CERTIFICATES.text}`,
      { cause, messageParts: [CERTIFICATES] },
    );
  }
}

async function readPem(
  path: string,
  part: MessagePart,
  readTextFile: TextFileReader,
): Promise<string> {
  let state = "it does not exist";
  try {
    const text = await readTextFile(path);
    const content = part === KEY ? PRIVATE_KEY : CERTIFICATE;
    if (text?.includes(content)) return text;
    if (text !== null) state = part === KEY ? "it has no private key" : "it has no certificate";
  } catch (error) {
    state = error instanceof Error ? error.message : "it cannot be read";
  }
  throw new InvalidConfigurationValue(
    `Cannot use the certificate file "${path}": ${state}; correct ${part.text}`,
    { messageParts: [part] },
  );
}
