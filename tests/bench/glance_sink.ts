/**
 * A Glance that discards the data of its only image: `glance_sink.ts PORT`. It reads its connections itself: what a body
 * costs Deno's server depends on how it arrives, several times as much from a fast sender as from a slow one.
 */
const ID = "7d0c1f5e-0c3a-4a0f-9d55-4b1f8a6b2c11";

const LATIN1 = new TextDecoder("latin1");
const ENCODER = new TextEncoder();

const LINE_FEED = 10;

let size = 0;
let status = "queued";

/** What arrives on a connection: lines, and bytes that are skipped. */
class Input {
  readonly #conn: Deno.Conn;
  readonly #memory = new Uint8Array(1024 ** 2);
  #start = 0;
  #end = 0;

  constructor(conn: Deno.Conn) {
    this.#conn = conn;
  }

  /** The next line; null if the connection was closed. */
  async line(): Promise<string | null> {
    for (let line = ""; await this.#fill();) {
      const bytes = this.#memory.subarray(this.#start, this.#end);
      const length = bytes.indexOf(LINE_FEED) + 1 || bytes.byteLength;
      this.#start += length;
      line += LATIN1.decode(bytes.subarray(0, length));
      if (line.endsWith("\n")) return line.trimEnd();
    }
    return null;
  }

  async skip(count: number): Promise<void> {
    for (let left = count; left > 0;) {
      if (!await this.#fill()) throw new Error("The connection was closed");
      const length = Math.min(left, this.#end - this.#start);
      this.#start += length;
      left -= length;
    }
  }

  /** Reads if all bytes are used; false at the end. */
  async #fill(): Promise<boolean> {
    if (this.#start < this.#end) return true;
    this.#start = 0;
    this.#end = await this.#conn.read(this.#memory) ?? 0;
    return this.#end > 0;
  }
}

/** The headers of a request, in lower case, with a line feed after each. */
async function headersOf(input: Input): Promise<string> {
  for (let headers = "";;) {
    const line = await input.line();
    if (!line) return headers;
    headers += `${line.toLowerCase()}\n`;
  }
}

/** Skips the body of a request, and returns its size. */
async function skipBody(input: Input, headers: string): Promise<number> {
  const length = Number(/^content-length: (\d+)$/m.exec(headers)?.[1] ?? 0);
  await input.skip(length);
  if (!/^transfer-encoding: chunked$/m.test(headers)) return length;
  for (let count = 0;;) {
    const chunk = parseInt(await input.line() ?? "", 16);
    if (Number.isNaN(chunk)) throw new Error("The body is not chunked");
    await input.skip(chunk);
    await input.line();
    if (chunk === 0) return count;
    count += chunk;
  }
}

function answer(method: string | undefined): string {
  if (method === "PUT") return "HTTP/1.1 204 No Content\r\n\r\n";
  const record = JSON.stringify({
    id: ID,
    status,
    size,
    os_hash_algo: null,
    os_hash_value: null,
    checksum: null,
    visibility: "shared",
    tags: [],
    properties: {},
  });
  const code = method === "POST" ? "201 Created" : "200 OK";
  return `HTTP/1.1 ${code}\r\ncontent-type: application/json\r\ncontent-length: ${record.length}\r\n\r\n${record}`;
}

async function serve(conn: Deno.Conn): Promise<void> {
  using _conn = conn;
  const input = new Input(conn);
  for (let line = await input.line(); line !== null; line = await input.line()) {
    const [method] = line.split(" ");
    const count = await skipBody(input, await headersOf(input));
    if (method === "PUT") [size, status] = [count, "active"];
    if (method === "POST") [size, status] = [0, "queued"];
    await conn.write(ENCODER.encode(answer(method)));
  }
}

for await (const conn of Deno.listen({ hostname: "127.0.0.1", port: Number(Deno.args[0]) })) {
  serve(conn).catch(() => {});
}
