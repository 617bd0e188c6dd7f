/**
 * Servers of one image that each send a limited number of bytes per second over all connections: nginx
 * limits each request for itself, and does not limit its first second.
 * `slow_server.ts PATH RECORD RATE PORT...`
 */
const [path = "", record = "", rate = "", ...ports] = Deno.args;

const CHUNK = 64 * 1024;

/** Milliseconds of sending that may be caught up with after a pause: what timers are late by. */
const SLACK = 20;

/** Schedules the next bytes. */
class Pace {
  readonly #bytesPerMs: number;
  #free = 0;

  constructor(bytesPerMs: number) {
    this.#bytesPerMs = bytesPerMs;
  }

  async take(bytes: number): Promise<void> {
    const now = performance.now();
    this.#free = Math.max(this.#free, now - SLACK) + bytes / this.#bytesPerMs;
    const wait = this.#free - now;
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
  }
}

function respond(request: Request, pace: Pace): Response {
  if (!request.url.endsWith("/file")) {
    return new Response(record, { headers: { "content-type": "application/json" } });
  }
  const { size } = Deno.statSync(path);
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.get("range") ?? "") ?? [];
  const start = Number(first ?? 0);
  const stop = Math.min(last ? Number(last) + 1 : size, size);
  const headers = {
    "content-length": `${stop - start}`,
    "accept-ranges": "bytes",
    ...first !== undefined && { "content-range": `bytes ${start}-${stop - 1}/${size}` },
  };
  const body = request.method === "HEAD" ? null : bytesOf(start, stop, pace);
  return new Response(body, { status: first === undefined ? 200 : 206, headers });
}

function bytesOf(start: number, stop: number, pace: Pace): ReadableStream<Uint8Array> {
  const file = Deno.openSync(path);
  file.seekSync(start, Deno.SeekMode.Start);
  let left = stop - start;
  return new ReadableStream({
    async pull(controller) {
      const chunk = new Uint8Array(Math.min(CHUNK, left));
      await pace.take(chunk.byteLength);
      const count = file.readSync(chunk) ?? 0;
      left -= count;
      controller.enqueue(chunk.subarray(0, count));
      if (left > 0) return;
      file.close();
      controller.close();
    },
    cancel: () => file.close(),
  }, { highWaterMark: 0 });
}

for (const port of ports) {
  const pace = new Pace(Number(rate) / 1000);
  const options = { hostname: "127.0.0.1", port: Number(port), onListen: () => {} };
  Deno.serve(options, (request) => respond(request, pace));
}
