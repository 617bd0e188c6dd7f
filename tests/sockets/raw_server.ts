/**
 * An HTTP server on a TCP socket that can send anything, and close or stall at any byte.
 */
import { freePort } from "../support/free_port.ts";

/** A request, parsed from its head. */
export interface RawRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
}

/** Handles a request; true if the connection stays open for another. */
export type RequestHandler = (connection: RawConnection, request: RawRequest) => Promise<boolean>;

/** The server's side of a connection. */
export class RawConnection {
  readonly #socket: Deno.Conn;

  constructor(socket: Deno.Conn) {
    this.#socket = socket;
  }

  /**
   * The head of the next request; null if there is none. The last byte of a head stays in the
   * kernel: {@linkcode RawConnection.reset} needs it.
   */
  async head(): Promise<RawRequest | null> {
    const head = await this.#until("\r\n\r");
    // The connection may have been cut anywhere.
    if (!head.endsWith("\r\n\r")) return null;
    const [first = "", ...lines] = head.trim().split("\r\n");
    const [method, path] = first.split(" ");
    if (method === undefined || path === undefined) return null;
    const headers = new Headers(lines.map((line): [string, string] => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon), line.slice(colon + 1).trim()];
    }));
    return { method, path, headers };
  }

  /** The next bytes; null at the end of what the client sends. */
  async read(size: number): Promise<Uint8Array | null> {
    const into = new Uint8Array(size);
    const count = await this.#socket.read(into);
    return count === null ? null : into.subarray(0, count);
  }

  /** One line, or the received part of it. */
  async line(): Promise<string> {
    return (await this.#until("\n")).trim();
  }

  /** Status line and fields. */
  async start(status: string, ...fields: readonly string[]): Promise<void> {
    await this.text([`HTTP/1.1 ${status}`, ...fields, "", ""].join("\r\n"));
  }

  /** A complete response with JSON. */
  async json(status: string, value: unknown, ...fields: readonly string[]): Promise<true> {
    const text = JSON.stringify(value);
    const type = "content-type: application/json";
    const length = `content-length: ${text.length}`;
    await this.text([`HTTP/1.1 ${status}`, type, length, ...fields, "", text].join("\r\n"));
    return true;
  }

  /** Sends text unchanged. */
  async text(text: string): Promise<void> {
    await this.write(new TextEncoder().encode(text));
  }

  /** Sends bytes unchanged. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let rest = bytes; rest.byteLength > 0;) {
      rest = rest.subarray(await this.#socket.write(rest));
    }
  }

  /** Ends the sending side with a FIN. */
  async end(): Promise<false> {
    await this.#socket.closeWrite();
    await this.waitForClose();
    return false;
  }

  /** Resets the connection: Linux sends a RST on close if received bytes were not read. */
  reset(): Promise<false> {
    this.close();
    return Promise.resolve(false);
  }

  /** Reads until the client has closed the connection. */
  async waitForClose(): Promise<false> {
    while (await this.read(65_536).catch(() => null) !== null);
    return false;
  }

  /** Closes the connection once. */
  close(): void {
    try {
      this.#socket.close();
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }

  async #until(end: string): Promise<string> {
    let text = "";
    while (!text.endsWith(end)) {
      const byte = await this.read(1);
      if (byte === null) break;
      text += String.fromCharCode(byte[0] ?? 0);
    }
    return text;
  }
}

/** A server on a free port of loopback. Disposing it closes its connections. */
export class RawServer implements AsyncDisposable {
  readonly #listener: Deno.TcpListener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #handler: RequestHandler;
  readonly #connections = new Set<RawConnection>();
  readonly #work: Promise<void>[] = [];

  constructor(response: RequestHandler) {
    this.#handler = response;
    this.#work.push(this.#accept());
  }

  /** Its root. */
  get url(): string {
    return `http://127.0.0.1:${this.#listener.addr.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const connection of this.#connections) connection.close();
    await Promise.all(this.#work);
  }

  async #accept(): Promise<void> {
    for await (const socket of this.#listener) {
      // Otherwise the second of two writes waits for the client's acknowledgement.
      socket.setNoDelay();
      this.#work.push(this.#serve(socket));
    }
  }

  async #serve(socket: Deno.TcpConn): Promise<void> {
    const connection = new RawConnection(socket);
    this.#connections.add(connection);
    try {
      for (let keepsAlive = true; keepsAlive;) {
        const request = await connection.head();
        keepsAlive = request !== null && await this.#handler(connection, request);
      }
    } catch (error) {
      // The client, or the end of the test, has closed the connection.
      if (!isClosed(error)) throw error;
    } finally {
      connection.close();
      this.#connections.delete(connection);
    }
  }
}

function isClosed(error: unknown): boolean {
  const { BadResource, BrokenPipe, ConnectionReset, Interrupted, NotConnected } = Deno.errors;
  return [BadResource, BrokenPipe, ConnectionReset, Interrupted, NotConnected]
    .some((kind) => error instanceof kind);
}

/** The root of no server: nothing listens to its port. */
export function closedServer(): string {
  return `http://127.0.0.1:${freePort()}`;
}
