/**
 * A proxy between a client and a server with one fault per connection, chosen by a seed: it cuts, stalls,
 * splits and delays bytes, or responds in place of the server.
 */
import { between, pick } from "../support/seed.ts";
import type { FaultLog } from "./faulty_server.ts";

/** What a proxy does to one connection. */
type ProxyFault = "cutDown" | "cutUp" | "split" | "badGateway" | "garbage" | "refuse" | "halfClose";

const FAULTS: readonly ProxyFault[] = [
  "cutDown",
  "cutUp",
  "split",
  "badGateway",
  "garbage",
  "refuse",
  "halfClose",
];

const BAD_GATEWAY = "HTTP/1.1 502 Bad Gateway\r\ncontent-type: text/html\r\n" +
  "content-length: 18\r\nconnection: close\r\n\r\n<html>502</html>\r\n";

/** The server of a proxy, and its faults. */
export interface FaultyProxyOptions {
  readonly random: () => number;
  /** Probability that a connection has a fault. */
  readonly faultRate: number;
  readonly faultLog: FaultLog;
}

/** The proxy. Disposing it closes every connection. */
export class FaultyProxy implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #options: FaultyProxyOptions;
  readonly #target: number;
  readonly #open = new Set<Deno.Conn>();
  readonly #work: Promise<void>[] = [];

  constructor(target: number, options: FaultyProxyOptions) {
    this.#target = target;
    this.#options = options;
    this.#work.push(this.#accept());
  }

  get url(): string {
    return `http://127.0.0.1:${this.#listener.addr.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const conn of [...this.#open]) this.#close(conn);
    await Promise.all(this.#work);
  }

  async #accept(): Promise<void> {
    for await (const client of this.#listener) {
      this.#open.add(client);
      this.#work.push(this.#relay(client).catch(() => {}).finally(() => this.#close(client)));
    }
  }

  async #relay(client: Deno.TcpConn): Promise<void> {
    const { random, faultRate, faultLog } = this.#options;
    const fault = random() < faultRate ? pick(random, FAULTS) : null;
    if (fault !== null) faultLog.push(`proxy: ${fault}`);
    if (fault === "refuse") return;
    if (fault === "badGateway" || fault === "garbage") {
      await client.read(new Uint8Array(4_096));
      const response = fault === "garbage" ? "\0\x01\x02 220 mail.example\r\n\r\n" : BAD_GATEWAY;
      await client.write(new TextEncoder().encode(response));
      return;
    }
    const server = await Deno.connect({ hostname: "127.0.0.1", port: this.#target });
    this.#open.add(server);
    const close = () => [client, server].forEach((conn) => this.#close(conn));
    const limit = between(random, 0, 60_000);
    const piece = fault === "split" ? between(random, 1, 700) : 65_536;
    const up = pump(client, server, piece, fault === "cutUp" ? limit : Infinity).finally(close);
    const down = pump(server, client, piece, fault === "cutDown" ? limit : Infinity)
      .then(() => fault === "halfClose" ? client.closeWrite() : undefined)
      .finally(fault === "halfClose" ? () => this.#close(server) : close);
    await Promise.allSettled([up, down]);
  }

  #close(conn: Deno.Conn): void {
    if (this.#open.delete(conn)) conn.close();
  }
}

/** Copies bytes in pieces until the source ends or `limit` bytes were copied. */
async function pump(from: Deno.Conn, to: Deno.Conn, piece: number, limit: number): Promise<void> {
  const buffer = new Uint8Array(65_536);
  for (let copied = 0; copied < limit;) {
    const count = await from.read(buffer);
    if (count === null) return;
    const bytes = buffer.subarray(0, Math.min(count, limit - copied));
    for (let at = 0; at < bytes.byteLength;) {
      at += await to.write(bytes.subarray(at, Math.min(at + piece, bytes.byteLength)));
    }
    copied += bytes.byteLength;
  }
}
