import { assertEquals } from "@std/assert";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { ImageRouterOptions } from "../../lib/router/mod.ts";
import { Cloud } from "./cloud.ts";

/** Values of Host that are not `host[:port]`; `ID` is an image with data. */
const BAD_HOSTS = [
  "x/v2/images/ID/file?",
  "x/v2/images/ID?",
  "x/v2/images#",
  "x?",
  "x#",
  "x\\v2",
  "user@x",
  "user:password@x",
  "x y",
  "x:80:81",
  "x:99999",
  "x:-1",
  "x,y",
  "[::1",
  "::1",
  "%78",
  "x/",
];

type Ask = (host: string, path: string) => Promise<number>;

/** The status of a request with exactly this Host. */
async function rawStatus(port: number, host: string, path: string): Promise<number> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const text = `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
  await conn.write(new TextEncoder().encode(text));
  const response = await new Response(conn.readable).text();
  return Number(/^HTTP\/1\.1 (\d+)/.exec(response)?.[1]);
}

function onDeno(fetch: (request: Request) => Response | Promise<Response>) {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, fetch);
  const { port } = server.addr;
  return { port, stop: () => server.shutdown() };
}

/** A common kind of adapter: it builds the URL of a request from Host and target. */
async function onNode(fetch: (request: Request) => Response | Promise<Response>) {
  const server = createServer((incoming, outgoing) => {
    const { host = "" } = incoming.headers;
    const respond = async () => {
      const request = new Request(`http://${host}${incoming.url}`, { headers: { host } });
      const response = await fetch(request);
      outgoing.writeHead(response.status).end(await response.text());
    };
    respond().catch(() => outgoing.writeHead(500).end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { port, stop: () => new Promise<void>((resolve) => server.close(() => resolve())) };
}

for (const [runtime, serve] of Object.entries({ "Deno.serve": onDeno, "node:http": onNode })) {
  Deno.test(`createImageRouter() sends no request when Host is not host[:port] on ${runtime}`, async () => {
    const cloud = new Cloud();
    const { id } = await cloud.image(10);
    const { port, stop } = await serve(cloud.router({ metrics: true }).fetch);
    const send: Ask = (host, path) => rawStatus(port, host.replace("ID", id), path);
    try {
      for (const host of BAD_HOSTS) {
        for (const path of ["/healthcheck", "/v2/images", "/metrics"]) {
          const status = await send(host, path);
          // An adapter may refuse to build a Request first.
          const isRefused = status === 400 || runtime === "node:http" && status === 500;
          assertEquals([host, path, isRefused], [host, path, true], String(status));
        }
      }
      assertEquals(cloud.requestLines, []);
      for (const host of ["x", "x.example:80", "X-1.example.", "[::1]:9292", "127.0.0.1", "a_b"]) {
        assertEquals([host, await send(host, `/v2/images/${id}`)], [host, 200]);
      }
    } finally {
      await stop();
    }
  });
}

const LOCAL = [
  "localhost",
  "localhost:9292",
  "127.0.0.1",
  "127.8.9.1:1",
  "[::1]:80",
  "a.localhost",
];
const FOREIGN = [
  "evil.example",
  "127.0.0.1.evil.example",
  "localhost.evil.example",
  "evil-localhost",
  "10.0.0.1",
  "0.0.0.0",
  "[::2]",
];

Deno.test("allowedHosts responds with 403 to any other host name", async () => {
  for (
    const [allowedHosts, good, bad] of [
      ["any", [...LOCAL, ...FOREIGN], []],
      ["loopback", LOCAL, FOREIGN],
      [["Images.example", "[::2]"], ["images.example:99", "[::2]"], [...LOCAL, "x.images.example"]],
    ] as const
  ) {
    const cloud = new Cloud();
    const router = cloud.router({ allowedHosts, metrics: true });
    for (const path of ["/v2/images", "/", "/versions", "/healthcheck", "/metrics", "/nowhere"]) {
      const statusOf = async (host: string) => {
        const response = await router.fetch(
          new Request(`http://${host}${path}`, { headers: { host } }),
        );
        await response.body?.cancel();
        return response.status;
      };
      for (const host of good) {
        assertEquals([host, path, await statusOf(host) !== 403], [host, path, true]);
      }
      const requested = cloud.requestLines.length;
      for (const host of bad) assertEquals([host, path, await statusOf(host)], [host, path, 403]);
      assertEquals(cloud.requestLines.length, requested);
    }
  }
});

Deno.test("allowedHosts checks the URL of the request and its Host header", async () => {
  const router = new Cloud().router({ allowedHosts: "loopback" });
  for (const [url, host] of [["evil.example", "localhost"], ["localhost", "evil.example"]]) {
    const response = await router.fetch(
      new Request(`http://${url}/v2/images`, { headers: { host: host ?? "" } }),
    );
    await response.body?.cancel();
    assertEquals(response.status, 403);
  }
});

Deno.test("allowedHosts always allows the host of publicEndpoint", async () => {
  const router = new Cloud().router({
    allowedHosts: "loopback",
    publicEndpoint: "https://images.example:8443/image",
  });
  const response = await router.request("http://images.example/v2/images");
  await response.body?.cancel();
  assertEquals(response.status, 200);
});

/** Headers that a browser adds to a request of a page, and whether a write with them is allowed. */
const ORIGINS: readonly (readonly [passes: boolean, headers: Record<string, string>])[] = [
  [true, {}], // curl
  [true, { "origin": "http://gw:9292", "sec-fetch-site": "same-origin" }],
  [true, { "origin": "https://gw:9292" }], // a proxy in front ends TLS
  [true, { "sec-fetch-site": "none" }],
  [true, { "origin": "https://horizon.example", "sec-fetch-site": "cross-site" }], // in `cors`
  [true, { "origin": "https://public.example", "sec-fetch-site": "cross-site" }],
  [true, { "origin": "https://evil.example", "x-auth-token": "t" }], // was preflighted
  [false, { "origin": "https://evil.example", "sec-fetch-site": "cross-site" }],
  [false, { "origin": "https://evil.example" }], // a browser without Fetch Metadata
  [false, { "origin": "null" }], // a sandboxed frame
  [false, { "origin": "http://gw:3000", "sec-fetch-site": "same-site" }], // another port
  [false, { "sec-fetch-site": "cross-site" }],
  [false, { "sec-fetch-site": "same-site" }],
  [false, { "origin": "https://evil.example", "x-auth-token": "" }],
];

Deno.test("checkHost() rejects a write without a token from a page of another site", async () => {
  const modes: Partial<ImageRouterOptions>[] = [
    { authStrategy: "noauth" },
    { serviceMode: { context: { authToken: "gateway" }, readOnly: false } },
    {},
  ];
  for (const mode of modes) {
    for (const [passes, headers] of ORIGINS) {
      const cloud = new Cloud();
      const { id } = await cloud.image(10);
      const router = cloud.router({
        ...mode,
        cors: { origins: ["https://horizon.example"] },
        publicEndpoint: "https://public.example",
      });
      for (const path of ["/v2/images", `/v2/images/${id}/actions/deactivate`]) {
        const response = await router.request(`http://gw:9292${path}`, {
          method: "POST",
          // A form can send this without a preflight request.
          headers: { host: "gw:9292", "content-type": "text/plain", ...headers },
          body: "{}",
        });
        await response.body?.cancel();
        assertEquals([headers, response.status !== 403], [headers, passes]);
      }
      assertEquals([headers, cloud.requestLines.length > 0], [headers, passes]);
    }
  }
});

Deno.test("createImageRouter() responds to a cross-site read without CORS headers", async () => {
  const cloud = new Cloud();
  const headers = { "origin": "https://evil.example", "sec-fetch-site": "cross-site" };
  const response = await cloud.router().request("/v2/images", { headers });
  await response.body?.cancel();
  assertEquals(
    [response.status, response.headers.get("access-control-allow-origin")],
    [200, null],
  );
});
