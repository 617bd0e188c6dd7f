/** Real proxies on free ports of loopback, in front of a Glance that can be slow to store. */
import { createEmbeddedGlance } from "../../lib/embedded/mod.ts";
import { freePort } from "../support/free_port.ts";
import { until } from "../support/time_limit.ts";

/** A proxy from Debian's packages. */
export type Proxy = "nginx" | "lighttpd";

/** The programs, with the arguments that keep them in the foreground. */
const PROGRAMS: Readonly<Record<Proxy, readonly [path: string, ...args: string[]]>> = {
  nginx: ["/usr/sbin/nginx", "-e", "stderr", "-g", "daemon off; pid nginx.pid;", "-c"],
  lighttpd: ["/usr/sbin/lighttpd", "-D", "-f"],
};

/** Whether a proxy is installed. */
export function isInstalled(proxy: Proxy): boolean {
  try {
    return Deno.statSync(PROGRAMS[proxy][0]).isFile;
  } catch {
    return false;
  }
}

/** The name of a test that needs a proxy; if the proxy is missing, the test is ignored and its name shows that. */
export function needing(proxy: Proxy, name: string): { name: string; ignore: boolean } {
  const ignore = !isInstalled(proxy);
  return { name: ignore ? `${name} (not installed: ${PROGRAMS[proxy][0]})` : name, ignore };
}

/** A running proxy. */
export interface RunningProxy extends AsyncDisposable {
  readonly url: string;
}

/** Starts a proxy; `config` gets its port and a folder of its own. */
export async function startProxy(
  proxy: Proxy,
  config: (port: number, folder: string) => string,
): Promise<RunningProxy> {
  const folder = await Deno.makeTempDir({ prefix: "glance-proxy-" });
  const port = freePort();
  await Deno.writeTextFile(`${folder}/proxy.conf`, config(port, folder));
  const [program, ...args] = PROGRAMS[proxy];
  const prefix = proxy === "nginx" ? ["-p", folder] : [];
  const child = new Deno.Command(program, {
    args: [...prefix, ...args, `${folder}/proxy.conf`],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const errors = new Response(child.stderr).text();
  await accepting(port, child.status, errors);
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await child.status;
      await errors;
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** nginx in front of servers, with more directives for its `server`. */
export function nginxConfig(
  upstreams: readonly string[],
  directives = "client_max_body_size 0;",
): (port: number, folder: string) => string {
  const servers = upstreams.map((url) => `server ${new URL(url).host};`).join(" ");
  return (port, folder) =>
    `worker_processes 1;
user root;
events { worker_connections 64; }
http {
  access_log off;
  ${
      ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) =>
        `${name}_temp_path ${folder}/${name};`
      ).join(" ")
    }
  upstream glance { ${servers} }
  server {
    listen 127.0.0.1:${port};
    proxy_http_version 1.1;
    ${directives}
    location / { proxy_pass http://glance; }
  }
}
`;
}

/** lighttpd in front of a server, to which it forwards with HTTP/1.0 while it still receives the request. */
export function lighttpdConfig(upstream: string): (port: number, folder: string) => string {
  const { hostname, port: target } = new URL(upstream);
  return (port, folder) =>
    `server.document-root = "${folder}"
server.bind = "127.0.0.1"
server.port = ${port}
server.modules = ("mod_proxy")
server.stream-request-body = 1
proxy.header = ("force-http10" => "enable")
proxy.server = ("" => (("host" => "${hostname}", "port" => ${target})))
`;
}

/** An embedded Glance on two ports, which continues to store uploads until their record was requested. */
export class SlowGlance implements AsyncDisposable {
  /** The requests and statuses, in order: `PUT 204`. */
  readonly log: string[] = [];
  readonly #glance = createEmbeddedGlance();
  readonly #slowUploads: number;
  readonly #polls: number;
  readonly #stored = Promise.withResolvers<void>();
  readonly #servers = [0, 1].map(() =>
    Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) => this.#respond(request),
    )
  );
  #uploads = 0;
  #seenSaving = 0;

  /** The first `slowUploads` end after `polls` requests for their record. */
  constructor(slowUploads = 0, polls = 3) {
    this.#slowUploads = slowUploads;
    this.#polls = polls;
  }

  /** Its roots. */
  get urls(): string[] {
    return this.#servers.map(({ addr }) => `http://127.0.0.1:${addr.port}`);
  }

  /** All images, with their states. */
  async images(): Promise<{ status: string; size: number | null }[]> {
    const { images } = await (await this.#glance.fetch(new Request("http://glance/v2/images")))
      .json();
    return images.map(({ status, size }: { status: string; size: number | null }) => ({
      status,
      size,
    }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stored.resolve();
    await Promise.all(this.#servers.map((server) => server.shutdown()));
  }

  async #respond(request: Request): Promise<Response> {
    const isSlow = request.method === "PUT" && this.#uploads++ < this.#slowUploads;
    const response = await this.#glance.fetch(isSlow ? this.#slow(request) : request);
    this.log.push(`${request.method} ${response.status}`);
    if (request.method !== "GET") return response;
    const text = await response.text();
    if (text.includes('"saving"') && ++this.#seenSaving === this.#polls) this.#stored.resolve();
    return new Response(text, response);
  }

  /** The same request, with a body that ends when the image is stored. */
  #slow(request: Request): Request {
    const body = request.body?.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({ flush: () => this.#stored.promise }),
    );
    return new Request(request.url, {
      method: "PUT",
      headers: request.headers,
      body: body ?? null,
    });
  }
}

/** Waits until a port accepts connections, or the program has ended. */
async function accepting(
  port: number,
  status: Promise<Deno.CommandStatus>,
  errors: Promise<string>,
): Promise<void> {
  let hasEnded = false;
  status.then(() => hasEnded = true);
  const isAccepting = async () => {
    if (hasEnded) throw new Error(`The proxy does not run: ${await errors}`);
    const connection = await Deno.connect({ hostname: "127.0.0.1", port }).catch(() => null);
    connection?.close();
    return connection !== null;
  };
  await until(isAccepting, "the proxy accept connections");
}
