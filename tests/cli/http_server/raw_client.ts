/** A client that sends exact bytes and returns the bytes of the response. */
import {
  type Handler,
  type RunningServer,
  serve,
  type ServeLimits,
} from "../../../lib/cli/server/serve.ts";

/** A connection. */
export class RawClient implements Disposable {
  readonly #conn: Deno.TcpConn;
  #text = "";
  #isClosed = false;

  constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
  }

  /** Sends all of the data. */
  async send(data: string | Uint8Array): Promise<void> {
    let rest = typeof data === "string"
      ? Uint8Array.from(data, (character) => character.charCodeAt(0))
      : data;
    while (rest.byteLength > 0) rest = rest.subarray(await this.#conn.write(rest));
  }

  /** Closes the sending side; responses can still be read. */
  async closeWrite(): Promise<void> {
    await this.#conn.closeWrite();
  }

  /** Returns what arrived since the last call, at least up to `end`. */
  async until(end: string): Promise<string> {
    while (!this.#text.includes(end)) {
      if (!await this.#read()) throw new Error(`The connection ended with "${this.#text}"`);
    }
    return this.#take();
  }

  /** Returns what arrives until the server closes or resets the connection. */
  async rest(): Promise<string> {
    while (await this.#read().catch(() => false));
    return this.#take();
  }

  close(): void {
    if (!this.#isClosed) this.#conn.close();
    this.#isClosed = true;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #take(): string {
    const text = this.#text;
    this.#text = "";
    return text;
  }

  async #read(): Promise<boolean> {
    const memory = new Uint8Array(64 * 1024);
    const count = await this.#conn.read(memory);
    if (count === null) return false;
    this.#text += new TextDecoder().decode(memory.subarray(0, count));
    return true;
  }
}

/** A server with raw clients. */
export interface Serving extends AsyncDisposable, Pick<RunningServer, "stop"> {
  connect(): Promise<RawClient>;
  /** Returns the response to `GET /path`, on a new connection. */
  send(line: string, options?: { readonly close?: boolean }): Promise<string>;
}

/** Raw clients for a server, which is stopped at the end. */
export function servingOn(server: RunningServer): Serving {
  const { hostname, port } = new URL(server.url);
  const connect = async () => new RawClient(await Deno.connect({ hostname, port: Number(port) }));
  return {
    stop: (drainMs) => server.stop(drainMs),
    connect,
    async send(line, { close = true } = {}) {
      using client = await connect();
      await client.send(
        `${line} HTTP/1.1\r\nhost: x\r\n${close ? "connection: close\r\n" : ""}\r\n`,
      );
      return await client.rest();
    },
    [Symbol.asyncDispose]: () => server.kill(),
  };
}

/** Responds with the method, the path, and the body. */
export const echo: Handler = async (request) =>
  new Response(`${request.method} ${new URL(request.url).pathname} ${await request.text()}`);

/** The HTTP server with this handler, on a free port. */
export function serving(handler: Handler, limits: ServeLimits = {}): Serving {
  return servingOn(serve(handler, { host: "127.0.0.1", port: 0 }, limits));
}
