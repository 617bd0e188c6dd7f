import { assertEquals, assertRejects } from "@std/assert";
import { CLIENT_LIMITS } from "../../../lib/cli/http_server/client_limits.ts";
import type { FetchHandler } from "../../../lib/cli/http_server/http_exchange.ts";
import { HttpListener } from "../../../lib/cli/http_server/listener.ts";
import {
  denoListener,
  nodeListener,
  type TcpListener,
} from "../../../lib/cli/server/tcp_listener.ts";

const LISTENERS: Readonly<Record<string, () => Promise<TcpListener>>> = {
  "node:net": () => nodeListener("127.0.0.1", 0),
  "Deno": () => Promise.resolve(denoListener("127.0.0.1", 0)),
};

const BYTES = crypto.getRandomValues(new Uint8Array(60_000));

/** Answers with the body of the request, or with its path. */
const echo: FetchHandler = (request) =>
  Promise.resolve(new Response(request.body ?? new URL(request.url).pathname));

/** Runs `check` with a server on each kind of listener. */
async function withEach(
  handler: FetchHandler,
  check: (port: number) => Promise<void>,
): Promise<void> {
  for (const listen of Object.values(LISTENERS)) {
    const tcp = await listen();
    const options = { handler, limits: CLIENT_LIMITS, maxConnections: 10 };
    const listener = new HttpListener(tcp, options);
    try {
      await check(tcp.port);
    } finally {
      await listener.close();
    }
  }
}

/** Sends text, and reads until the server closes the connection. */
async function exchange(port: number, text: string): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await connection.write(new TextEncoder().encode(text));
  await connection.closeWrite();
  return await new Response(connection.readable).text();
}

Deno.test("nodeListener() serves bodies in both directions as denoListener() does", async () => {
  await withEach(echo, async (port) => {
    for (let i = 0; i < 2; i++) {
      const response = await fetch(`http://127.0.0.1:${port}/`, { method: "POST", body: BYTES });
      assertEquals(await response.bytes(), BYTES);
    }
  });
});

Deno.test("nodeListener() serves pipelined requests of a client that sends nothing more", async () => {
  await withEach(echo, async (port) => {
    const request = (path: string, more = "") => `GET ${path} HTTP/1.1\r\nHost: a\r\n${more}\r\n`;
    const text = await exchange(port, request("/a") + request("/b", "Connection: close\r\n"));
    assertEquals(text.match(/^\/\w/gm), ["/a", "/b"]);
  });
});

Deno.test("nodeListener() aborts the request of a client that has left", async () => {
  const reached = Promise.withResolvers<Request>();
  const handler: FetchHandler = (request) => {
    reached.resolve(request);
    return new Promise((resolve) =>
      request.signal.addEventListener("abort", () => resolve(new Response("late")))
    );
  };
  const tcp = await nodeListener("127.0.0.1", 0);
  const limits = { ...CLIENT_LIMITS, halfClosed: 1 };
  const listener = new HttpListener(tcp, { handler, limits, maxConnections: 10 });
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: tcp.port });
  await connection.write(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  const { signal } = await reached.promise;
  const aborted = new Promise((resolve) => signal.addEventListener("abort", resolve));
  connection.close();
  await aborted;
  await listener.close();
});

Deno.test("nodeListener() closes open connections, and waiting reads end", async () => {
  const tcp = await nodeListener("127.0.0.1", 0);
  const options = { handler: echo, limits: CLIENT_LIMITS, maxConnections: 10 };
  const listener = new HttpListener(tcp, options);
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: tcp.port });
  const head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n";
  await connection.write(new TextEncoder().encode(head));
  await listener.close();
  await new Response(connection.readable).text().catch(() => {});
  await assertRejects(() => Deno.connect({ hostname: "127.0.0.1", port: tcp.port }));
});

Deno.test("nodeListener() rejects with the code of the operating system", async () => {
  const first = await nodeListener("127.0.0.1", 0);
  const error = await assertRejects(() => nodeListener("127.0.0.1", first.port));
  assertEquals((error as Error & { code?: string }).code, "EADDRINUSE");
  first.close();
});
