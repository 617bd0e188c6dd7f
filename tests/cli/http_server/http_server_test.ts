/** The HTTP server on real sockets, with clients that send exact bytes: framing, errors, shutdown. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { writeResponse } from "../../../lib/cli/http_server/response_writer.ts";
import { echo, serving } from "./raw_client.ts";

Deno.test("serve() responds in order when requests with any framing are pipelined", async () => {
  await using server = serving(echo);
  using client = await server.connect();
  await client.send(
    "PUT /a HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nhi" +
      "PUT /b HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n2\r\nyo\r\n0\r\n\r\n" +
      "\r\nGET /c HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
  );
  const text = await client.rest();
  const bodies = [...text.matchAll(/\r\n\r\n([A-Z]+ \/. ?(?:hi|yo)?)/g)].map(([, body]) => body);
  assertEquals(bodies, ["PUT /a hi", "PUT /b yo", "GET /c "]);
  assertEquals(text.match(/connection: close/g)?.length, 1);
});

Deno.test("serve() responds to another client soon when 30 clients pipeline requests", async () => {
  const busy = Promise.withResolvers<void>();
  let [requested, before] = [0, 0];
  await using server = serving((request) => {
    if (new URL(request.url).pathname === "/other") before = requested;
    else if (++requested === 100) busy.resolve();
    for (const start = performance.now(); performance.now() - start < 1;);
    return Promise.resolve(new Response("ok"));
  });
  const hogs = await Promise.all(Array.from({ length: 30 }, () => server.connect()));
  const requests = "GET / HTTP/1.1\r\nhost: x\r\n\r\n".repeat(100);
  for (const hog of hogs) void hog.send(requests).catch(() => {});
  await busy.promise;
  await server.send("GET /other");
  for (const hog of hogs) hog.close();
  assert(before < 300, `${before} of 3000 requests were answered before`);
});

Deno.test("serve() sends a length when a body is available at once, and chunks when it is not", async () => {
  await using server = serving(({ url }) => {
    const slow = new ReadableStream<Uint8Array>({
      async pull(controller) {
        await new Promise((resolve) => setTimeout(resolve, 5));
        controller.enqueue(new TextEncoder().encode("late"));
        controller.close();
      },
    }, { highWaterMark: 0 });
    return Promise.resolve(new Response(url.endsWith("/slow") ? slow : "text"));
  });
  assertMatch(
    await server.send("GET /text"),
    /^HTTP\/1.1 200 OK\r\n[^]*content-length: 4[^]*\r\n\r\ntext$/,
  );
  const slow = await server.send("GET /slow");
  assertMatch(slow, /transfer-encoding: chunked[^]*\r\n\r\n4\r\nlate\r\n0\r\n\r\n$/);
  using old = await server.connect();
  await old.send("GET /slow HTTP/1.0\r\n\r\n");
  assertMatch(await old.rest(), /connection: close\r\n\r\nlate$/);
});

Deno.test("serve() sends no body and no invented length when the request is HEAD or the status is 204 or 304", async () => {
  await using server = serving(({ method, url }) => {
    const { pathname } = new URL(url);
    const status = Number(pathname.slice(1));
    const headers = method === "HEAD" ? { "content-length": "12345" } : {};
    if (pathname === "/unknown") return Promise.resolve(new Response(null));
    const body = [204, 304].includes(status) ? null : "text";
    return Promise.resolve(new Response(body, { status, headers }));
  });
  const cases = [
    ["HEAD /200", "12345"],
    ["HEAD /404", "12345"],
    ["HEAD /unknown", null],
    [
      "GET /204",
      null,
    ],
    ["GET /304", null],
    ["GET /unknown", "0"],
  ] as const;
  for (const [line, length] of cases) {
    const text = await server.send(line);
    assertEquals(/content-length: (\d+)/.exec(text)?.[1] ?? null, length, line);
    assert(text.endsWith("\r\n\r\n"), line);
    assert(!text.includes("chunked"), line);
  }
});

Deno.test("serve() closes the connection when a body fails or has another length than announced", async () => {
  await using server = serving(({ url }) => {
    const { pathname } = new URL(url);
    let count = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (count++ < 3) return controller.enqueue(new Uint8Array(10).fill(65));
        if (pathname === "/broken") throw new Error("broken");
        controller.close();
      },
    }, { highWaterMark: 0 });
    const length = { "/short": "40", "/long": "20" }[pathname];
    return Promise.resolve(
      new Response(body, { headers: length ? { "content-length": length } : {} }),
    );
  });
  const short = await server.send("GET /short", { close: false });
  assertMatch(short, /content-length: 40[^]*\r\n\r\nA{30}$/);
  const long = await server.send("GET /long", { close: false });
  assertMatch(long, /content-length: 20[^]*\r\n\r\nA{20}$/);
  const broken = await server.send("GET /broken", { close: false });
  assertMatch(broken, /chunked\r\n/);
  assert(!broken.endsWith("0\r\n\r\n"));
});

Deno.test("writeResponse() rejects when the body fails while the head is being written", async () => {
  const [asked, taken] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let pulls = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (pulls++ === 0) return controller.enqueue(new Uint8Array());
      asked.resolve();
      throw new Error("broken");
    },
  }, { highWaterMark: 0 });
  const written = writeResponse(
    {
      write: async ({ byteLength }) => {
        await taken.promise;
        return byteLength;
      },
    },
    new Response(body, { headers: { "content-length": "9" } }),
    {
      method: "GET",
      isHttp10: false,
      keepsAlive: true,
      signal: new AbortController().signal,
    },
  );
  await asked.promise;
  setTimeout(taken.resolve, 0);
  await assertRejects(() => written, Error, "broken");
});

Deno.test("serve() sends 100 Continue when the body is read, and not when it is ignored", async () => {
  await using server = serving((request) =>
    request.url.endsWith("/no")
      ? Promise.resolve(new Response("no", { status: 403 }))
      : echo(request)
  );
  const head = "HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n";
  using asked = await server.connect();
  await asked.send(`PUT /yes ${head}`);
  assertEquals(await asked.until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  await asked.send("hi");
  assertStringIncludes(await asked.until("PUT /yes hi"), "HTTP/1.1 200 OK");
  using refused = await server.connect();
  await refused.send(`PUT /no ${head}`);
  assertMatch(await refused.rest(), /^HTTP\/1.1 403 Forbidden\r\n[^]*connection: close\r\n[^]*no$/);
});

Deno.test("serve() lets a client read the response when it is still sending a rejected upload", async () => {
  await using server = serving(() => Promise.resolve(new Response("too large", { status: 413 })));
  using client = await server.connect();
  const size = 32 * 1024 ** 2;
  await client.send(`PUT / HTTP/1.1\r\nhost: x\r\ncontent-length: ${size}\r\n\r\n`);
  // Like python-requests, which sends the whole body before it reads the response.
  await client.send(new Uint8Array(size));
  assertMatch(await client.rest(), /^HTTP\/1.1 413 [^]*connection: close\r\n[^]*too large$/);
});

Deno.test("serve() keeps the connection open when a small body was not read", async () => {
  await using server = serving(() => Promise.resolve(new Response("no", { status: 404 })));
  for (
    const body of [
      "content-length: 4\r\n\r\ndata",
      "transfer-encoding: chunked\r\n\r\n4\r\ndata\r\n0\r\n\r\n",
    ]
  ) {
    using client = await server.connect();
    await client.send(
      `POST / HTTP/1.1\r\nhost: x\r\n${body}GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`,
    );
    assertEquals((await client.rest()).match(/HTTP\/1.1 404/g)?.length, 2);
  }
});

Deno.test("serve() responds with 400 or 431 when a client does not send HTTP or its head is too large", async () => {
  await using server = serving(echo);
  using odd = await server.connect();
  await odd.send("\x16\x03\x01\r\n\r\n");
  assertMatch(await odd.rest(), /^HTTP\/1.1 400 Bad Request\r\n[^]*connection: close\r\n/);
  // A TLS client waits for a response to these bytes, which do not contain the end of a line.
  using tls = await server.connect();
  await tls.send("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03");
  assertMatch(await tls.rest(), /^HTTP\/1.1 400 Bad Request\r\n[^]*without TLS/);
  using endless = await server.connect();
  await endless.send(`GET / HTTP/1.1\r\nhost: x\r\na: ${"b".repeat(70_000)}`);
  assertMatch(await endless.rest(), /^HTTP\/1.1 431 /);
});

Deno.test("serve() errors the request body when the response has been sent", async () => {
  const reading = Promise.withResolvers<string>();
  await using server = serving((request) => {
    reading.resolve(request.text().catch(String));
    return Promise.resolve(new Response("no", { status: 404 }));
  });
  for (const length of [9, 999_999]) {
    using client = await server.connect();
    await client.send(`PUT / HTTP/1.1\r\nhost: x\r\ncontent-length: ${length}\r\n\r\nabc`);
    await client.until("no");
    assertEquals(await reading.promise, "Error: The response has been sent");
  }
});

Deno.test("serve() does not report a request as aborted when its response was sent", async () => {
  await using server = serving(() => Promise.resolve(new Response("no", { status: 413 })));
  using client = await server.connect();
  await client.send("PUT / HTTP/1.1\r\nhost: x\r\ncontent-length: 999999\r\n\r\nabc");
  assertStringIncludes(await client.until("no"), "413");
  assertEquals(await server.stop(30), []);
});

Deno.test("serve() aborts and reports running requests when the drain time is over", async () => {
  const begun = Promise.withResolvers<AbortSignal>();
  await using server = serving(async (request) => {
    begun.resolve(request.signal);
    return new Response(await request.text());
  });
  using client = await server.connect();
  await client.send("PUT /a?b HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n");
  const signal = await begun.promise;
  assertEquals(await server.stop(30), ["PUT /a"]);
  assert(signal.aborted);
  assertEquals(await client.rest(), "");
});

Deno.test("serve() reads a body no faster than its handler when the client sends faster", async () => {
  let sent = 0;
  const [full, go] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  await using server = serving(async (request) => {
    await go.promise;
    let read = 0;
    for await (const chunk of request.body ?? []) read += chunk.byteLength;
    return new Response(`${read}`);
  });
  using client = await server.connect();
  await client.send("PUT / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n");
  const block = new Uint8Array(1024 ** 2);
  const sending = (async () => {
    for (let i = 0; i < 64; i++) {
      await client.send("100000\r\n");
      await client.send(block);
      await client.send("\r\n");
      sent += block.byteLength;
    }
    await client.send("0\r\n\r\n");
  })();
  // The buffers of the kernel are full when nothing was sent between two polls.
  const look = (last: number) => {
    if (sent === last) return full.resolve();
    const now = sent;
    setTimeout(() => look(now), 100);
  };
  look(-1);
  await full.promise;
  assert(sent < 48 * block.byteLength, `${sent} bytes were read`);
  go.resolve();
  await sending;
  assertStringIncludes(await client.until(`${64 * block.byteLength}`), "200 OK");
});
