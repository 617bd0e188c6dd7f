/** Real sockets on loopback: servers, fronts that count and cut connections, and curl. */
import { type RunningServer, serve } from "../../lib/cli/server/serve.ts";
import { createEmbeddedGlance } from "../../lib/embedded/mod.ts";
import { createImageRouter, type ImageRouterOptions } from "../../lib/router/mod.ts";
import { seededBytes } from "../support/seed.ts";
import { storeImage } from "../support/stored_image.ts";
import { TEST_TIME_LIMIT } from "../support/time_limit.ts";

/** A relay in front of a server that counts its connections, and can break them. */
export class Front implements AsyncDisposable {
  /** Connections that are open. */
  open = 0;
  /** Connections that were open at once, at most. */
  mostOpen = 0;
  /** Number of connections. */
  opened = 0;
  /** Bytes sent to clients. */
  sent = 0;
  /** Breaks a connection after it has sent this many bytes to its client. */
  cutAfter = Infinity;
  /** Whether it stops accepting connections after it has broken one. */
  diesOfCut = false;
  #isDead = false;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #work = new Set<Promise<void>>();
  readonly #conns = new Set<Deno.Conn>();
  readonly #waiting = new Set<() => void>();
  readonly #target: number;

  constructor(target: number) {
    this.#target = target;
    this.#track(this.#accept());
  }

  get url(): string {
    return `http://127.0.0.1:${this.#listener.addr.port}`;
  }

  /** Accepts connections again. */
  revive(): void {
    this.#isDead = false;
    this.cutAfter = Infinity;
  }

  /** Waits until a condition is true; it is checked at each change of a connection. */
  async until(isTrue: () => boolean): Promise<void> {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      this.#changed();
    }, TEST_TIME_LIMIT);
    try {
      while (!isTrue()) {
        if (isLate) throw new Error(`Cannot wait longer: ${this.open} connections are open`);
        await new Promise<void>((resolve) => this.#waiting.add(resolve));
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** Closes every connection, and accepts no more. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    this.#breakAll();
    await Promise.all(this.#work);
  }

  async #accept(): Promise<void> {
    for await (const conn of this.#listener) this.#track(this.#relay(conn));
  }

  async #relay(caller: Deno.TcpConn): Promise<void> {
    if (this.#isDead) return caller.close();
    const server = await Deno.connect({ hostname: "127.0.0.1", port: this.#target });
    const pair = [caller, server];
    for (const conn of pair) this.#conns.add(conn);
    this.open++;
    this.mostOpen = Math.max(this.mostOpen, this.open);
    this.opened++;
    const close = () => pair.forEach((conn) => this.#close(conn));
    const up = pump(caller, server, () => true).finally(close);
    let sent = 0;
    const down = pump(server, caller, (bytes) => {
      this.sent += bytes;
      this.#changed();
      if ((sent += bytes) < this.cutAfter) return true;
      this.#isDead = this.diesOfCut;
      return false;
    }).finally(close);
    await Promise.allSettled([up, down]);
    this.open--;
    this.#changed();
  }

  #close(conn: Deno.Conn): void {
    if (this.#conns.delete(conn)) conn.close();
  }

  #breakAll(): void {
    for (const conn of [...this.#conns]) this.#close(conn);
  }

  #changed(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }

  #track(work: Promise<void>): void {
    const done = work.catch(() => {}).finally(() => this.#work.delete(done));
    this.#work.add(done);
  }
}

/** Copies bytes until one side ends or `onBytes` stops it. */
async function pump(
  from: Deno.Conn,
  to: Deno.Conn,
  onBytes: (count: number) => boolean,
): Promise<void> {
  const buffer = new Uint8Array(64 * 1024);
  for (;;) {
    const count = await from.read(buffer);
    if (count === null) return;
    for (let at = 0; at < count;) at += await to.write(buffer.subarray(at, count));
    if (!onBytes(count)) return;
  }
}

/** An embedded Glance on two ports, and a gateway in front of both. */
export class Wire implements AsyncDisposable {
  readonly glance: ReturnType<typeof createEmbeddedGlance>;
  readonly fronts: readonly [Front, Front];
  readonly url: string;
  readonly #gateway: RunningServer;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  #client: Deno.HttpClient | null = Deno.createHttpClient({});

  constructor(options: Partial<ImageRouterOptions> = {}, glance = createEmbeddedGlance()) {
    this.glance = glance;
    const where = { hostname: "127.0.0.1", port: 0, onListen() {} };
    this.#server = Deno.serve(where, (request) => glance.fetch(request));
    this.fronts = [new Front(this.#server.addr.port), new Front(this.#server.addr.port)];
    const router = createImageRouter({
      apiServers: this.fronts.map(({ url }) => url),
      random: () => 0.99,
      fetch: (input, init) =>
        fetch(input, { ...init, ...this.#client && { client: this.#client } }),
      ...options,
    });
    const handler = async (request: Request) => await router.fetch(request);
    this.#gateway = serve(handler, { host: "127.0.0.1", port: 0 });
    this.url = this.#gateway.url;
  }

  /** An image with data. */
  async image(size: number): Promise<{ id: string; bytes: Uint8Array<ArrayBuffer> }> {
    const bytes = seededBytes(size, size);
    const id = await storeImage((path, init) => this.send(path, init), "disk", bytes);
    return { id, bytes };
  }

  /** An image without data. */
  async queued(): Promise<string> {
    const created = await this.send("/v2/images", {
      method: "POST",
      body: '{"disk_format": "raw", "container_format": "bare"}',
    });
    return (await created.json()).id;
  }

  /** Sends a request to the embedded Glance itself. */
  send(path: string, init?: RequestInit): Promise<Response> {
    return this.glance.fetch(new Request(`http://glance${path}`, init));
  }

  /** Closes the idle connections of the gateway. */
  closeIdle(): void {
    this.#client?.close();
    this.#client = null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#gateway.stop();
    this.closeIdle();
    for (const front of this.fronts) await front[Symbol.asyncDispose]();
    await this.#server.shutdown();
  }
}

/** The exit code and output of a command. */
export interface Ended {
  readonly code: number;
  readonly stdout: Uint8Array;
  readonly text: string;
}

/** A test that is ignored if curl is not installed. */
export function testWithCurl(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, fn, ignore: !hasCurl() });
}

function hasCurl(): boolean {
  try {
    return new Deno.Command("curl", { args: ["--version"], stdout: "null" }).outputSync().success;
  } catch {
    return false;
  }
}

/** Runs curl without its progress meter. */
export async function curl(...args: readonly string[]): Promise<Ended> {
  const command = new Deno.Command("curl", { args: ["-sS", ...args], stderr: "piped" });
  const { code, stdout, stderr } = await command.output();
  return { code, stdout, text: new TextDecoder().decode(stderr) };
}
