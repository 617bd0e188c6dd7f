/** The listener with sockets of its tests. */
import { assert, assertEquals } from "@std/assert";
import { CLIENT_LIMITS } from "../../../lib/cli/http_server/client_limits.ts";
import { HttpListener } from "../../../lib/cli/http_server/listener.ts";
import { RawClient } from "./raw_client.ts";

const handler = ({ method }: Request) => Promise.resolve(new Response(method));

Deno.test("HttpListener accepts connections again when the system had no descriptor or the client disconnected", async () => {
  const source = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const errors = ["EMFILE", "ENFILE", "ECONNABORTED"];
  const listener = new HttpListener({
    accept: () => {
      const code = errors.shift();
      return code === undefined
        ? source.accept()
        : Promise.reject(Object.assign(new Error(code), { code }));
    },
    close: () => source.close(),
  }, { handler, limits: CLIENT_LIMITS, maxConnections: 10 });
  const response = await fetch(`http://127.0.0.1:${source.addr.port}/a`);
  assertEquals(await response.text(), "GET");
  assertEquals(errors, []);
  await listener.close();
});

Deno.test("HttpListener accepts the next connection at once, and closes no other, when many clients have disconnected", async () => {
  const source = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const codes = ["ENOTCONN", "ECONNABORTED", "ECONNRESET", "EPROTO"];
  let accepted = 0;
  const listener = new HttpListener({
    // The second client connects after 400 others have left.
    accept: () => {
      const code = codes[accepted % codes.length] ?? "";
      const hasLeft = accepted++ > 0 && accepted <= 401;
      return hasLeft ? Promise.reject(Object.assign(new Error(code), { code })) : source.accept();
    },
    close: () => source.close(),
  }, { handler, limits: { ...CLIENT_LIMITS, reclaim: 0 }, maxConnections: 10 });
  const { port } = source.addr;
  using first = new RawClient(await Deno.connect({ port }));
  using second = new RawClient(await Deno.connect({ port }));
  const start = performance.now();
  for (const client of [first, second]) {
    await client.send("GET /a HTTP/1.1\r\nhost: x\r\n\r\n");
    await client.until("GET");
  }
  assert(performance.now() - start < 10_000);
  await listener.close();
});

/** A client that sends a request, and reads `bytes` of the response every 5 ms. */
function readerOf(bytes: number) {
  const closed = Promise.withResolvers<null>();
  const request = [new TextEncoder().encode("GET /a HTTP/1.1\r\nhost: x\r\n\r\n")];
  const socket = {
    isClosed: false,
    written: 0,
    setNoDelay: () => {},
    read(view: Uint8Array): Promise<number | null> {
      const [next] = request.splice(0);
      view.set(next ?? []);
      return next === undefined ? closed.promise : Promise.resolve(next.byteLength);
    },
    async write({ byteLength }: Uint8Array): Promise<number> {
      await new Promise((resolve) => setTimeout(resolve, 5));
      if (socket.isClosed) throw new Error("The socket is closed");
      const count = Math.min(bytes, byteLength);
      socket.written += count;
      return count;
    },
    closeWrite: () => Promise.resolve(),
    close() {
      socket.isClosed = true;
      closed.resolve(null);
    },
  };
  return socket;
}

Deno.test("HttpListener lets other work run when many clients take large responses as fast as they are written", async () => {
  const closing = Promise.withResolvers<never>();
  const sockets = Array.from({ length: 20 }, () => {
    const socket = readerOf(0);
    // The runtime writes at once while the buffer of a socket has room.
    const write = ({ byteLength }: Uint8Array) => {
      socket.written += byteLength;
      return Promise.resolve(byteLength);
    };
    return Object.assign(socket, { write });
  });
  const accepted = [...sockets];
  const size = 8 * 1024 ** 2;
  const chunk = new Uint8Array(size / 64);
  const listener = new HttpListener({
    accept: () => {
      const socket = accepted.shift();
      return socket === undefined ? closing.promise : Promise.resolve(socket);
    },
    close: () => closing.reject(new Error("closed")),
  }, {
    handler: () => {
      let chunks = 0;
      const pull = (controller: ReadableStreamDefaultController) => {
        controller.enqueue(chunk);
        if (++chunks === 64) controller.close();
      };
      const headers = { "content-length": String(size) };
      return Promise.resolve(new Response(new ReadableStream({ pull }), { headers }));
    },
    limits: CLIENT_LIMITS,
    maxConnections: 30,
  });
  const total = () => sockets.reduce((sum, { written }) => sum + written, 0);
  // The bytes take 20 turns of the listener; without them, they are written in one or two. A slow machine lets the
  // listener have several turns between two timers of other work.
  let turns = 0;
  while (total() < 20 * size) {
    await new Promise((resolve) => setTimeout(resolve, 0));
    turns++;
  }
  assert(turns >= 5, `other work ran ${turns} times`);
  await listener.close();
});

Deno.test("HttpListener closes the slowest reader only when all connections are in use", async () => {
  const [slow, fast, last] = [readerOf(1), readerOf(50_000), readerOf(50_000)];
  const arrival = Promise.withResolvers<typeof last>();
  const closing = Promise.withResolvers<never>();
  const accepted = [Promise.resolve(slow), Promise.resolve(fast), arrival.promise];
  const listener = new HttpListener({
    accept: () => accepted.shift() ?? closing.promise,
    close: () => closing.reject(new Error("closed")),
  }, {
    handler: () => Promise.resolve(new Response(new Uint8Array(100_000_000))),
    limits: { ...CLIENT_LIMITS, stall: 50, rate: 100_000 },
    maxConnections: 3,
  });
  const tick = () => new Promise((resolve) => setTimeout(resolve, 5));
  while (slow.written < 30) await tick();
  assertEquals([slow.isClosed, fast.isClosed], [false, false]);
  arrival.resolve(last);
  while (!slow.isClosed) await tick();
  assertEquals([fast.isClosed, last.isClosed], [false, false]);
  await listener.close();
  // A write of each reader is pending.
  await tick();
  assert(fast.written > slow.written);
});
