/**
 * A store that discards uploads, fast enough for any proxy in front of it: `sink_server.ts PORT`,
 * or limited to RATE bytes per second, `sink_server.ts PORT RATE`.
 */
const [port, rate = "Infinity"] = Deno.args;

const LATIN1 = new TextDecoder("latin1");
const ENCODER = new TextEncoder();

/** The end of a chunked body. */
const LAST_CHUNK = "\r\n0\r\n\r\n";

/** Milliseconds of taking that may be caught up with after a pause: what timers are late by. */
const SLACK = 20;

let free = 0;

/** Waits until as many bytes may have been taken. */
async function pace(bytes: number): Promise<void> {
  const now = performance.now();
  free = Math.max(free, now - SLACK) + bytes / (Number(rate) / 1000);
  if (free > now) await new Promise((resolve) => setTimeout(resolve, free - now));
}

/** Answers the requests of a connection; their bodies are only looked at for their end. */
async function serve(conn: Deno.Conn): Promise<void> {
  using _conn = conn;
  const memory = new Uint8Array(1024 ** 2);
  for (;;) {
    let head = "";
    while (!head.includes("\r\n\r\n")) {
      const count = await conn.read(memory);
      if (count === null) return;
      head += LATIN1.decode(memory.subarray(0, count));
    }
    const start = head.indexOf("\r\n\r\n") + 4;
    const begun = head.slice(start);
    head = head.slice(0, start).toLowerCase();
    const length = Number(/content-length: (\d+)/.exec(head)?.[1] ?? 0);
    const isChunked = head.includes("transfer-encoding: chunked");
    let left = length - begun.length;
    let tail = `\r\n${begun}`.slice(-LAST_CHUNK.length);
    while (isChunked ? tail !== LAST_CHUNK : left > 0) {
      const count = await conn.read(memory);
      if (count === null) return;
      left -= count;
      const end = memory.subarray(Math.max(0, count - LAST_CHUNK.length), count);
      tail = (tail + LATIN1.decode(end)).slice(-LAST_CHUNK.length);
      await pace(count);
    }
    await conn.write(ENCODER.encode("HTTP/1.1 204 No Content\r\n\r\n"));
  }
}

for await (const conn of Deno.listen({ hostname: "127.0.0.1", port: Number(port) })) {
  serve(conn).catch(() => {});
}
