/** Clients of the HTTP server that are slow, silent, disconnected, or too many. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { Handler } from "../../../lib/cli/server/serve.ts";
import { echo, serving } from "./raw_client.ts";

Deno.test("serve() closes a connection when its client sends nothing in time", async () => {
  await using impatient = serving(echo, { idle: 20 });
  using silent = await impatient.connect();
  assertEquals(await silent.rest(), "");
  await using server = serving(echo, { head: 40 });
  using half = await server.connect();
  await half.send("GET / HTTP/1.1\r\nhost:");
  assertMatch(await half.rest(), /^HTTP\/1.1 408 Request Timeout\r\n/);
  await using receiver = serving(echo, { upload: 40 });
  for (const framing of ["content-length: 9", "transfer-encoding: chunked"]) {
    using stalled = await receiver.connect();
    await stalled.send(`PUT / HTTP/1.1\r\nhost: x\r\n${framing}\r\n\r\n`);
    assertMatch(await stalled.rest(), /^HTTP\/1.1 408 Request Timeout\r\n/);
  }
});

Deno.test("serve() responds with 408 when a client sends a byte of a body from time to time", async () => {
  await using server = serving(echo, { upload: 100 });
  using client = await server.connect();
  await client.send("PUT / HTTP/1.1\r\nhost: x\r\ncontent-length: 999999\r\n\r\n");
  const drip = setInterval(() => void client.send("a").catch(() => {}), 20);
  assertMatch(await client.rest(), /^HTTP\/1.1 408 Request Timeout\r\n/);
  clearInterval(drip);
});

Deno.test("serve() closes a connection when its client sends only empty lines", async () => {
  await using server = serving(echo, { idle: 100 });
  using client = await server.connect();
  const drip = setInterval(() => void client.send("\r\n").catch(() => {}), 20);
  assertEquals(await client.rest(), "");
  clearInterval(drip);
});

Deno.test("serve() closes a connection when its client reads nothing in time", async () => {
  const canceled = Promise.withResolvers<void>();
  await using server = serving(() => {
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(1024 ** 2)),
      cancel: () => canceled.resolve(),
    }, { highWaterMark: 0 });
    return Promise.resolve(new Response(body));
  }, { download: 50 });
  using client = await server.connect();
  await client.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
  await canceled.promise;
});

Deno.test("serve() cancels the body when its client disconnects before the first chunk", async () => {
  const [asked, canceled] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  await using server = serving(() => {
    const body = new ReadableStream<Uint8Array>({
      pull: () => {
        asked.resolve();
        return new Promise(() => {});
      },
      cancel: () => canceled.resolve(),
    }, { highWaterMark: 0 });
    return Promise.resolve(new Response(body));
  }, { halfClosed: 20 });
  using client = await server.connect();
  await client.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
  await asked.promise;
  client.close();
  await canceled.promise;
});

Deno.test("serve() aborts the request when its client disconnects within the body", async () => {
  for (const framing of ["content-length: 9", "transfer-encoding: chunked"]) {
    const aborted = Promise.withResolvers<unknown>();
    await using server = serving(async (request) => {
      await request.text().catch(() => {});
      aborted.resolve(request.signal.aborted && request.signal.reason);
      return new Response();
    });
    using client = await server.connect();
    await client.send(`PUT / HTTP/1.1\r\nhost: x\r\n${framing}\r\n\r\n1`);
    client.close();
    assertStringIncludes(String(await aborted.promise), "The client has closed the connection");
  }
});

Deno.test("serve() responds to a client that closes its sending side after its requests", async (t) => {
  const requests = {
    "a GET": "GET /a HTTP/1.1\r\nhost: x\r\n\r\n",
    "an upload": "PUT /a HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nhi",
    "two requests": "GET /b HTTP/1.1\r\nhost: x\r\n\r\nGET /a HTTP/1.1\r\nhost: x\r\n\r\n",
  };
  for (const [what, text] of Object.entries(requests)) {
    await t.step(what, async () => {
      const read = Promise.withResolvers<void>();
      await using server = serving(async (request) => {
        const response = await echo(request);
        if (request.url.endsWith("/a")) await read.promise;
        assert(!request.signal.aborted);
        return response;
      });
      using client = await server.connect();
      await client.send(text);
      await client.closeWrite();
      // The server reads the end of the connection meanwhile.
      await server.send("GET /b");
      read.resolve();
      assertMatch(await client.rest(), /^HTTP\/1\.1 200 .* \/a (hi)?$/s);
    });
  }
});

Deno.test("serve() sends all of a slow response to a client that has closed its sending side", async () => {
  let count = 0;
  await using server = serving(() => {
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        await new Promise((resolve) => setTimeout(resolve, 300));
        controller.enqueue(new TextEncoder().encode(`${++count}`));
        if (count === 5) controller.close();
      },
    }, { highWaterMark: 0 });
    return Promise.resolve(new Response(body, { headers: { "content-length": "5" } }));
  }, { halfClosed: 1_000 });
  using client = await server.connect();
  await client.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
  await client.closeWrite();
  assertMatch(await client.rest(), /12345$/);
});

Deno.test("serve() closes the connection idle longest when another client needs one", async () => {
  await using server = serving(echo, { connections: 3, reclaim: 0 });
  const clients = [];
  for (let i = 0; i < 10; i++) {
    const client = await server.connect();
    clients.push(client);
    await client.send(`GET /${i} HTTP/1.1\r\nhost: x\r\n\r\n`);
    assertStringIncludes(await client.until(`GET /${i} `), "200");
  }
  const ends = clients.slice(0, 7).map((client) => client.rest());
  assertEquals(await Promise.all(ends), Array.from({ length: 7 }, () => ""));
  for (const client of clients) client.close();
});

Deno.test("serve() closes the connection of a stalled client when another client needs one", async (t) => {
  const phases = {
    "reads nothing of a response": "GET /endless HTTP/1.1\r\nhost: x\r\n\r\n",
    "sends nothing of a body": "PUT / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n",
    "sends nothing more of a refused body":
      "PUT /refused HTTP/1.1\r\nhost: x\r\ncontent-length: 999999\r\n\r\n",
    "sends half of a head": "GET / HTTP/1.1\r\n",
  };
  for (const [phase, request] of Object.entries(phases)) {
    await t.step(phase, async () => {
      const handler: Handler = (request) => {
        const { pathname } = new URL(request.url);
        if (pathname === "/refused") return Promise.resolve(new Response("no", { status: 413 }));
        if (pathname !== "/endless") return echo(request);
        const pull = (controller: ReadableStreamDefaultController<Uint8Array>) =>
          controller.enqueue(new Uint8Array(1024 ** 2));
        return Promise.resolve(new Response(new ReadableStream({ pull }, { highWaterMark: 0 })));
      };
      await using server = serving(handler, { connections: 2, reclaim: 50, stall: 50 });
      const clients = [await server.connect(), await server.connect(), await server.connect()];
      for (const client of clients) await client.send(request);
      assertStringIncludes(await server.send("GET /late"), "GET /late ");
      for (const client of clients) client.close();
    });
  }
});

Deno.test("serve() serves clients one after the other when there are more than connections", async () => {
  await using server = serving(echo, { connections: 2 });
  const responses = await Promise.all(
    Array.from({ length: 20 }, (_, i) => server.send(`GET /${i}`)),
  );
  assertEquals(
    responses.map((text) => /GET \/(\d+) $/.exec(text)?.[1]),
    [...responses.keys()].map(String),
  );
});
