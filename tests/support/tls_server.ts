/** A TLS server on loopback that supports HTTP/2 and HTTP/1.1, and records what its clients choose. */
import { createSecureServer } from "node:http2";
import type { Socket } from "node:net";
import { CA_CERT, SERVER_CERT, SERVER_KEY } from "../auth/certificates.ts";

/** What clients have opened so far. */
export interface TlsServer extends AsyncDisposable {
  readonly url: string;
  /** TCP connections. */
  readonly connections: number;
  /** The HTTP version of each request. */
  readonly versions: readonly string[];
}

/** Options of the server. */
interface TlsServerOptions {
  /** Whether clients must have a certificate. */
  readonly wantsClient?: boolean;
  /** Number of requests that must arrive before the first response. */
  readonly together?: number;
}

/** Starts a server that responds to each request with "welcome". */
export async function serveTls(
  { wantsClient = false, together = 1 }: TlsServerOptions = {},
): Promise<TlsServer> {
  const sockets = new Set<Socket>();
  const versions: string[] = [];
  const { promise: allArrived, resolve } = Promise.withResolvers<void>();
  const server = createSecureServer({
    allowHTTP1: true,
    cert: SERVER_CERT,
    key: SERVER_KEY,
    ca: CA_CERT,
    requestCert: wantsClient,
    rejectUnauthorized: wantsClient,
  }, async (request, response) => {
    versions.push(request.httpVersion);
    if (versions.length >= together) resolve();
    await allArrived;
    response.end("welcome");
  });
  server.on("connection", (socket: Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `https://localhost:${port}`,
    get connections() {
      return sockets.size;
    },
    versions,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
