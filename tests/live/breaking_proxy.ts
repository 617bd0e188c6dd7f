/** A TCP proxy in front of a web server that cuts or stalls the responses of planned connections. */

/** What happens to a connection after a number of bytes of the response. */
interface Plan {
  readonly kind: "cut" | "stall";
  readonly after: number;
}

/** The proxy. Disposing it closes every connection. */
export class BreakingProxy implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #target: number;
  readonly #plans: Plan[] = [];
  readonly #work: Promise<void>[] = [];
  readonly #open = new Set<Deno.Conn>();
  #stalled = Promise.withResolvers<void>();
  #released = Promise.withResolvers<void>();
  /** Bytes that the server has sent. */
  sent = 0;
  /** Number of connections that were cut. */
  cuts = 0;
  /** The `Range` header of each request; null without one. */
  readonly ranges: (string | null)[] = [];

  constructor(target: number) {
    this.#target = target;
    this.#work.push(this.#accept());
  }

  get url(): string {
    return `http://127.0.0.1:${this.#listener.addr.port}`;
  }

  /** Cuts the next connections, each after a number of bytes. */
  cutAfter(...counts: readonly number[]): void {
    this.#plans.push(...counts.map((after) => ({ kind: "cut", after }) as const));
  }

  /** Sends nothing more on the next connection after a number of bytes, until `release` is called. */
  stallAfter(count: number): void {
    this.#plans.push({ kind: "stall", after: count });
  }

  /** Resolves when a connection stalls. */
  get stalled(): Promise<void> {
    return this.#stalled.promise;
  }

  release(): void {
    this.#released.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.release();
    this.#listener.close();
    for (const connection of [...this.#open]) this.#close(connection);
    await Promise.all(this.#work);
  }

  async #accept(): Promise<void> {
    try {
      for await (const client of this.#listener) {
        this.#open.add(client);
        this.#work.push(this.#relay(client).catch(() => {}).finally(() => this.#close(client)));
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }

  async #relay(client: Deno.Conn): Promise<void> {
    const server = await Deno.connect({ hostname: "127.0.0.1", port: this.#target });
    this.#open.add(server);
    const upward = this.#sendRequests(client, server).catch(() => {});
    try {
      await this.#sendResponses(server, client);
    } finally {
      this.#close(server);
      this.#close(client);
      await upward;
    }
  }

  async #sendRequests(client: Deno.Conn, server: Deno.Conn): Promise<void> {
    const buffer = new Uint8Array(64 * 1024);
    for (let count = await client.read(buffer); count !== null; count = await client.read(buffer)) {
      const text = new TextDecoder().decode(buffer.subarray(0, count));
      if (text.startsWith("GET ")) this.ranges.push(/^range: (.*)\r$/im.exec(text)?.[1] ?? null);
      await writeAll(server, buffer.subarray(0, count));
    }
  }

  async #sendResponses(server: Deno.Conn, client: Deno.Conn): Promise<void> {
    const plan = this.#plans.shift();
    let left = plan?.after ?? Infinity;
    const buffer = new Uint8Array(64 * 1024);
    for (;;) {
      const count = await server.read(buffer.subarray(0, Math.min(buffer.byteLength, left)));
      if (count === null) return;
      this.sent += count;
      await writeAll(client, buffer.subarray(0, count));
      left -= count;
      if (left > 0) continue;
      if (plan?.kind === "cut") {
        this.cuts++;
        return;
      }
      this.#stalled.resolve();
      await this.#released.promise;
      left = Infinity;
    }
  }

  #close(connection: Deno.Conn): void {
    if (!this.#open.delete(connection)) return;
    connection.close();
  }
}

async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let rest = bytes; rest.byteLength > 0;) rest = rest.subarray(await connection.write(rest));
}
