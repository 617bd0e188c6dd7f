/** Listens on a TCP port, with the API of each runtime. */
import type { Server, Socket as NodeSocket } from "node:net";
import { builtinModule } from "../../node_builtin.ts";
import type { ClientSocket, ConnectionSource } from "../http_server/listener.ts";

/** A listening TCP socket. */
export interface TcpListener extends ConnectionSource {
  readonly port: number;
}

/** Wraps a socket: TLS over TCP. */
export type SocketWrapper = (socket: NodeSocket) => NodeSocket;

/** Connections that wait until they are accepted. More are closed. */
const MAX_WAITING = 512;

/** Listens with Deno, or with the `node:net` of other runtimes. */
export async function listenOn(hostname: string, port: number): Promise<TcpListener> {
  return "Deno" in globalThis ? denoListener(hostname, port) : await nodeListener(hostname, port);
}

/** Listens with Deno. */
export function denoListener(hostname: string, port: number): TcpListener {
  const listener = Deno.listen({ hostname, port });
  return {
    port: listener.addr.port,
    accept: () => listener.accept(),
    close: () => listener.close(),
  };
}

/**
 * Listens with `node:net`, which Deno has, too.
 *
 * @param wrap wraps the socket of a connection
 */
export async function nodeListener(
  host: string,
  port: number,
  wrap: SocketWrapper = (socket) => socket,
): Promise<TcpListener> {
  const net = builtinModule<typeof import("node:net")>("node:net");
  if (net === null) throw new Error("this runtime has no TCP sockets");
  // Otherwise, Node would close the sending side when a client has sent everything.
  const server = net.createServer({ allowHalfOpen: true, pauseOnConnect: true });
  const accepted = new AcceptQueue(server, wrap);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port }, () => {
      server.off("error", reject);
      resolve();
    });
  });
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : port,
    accept: () => accepted.next(),
    close: () => accepted.close(),
  };
}

/** Connections in the order in which they were accepted. */
class AcceptQueue {
  readonly #server: Server;
  readonly #waiting: NodeSocket[] = [];
  #onChange = () => {};
  readonly #wrap: SocketWrapper;
  #isClosed = false;

  constructor(server: Server, wrap: SocketWrapper) {
    this.#server = server;
    this.#wrap = wrap;
    server.on("connection", (socket) => {
      // An error of a connection that waits is found when it is read.
      socket.on("error", () => {});
      if (this.#isClosed || this.#waiting.length >= MAX_WAITING) {
        socket.destroy();
        return;
      }
      this.#waiting.push(socket);
      this.#onChange();
    });
  }

  async next(): Promise<ClientSocket> {
    for (;;) {
      if (this.#isClosed) throw new Error("The listener is closed");
      const socket = this.#waiting.shift();
      if (socket !== undefined) return new NodeConnection(this.#wrap(socket));
      await new Promise<void>((resolve) => this.#onChange = resolve);
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#server.close();
    for (const socket of this.#waiting.splice(0)) socket.destroy();
    this.#onChange();
  }
}

/** A connection of `node:net`. */
class NodeConnection implements ClientSocket {
  readonly #socket: NodeSocket;
  /** Received bytes that did not fit in the view of the last read. */
  #rest: Uint8Array = new Uint8Array();
  #hasEnded = false;
  #onChange = () => {};

  constructor(socket: NodeSocket) {
    this.#socket = socket;
    for (const event of ["readable", "end", "close", "error"]) {
      socket.on(event, () => {
        if (event === "end") this.#hasEnded = true;
        this.#onChange();
      });
    }
  }

  setNoDelay(noDelay: boolean): void {
    this.#socket.setNoDelay(noDelay);
  }

  async read(view: Uint8Array): Promise<number | null> {
    const socket = this.#socket;
    while (this.#rest.byteLength === 0) {
      if (socket.errored !== null) throw socket.errored;
      if (socket.destroyed) throw new Error("The connection is closed");
      const chunk: Uint8Array | null = socket.read();
      if (chunk !== null) this.#rest = chunk;
      else if (this.#hasEnded) return null;
      else await new Promise<void>((resolve) => this.#onChange = resolve);
    }
    const count = Math.min(view.byteLength, this.#rest.byteLength);
    view.set(this.#rest.subarray(0, count));
    this.#rest = this.#rest.subarray(count);
    return count;
  }

  write(bytes: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#socket.write(bytes, (error) => error ? reject(error) : resolve(bytes.byteLength));
    });
  }

  closeWrite(): Promise<void> {
    return new Promise((resolve) => this.#socket.end(() => resolve()));
  }

  close(): void {
    this.#socket.destroy();
  }
}
