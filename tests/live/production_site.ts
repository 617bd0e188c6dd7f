/** A site as the guide for operators describes it, on this machine. */
import { assert, assertEquals } from "@std/assert";
import { CA_CERT, SERVER_CERT, SERVER_KEY } from "../auth/certificates.ts";
import { freePort } from "../support/free_port.ts";
import { documentText, fencedBlocks } from "../support/snippets.ts";
import { until } from "../support/time_limit.ts";
import { logTail, ServerProcess } from "./processes.ts";
import type { LiveStack } from "./stack.ts";

/** Bytes that a reader takes per second. */
const READ_RATE = 16 * 1024 ** 2;

/** Size of the image in bytes: more than the buffers of the sockets, so that a download takes the gateway seconds. */
export const IMAGE_SIZE = 3 * READ_RATE;

/** The directory in which a block of the guide runs, and whether `OS_*` variables sign in. */
interface RunOptions {
  readonly cwd?: string;
  readonly signedIn?: boolean;
}

/** The machine of the guide: its directories, its gateways, nginx, Caddy and Prometheus. */
export class ProductionSite implements AsyncDisposable {
  readonly directory: string;
  readonly guide: string;
  readonly #stack: LiveStack;
  readonly #ports = {
    nginx: freePort(),
    caddy: freePort(),
    prometheus: freePort(),
    gateways: [freePort(), freePort()],
  };
  readonly #gateways: ServerProcess[] = [];
  readonly #others: ServerProcess[] = [];
  #token: Promise<{ readonly token: string }> | null = null;

  private constructor(stack: LiveStack, guide: string) {
    this.directory = `${stack.directory}/site`;
    this.guide = guide;
    this.#stack = stack;
  }

  static async create(stack: LiveStack): Promise<ProductionSite> {
    const site = new ProductionSite(stack, await documentText(".github/OPERATIONS.md"));
    for (const name of ["etc/tls", "bin", "home", "npm", "prometheus"]) {
      await Deno.mkdir(`${site.directory}/${name}`, { recursive: true });
    }
    const files = { "cert.pem": SERVER_CERT, "key.pem": SERVER_KEY, "ca.pem": CA_CERT };
    for (const [name, text] of Object.entries(files)) await site.#write(`etc/tls/${name}`, text);
    await site.#copy("edge.yaml", "etc/edge.yaml");
    await site.#copy("nginx.conf", "etc/site.conf");
    await site.#copy("prometheus_alerts.yaml", "etc/alerts.yaml");
    const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
      .map((kind) => `${kind}_temp_path ${site.directory}/${kind};`).join(" ");
    await site.#write(
      "etc/nginx.conf",
      `daemon off; pid ${site.directory}/nginx.pid; events {}
       http { access_log off; ${temporary} include ${site.directory}/etc/site.conf; }`,
    );
    // The guide's nginx has its configuration where the package expects it.
    const options = `-c ${site.directory}/etc/nginx.conf -e ${site.directory}/nginx.log`;
    await site.#write("bin/nginx", `#!/bin/sh\nexec /usr/sbin/nginx ${options} "$@"\n`);
    await Deno.chmod(`${site.directory}/bin/nginx`, 0o755);
    return site;
  }

  /** The text with the names, ports and directories of this site. */
  adapted(text: string): string {
    const { nginx, gateways: [first, second] } = this.#ports;
    const [glance, other] = this.#stack.glanceUrls;
    const changes: readonly (readonly [string, string])[] = [
      ["http://127.0.0.1:19292", glance],
      ["http://127.0.0.1:19293", other],
      ["https://images.example", `https://localhost:${nginx}`],
      ["server_name images.example", "server_name localhost"],
      ["listen 443 ssl", `listen 127.0.0.1:${nginx} ssl`],
      ["# server 127.0.0.1:9293", `server 127.0.0.1:${second}`],
      ["127.0.0.1:9292", `127.0.0.1:${first}`],
      ["port: 9292", `port: ${first}`],
      ["/etc/glance-edge", `${this.directory}/etc`],
      ["/var/cache/glance-edge", `${this.directory}/cache`],
      ["npx -y deno@2.9.6", `'${Deno.execPath()}'`],
    ];
    return changes.reduce((result, [from, to]) => result.replaceAll(from, to), text);
  }

  /** Runs a block of the guide, and returns what it prints. */
  async run(block: string, { cwd, signedIn = true }: RunOptions = {}): Promise<string> {
    const { success, stdout, stderr } = await new Deno.Command("bash", {
      args: ["-euc", this.adapted(block)],
      cwd: cwd ?? this.directory,
      env: { ...this.#environment(), ...signedIn && this.#stack.environment("alice") },
    }).output();
    const logs = await Promise.all(
      [0, 1].map((index) => logTail(`${this.directory}/gateway-${index}.log`)),
    );
    assert(success, `${block}\n${textOf(stdout)}${textOf(stderr)}${logs.join("\n")}`);
    return textOf(stdout);
  }

  /** Writes the guide's clouds.yaml, with the user of the stack. */
  async writeClouds(): Promise<void> {
    const { authUrl, username, password, projectName } = this.#stack.credentials("alice");
    const text = this.#yaml("clouds").replace("https://keystone.example:5000/v3", authUrl)
      .replace("username: alice", `username: ${username}`)
      .replace("password: secret", `password: ${password}`)
      .replace("project_name: demo", `project_name: ${projectName}`);
    await this.#write("clouds.yaml", this.adapted(text));
  }

  /** The YAML block of the guide that starts with a key. */
  #yaml(key: string): string {
    const found = fencedBlocks(this.guide, "yaml").find((text) => text.startsWith(`${key}:`));
    return found ?? `the guide has no YAML that starts with ${key}`;
  }

  /** Starts a gateway with the command of the guide; the second one has a port and a cache of its own. */
  async startGateway(index: 0 | 1, command: string): Promise<void> {
    const port = this.#ports.gateways[index];
    const own = index === 0 ? [] : ["--port", String(port), "--cache", `${this.directory}/cache-b`];
    this.#gateways[index] = await ServerProcess.start({
      name: `gateway ${index}`,
      argv: [...this.adapted(command).trim().split(" "), ...own],
      log: `${this.directory}/gateway-${index}.log`,
      env: this.#environment(),
    }, async () => (await statusOf(`http://127.0.0.1:${port}/readyz`)) === 200);
  }

  async startNginx(): Promise<void> {
    const [argv, log] = [[`${this.directory}/bin/nginx`], `${this.directory}/nginx.out`];
    const isReady = async () => (await this.#curl("/versions")).code === 0;
    this.#others.push(await ServerProcess.start({ name: "nginx", argv, log }, isReady));
  }

  /** Starts Caddy with the Caddyfile, and returns its URL; a public name would have a certificate of its own. */
  async startCaddy(): Promise<string> {
    const { caddy, gateways: [first, second] } = this.#ports;
    const url = `https://localhost:${caddy}`;
    const tls = `tls ${this.directory}/etc/tls/cert.pem ${this.directory}/etc/tls/key.pem`;
    const text = (await documentText(".github/operations/Caddyfile"))
      .replace("images.example {", `{\n\tadmin off\n}\n${url} {\n\t${tls}`)
      .replace("127.0.0.1:9292", `127.0.0.1:${first} 127.0.0.1:${second}`)
      .replaceAll(/# (health_\w+ )/g, "$1");
    await this.#write("etc/Caddyfile", text);
    const config = `--config ${this.directory}/etc/Caddyfile --adapter caddyfile`;
    await this.run(`caddy validate ${config}`);
    this.#others.push(
      await ServerProcess.start({
        name: "Caddy",
        argv: ["caddy", "run", ...config.split(" ")],
        log: `${this.directory}/caddy.log`,
        env: this.#environment(),
      }, async () => (await this.#curl(`${url}/versions`)).code === 0),
    );
    return url;
  }

  /** Prometheus with the settings of the guide, but with other intervals. */
  async startPrometheus(): Promise<void> {
    const [first, second] = this.#ports.gateways;
    const target = `127.0.0.1:${first}`;
    const text = this.adapted(this.#yaml("scrape_configs"))
      .replace("scrape_interval: 15s", "scrape_interval: 1s")
      .replace(`"${target}"`, `"${target}", "127.0.0.1:${second}"`);
    const rules = await Deno.readTextFile(`${this.directory}/etc/alerts.yaml`);
    await this.#write("etc/alerts.yaml", rules.replaceAll(/for: \d+m/g, "for: 0s"));
    await this.#write(
      "etc/prometheus.yml",
      `global: { evaluation_interval: 1s }\nrule_files: [alerts.yaml]\n${text}`,
    );
    const address = `127.0.0.1:${this.#ports.prometheus}`;
    this.#others.push(
      await ServerProcess.start({
        name: "Prometheus",
        argv: [
          "prometheus",
          `--config.file=${this.directory}/etc/prometheus.yml`,
          `--storage.tsdb.path=${this.directory}/prometheus`,
          `--web.listen-address=${address}`,
        ],
        log: `${this.directory}/prometheus.log`,
      }, async () => (await statusOf(`http://${address}/-/ready`)) === 200),
    );
  }

  /** The instances for which an expression has a value. */
  async query(expression: string): Promise<ReadonlySet<string>> {
    const query = new URLSearchParams({ query: expression });
    const url = `http://127.0.0.1:${this.#ports.prometheus}/api/v1/query?${query}`;
    const { data: { result } } = await (await fetch(url)).json();
    return new Set(result.map(({ metric }: { metric: { instance: string } }) => metric.instance));
  }

  /** The requests in the logs of both gateways. */
  async requests(): Promise<readonly { readonly method: string; readonly path: string }[]> {
    return (await this.#entries("request")) as never;
  }

  /** Stops and starts each gateway while readers download through nginx; all of them must get every byte. */
  async restartDuringDownloads(command: string): Promise<void> {
    const images = await this.#curl("/v2/images?name=disk");
    const [{ id }] = JSON.parse(images.stdout).images;
    let isOver = false;
    let count = 0;
    const read = async () => {
      while (!isOver) {
        const { code, size, stderr } = await this.#download(`/v2/images/${id}/file`);
        assertEquals([code, size], [0, IMAGE_SIZE], stderr);
        count++;
      }
    };
    const readers = Promise.all([1, 2, 3].map(read));
    // It is awaited at the end.
    readers.catch(() => {});
    try {
      for (const index of [0, 1] as const) {
        const before = count;
        const isRunning = async () => count > before && await this.#openRequests(index) > 1;
        await until(isRunning, "downloads");
        await this.#gateways[index]?.stop("SIGTERM");
        await this.startGateway(index, command);
      }
    } finally {
      isOver = true;
      await readers;
    }
    const drained = await this.#entries("drain");
    assert(drained.length > 0, "no download was running when a gateway was stopped");
    assertEquals(drained.filter(({ message }) => String(message).startsWith("Aborted")), []);
  }

  /** The open requests of a gateway, with the one that reads them. */
  async #openRequests(index: 0 | 1): Promise<number> {
    const response = await fetch(`http://127.0.0.1:${this.#ports.gateways[index]}/metrics`);
    return Number(/^glance_edge_open_requests (\d+)$/m.exec(await response.text())?.[1]);
  }

  async listImages(): Promise<void> {
    assertEquals((await this.#curl("/v2/images")).code, 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const process of [...this.#others, ...this.#gateways]) await process.stop("SIGKILL");
  }

  async #download(path: string) {
    const limited = `--limit-rate ${READ_RATE} --output /dev/null --write-out %{size_download}`;
    const { code, stdout, stderr } = await this.#curl(path, ...limited.split(" "));
    return { code, size: Number(stdout), stderr };
  }

  /** curl through nginx, or to a URL, with a token. */
  async #curl(path: string, ...options: readonly string[]) {
    const { token } = await (this.#token ??= this.#stack.token("alice"));
    const { code, stdout, stderr } = await new Deno.Command("curl", {
      args: [
        ...["--fail", "--silent", "--show-error", "--cacert", `${this.directory}/etc/tls/ca.pem`],
        ...["--header", `X-Auth-Token: ${token}`, ...options],
        path.startsWith("https:") ? path : `https://localhost:${this.#ports.nginx}${path}`,
      ],
    }).output();
    return { code, stdout: textOf(stdout), stderr: textOf(stderr) };
  }

  #environment(): Record<string, string> {
    const ca = `${this.directory}/etc/tls/ca.pem`;
    return {
      PATH: `${this.directory}/bin:${this.directory}/npm/bin:${Deno.env.get("PATH")}`,
      HOME: `${this.directory}/home`,
      DENO_DIR: Deno.env.get("DENO_DIR") ?? `${Deno.env.get("HOME")}/.cache/deno`,
      npm_config_prefix: `${this.directory}/npm`,
      OS_CACERT: ca,
      NODE_EXTRA_CA_CERTS: ca,
    };
  }

  async #entries(kind: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const texts = await Promise.all(
      [0, 1].map((index) => Deno.readTextFile(`${this.directory}/gateway-${index}.log`)),
    );
    return texts.join("\n").split("\n").filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line)).filter((entry) => entry.kind === kind);
  }

  async #copy(name: string, to: string): Promise<void> {
    await this.#write(to, this.adapted(await documentText(`.github/operations/${name}`)));
  }

  async #write(name: string, text: string): Promise<void> {
    await Deno.writeTextFile(`${this.directory}/${name}`, text);
  }
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** The status of a response; null if there is none. */
async function statusOf(url: string): Promise<number | null> {
  const response = await fetch(url).catch(() => null);
  await response?.body?.cancel();
  return response?.status ?? null;
}
