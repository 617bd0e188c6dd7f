/** What runs in a network: nginx that responds like Glance, the gateway, and the programs to compare. */
import type { BenchImage } from "../bench_image.ts";
import { configureNginx, nginxArgv, temporaryPaths } from "../nginx_glance.ts";
import { shell } from "../report.ts";
import type { CommandOptions, Ended, Network, Running } from "./network.ts";

const CLI = new URL("../../../lib/cli/", import.meta.url).pathname;
const PERMISSIONS = ["--allow-net", "--allow-env", "--allow-read", "--allow-write"];
const V8_FLAGS = "--v8-flags=--max-semi-space-size=16,--heap-growing-percent=50";

/** Seconds after which any server ends. */
const LONG = 7200;

/** Port of the gateway, next to the client. */
export const GATEWAY_PORT = 9300;

/** Files of a run. */
export interface Files {
  readonly directory: string;
  /** The authority that every server's certificate is from. */
  readonly authority: string;
}

/** Makes the certificate of the servers of any network, and its authority. */
export async function makeFiles(directory: string): Promise<Files> {
  const names = [0, 1].map((i) => `IP:10.77.${i}.2`).join(",");
  const request = "openssl req -x509 -newkey rsa:2048 -nodes -days 2";
  const leaf = `-CA authority.pem -CAkey authority.key -addext basicConstraints=CA:FALSE`;
  await shell(
    `cd ${directory} && ${request} -subj /CN=authority -keyout authority.key -out authority.pem && ` +
      `${request} -subj /CN=wan ${leaf} -addext subjectAltName=${names} -keyout key.pem -out cert.pem`,
  );
  return { directory, authority: `${directory}/authority.pem` };
}

/** An nginx with one image, on HTTP at 9292, and on HTTPS with HTTP/2 at 9443. */
export class Server {
  readonly #network: Network;
  readonly #i: number;
  readonly #argv: readonly string[];
  readonly #log: string;
  #process: Running | null = null;

  private constructor(network: Network, i: number, argv: readonly string[], log: string) {
    this.#network = network;
    this.#i = i;
    this.#argv = argv;
    this.#log = log;
  }

  /** @param port of plain HTTP, if a relay has 9292 */
  static async start(
    network: Network,
    i: number,
    { directory }: Files,
    image: BenchImage,
    port: number = 9292,
  ): Promise<Server> {
    const own = await Deno.makeTempDir({ dir: directory });
    const certificate = `${directory}/cert.pem; ssl_certificate_key ${directory}/key.pem`;
    const listen = `listen ${port}; listen 9443 ssl http2; ssl_certificate ${certificate};`;
    const argv = await configureNginx(own, image, listen);
    const server = new Server(network, i, argv, `${own}/access.log`);
    await server.start();
    return server;
  }

  /** Starts it again, and waits until it listens. */
  async start(): Promise<void> {
    const namespace = this.#network.server(this.#i);
    this.#process = this.#network.start(namespace, this.#argv, { timeout: LONG });
    await listening(this.#network, namespace, 9443);
  }

  /** Kills it, with all of its connections. */
  async kill(): Promise<void> {
    await this.#process?.kill();
  }

  /** The log since the last call: connection, method, path, status, bytes. */
  async log(): Promise<readonly (readonly string[])[]> {
    const text = await Deno.readTextFile(this.#log);
    await Deno.truncate(this.#log);
    return text.split("\n").filter(Boolean).map((line) => line.split(" "));
  }
}

/** Starts the gateway next to the client. */
export async function startGateway(
  network: Network,
  { authority }: Files,
  servers: readonly string[],
): Promise<Running> {
  const env = { GLANCE_API_SERVERS: servers.join(","), DENO_CERT: authority };
  return await startCli(network, network.client, GATEWAY_PORT, [], env);
}

/** Starts the embedded Glance on a server, at a port that its relay leads to. */
export async function startEmbedded(network: Network, i: number, port: number): Promise<Running> {
  const args = ["--embedded", "--public-endpoint", network.endpoints()[i] ?? ""];
  return await startCli(network, network.server(i), port, args);
}

/** Starts what `deno task start` runs. */
async function startCli(
  network: Network,
  namespace: string,
  port: number,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Running> {
  const script = [`${CLI}start.ts`, "--no-log", "--port", `${port}`, ...args];
  const argv = [Deno.execPath(), "run", ...PERMISSIONS, V8_FLAGS, ...script];
  const server = network.start(namespace, argv, { env, timeout: LONG });
  await listening(network, namespace, port);
  return server;
}

/** Starts nginx as a proxy next to the client, one port above the gateway. */
export async function startNginxProxy(
  network: Network,
  { directory }: Files,
  server: string,
): Promise<Running> {
  const own = await Deno.makeTempDir({ dir: directory });
  await Deno.writeTextFile(
    `${own}/nginx.conf`,
    `daemon off; master_process off; pid ${own}/pid;
events { worker_connections 1024; }
http {
  access_log off; ${temporaryPaths(own)}
  upstream glance { server ${new URL(server).host}; keepalive 32; }
  server {
    listen ${GATEWAY_PORT + 1};
    location / {
      proxy_pass http://glance; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_buffering off;
    }
  }
}
`,
  );
  const proxy = network.start(network.client, nginxArgv(own), { timeout: LONG });
  await listening(network, network.client, GATEWAY_PORT + 1);
  return proxy;
}

/** Starts a relay from 9292 to 9291 on a server: see `relay.ts`. */
export async function startRelay(
  network: Network,
  i: number,
  ...fault: readonly string[]
): Promise<Running> {
  const script = new URL("relay.ts", import.meta.url).pathname;
  const namespace = network.server(i);
  const argv = [Deno.execPath(), "run", "--allow-net", script, ...fault];
  const relay = network.start(namespace, argv, { timeout: LONG });
  await listening(network, namespace, 9292);
  return relay;
}

/** Runs the command line in the namespace of the client. */
export async function runOurs(
  network: Network,
  args: readonly string[],
  { env, ...options }: CommandOptions = {},
): Promise<Ended> {
  const servers = { GLANCE_API_SERVERS: network.endpoints().join(",") };
  return await network.run(network.client, oursArgv(args), {
    ...options,
    env: { ...servers, ...env },
  });
}

/** The command line, as `deno task glance` runs it. */
export function oursArgv(args: readonly string[]): readonly string[] {
  return [Deno.execPath(), "run", ...PERMISSIONS, `${CLI}main.ts`, ...args];
}

/** Waits until a port of a namespace is open. */
async function listening(network: Network, namespace: string, port: number): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    const { stdout } = await network.run(namespace, ["ss", "-Hltn", `sport = :${port}`]);
    if (stdout !== "") return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`Nothing listens on port ${port}`);
}
