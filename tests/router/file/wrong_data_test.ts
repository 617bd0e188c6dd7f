/**
 * Responses to `/file` that do not have the requested bytes, on sockets: the client of the gateway gets an error
 * or a connection that is reset, never a complete response, and the log reports the failure.
 */
import { assert, assertEquals } from "@std/assert";
import { gzipSync } from "node:zlib";
import {
  createImageRouter,
  type ImageRouterOptions,
  type RequestLog,
} from "../../../lib/router/mod.ts";
import { type RawConnection, type RawRequest, RawServer } from "../../sockets/raw_server.ts";
import { BYTES, digest, ID, recordOf } from "../../support/image.ts";

const SIZE = BYTES.byteLength;
const MD5 = digest("md5", BYTES);

/** The `Range` of a request. */
const RANGES = { "the whole image": null, "a range": "bytes=1000-4999" } as const;

/** The requested bytes, and their `Content-Range`. */
interface Requested {
  readonly start: number;
  readonly end: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly isPart: boolean;
}

type DataResponse = (connection: RawConnection, requested: Requested) => Promise<boolean>;

/** A response with a length and a body that may not fit to each other. */
function respondWith(
  status: string,
  fields: readonly string[],
  body: Uint8Array,
  length: number | null = body.byteLength,
): DataResponse {
  return async (connection) => {
    const size = length === null ? [] : [`content-length: ${length}`];
    await connection.start(status, "connection: close", ...size, ...fields);
    await connection.write(body);
    return await connection.end();
  };
}

/** The head of a correct response. */
function correctHead(
  { start, end, isPart }: Requested,
  md5 = MD5,
): [status: string, fields: string[]] {
  const range = isPart ? [`content-range: bytes ${start}-${end}/${SIZE}`] : [];
  return [isPart ? "206 Partial Content" : "200 OK", [`content-md5: ${md5}`, ...range]];
}

/** A response with a correct head and a wrong body. */
function withBody(
  bodyOf: (bytes: Uint8Array) => Uint8Array,
  lengthOf: (correct: number, sent: number) => number | null,
): DataResponse {
  return async (connection, requested) => {
    const body = bodyOf(requested.bytes);
    const [status, fields] = correctHead(requested);
    const length = lengthOf(requested.bytes.byteLength, body.byteLength);
    return await respondWith(status, fields, body, length)(connection, requested);
  };
}

/** A chunked response; `isEnded`: whether its last chunk is sent. */
function chunked(bodyOf: (bytes: Uint8Array) => Uint8Array, isEnded: boolean): DataResponse {
  return async (connection, requested) => {
    const [status, fields] = correctHead(requested);
    await connection.start(status, "connection: close", "transfer-encoding: chunked", ...fields);
    const body = bodyOf(requested.bytes);
    if (body.byteLength > 0) {
      await connection.text(`${body.byteLength.toString(16)}\r\n`);
      await connection.write(body);
      await connection.text("\r\n");
    }
    if (!isEnded) return await connection.reset();
    await connection.text("0\r\n\r\n");
    return await connection.end();
  };
}

/** A response with the right bytes, of another status. */
function withStatus(status: string, ...fields: readonly string[]): DataResponse {
  return (connection, requested) =>
    respondWith(status, fields, requested.bytes)(connection, requested);
}

const short = (bytes: Uint8Array) => bytes.subarray(0, bytes.byteLength - 7);
const long = (bytes: Uint8Array) => new Uint8Array([...bytes, 1, 2, 3]);
const none = () => new Uint8Array();

/** Faults in a response with the whole image, and in one with a range. */
const FAULTS: Readonly<Record<string, DataResponse>> = {
  "announces fewer bytes and sends them": withBody(short, (_, sent) => sent),
  "announces more bytes and sends them": withBody(long, (_, sent) => sent),
  "ends before its announced length": withBody(short, (correct) => correct),
  "ends before its first byte": withBody(none, (correct) => correct),
  "is empty": withBody(none, () => 0),
  "ends with the connection, too early": withBody(short, () => null),
  "continues after the last byte until the connection closes": withBody(long, () => null),
  "is chunked and too short": chunked(short, true),
  "is chunked and too long": chunked(long, true),
  "is chunked and empty": chunked(none, true),
  "is chunked and breaks": chunked(short, false),
  "is encoded, with the length of the image": async (connection, requested) => {
    const [status, fields] = correctHead(requested);
    const respond = respondWith(status, [...fields, "content-encoding: gzip"], requested.bytes);
    return await respond(connection, requested);
  },
  "is another image, encoded": async (connection, requested) => {
    const [status, fields] = correctHead(requested);
    const body = gzipSync(long(requested.bytes));
    return await respondWith(status, [...fields, "content-encoding: gzip"], body)(
      connection,
      requested,
    );
  },
  "has an unknown encoding": async (connection, requested) => {
    const [status, fields] = correctHead(requested);
    const respond = respondWith(status, [...fields, "content-encoding: secret"], requested.bytes);
    return await respond(connection, requested);
  },
  "is another image": async (connection, requested) => {
    const [status, fields] = correctHead(requested, digest("md5", new Uint8Array(SIZE)));
    return await respondWith(status, fields, requested.bytes)(connection, requested);
  },
  "has the status 201": withStatus("201 Created"),
  "has the status 202": withStatus("202 Accepted"),
  "has the status 203": withStatus("203 Non-Authoritative Information"),
  "has the status 204": respondWith("204 No Content", [], none(), null),
  "has the status 205": respondWith("205 Reset Content", [], none()),
  "has the status 226": withStatus("226 IM Used"),
  "has the status 300": withStatus("300 Multiple Choices"),
  "has the status 304": respondWith("304 Not Modified", [], none(), null),
  "redirects elsewhere": respondWith("302 Found", ["location: http://evil.invalid/"], none()),
  "redirects nowhere": respondWith("302 Found", [], none()),
  "is a page": respondWith(
    "200 OK",
    ["content-type: text/html"],
    new TextEncoder().encode("<p>Hello</p>"),
  ),
  "is a part without Content-Range": withStatus("206 Partial Content"),
  "is a part that starts at another byte": (connection, requested) =>
    respondWith(
      "206 Partial Content",
      [`content-range: bytes ${requested.start + 5}-${requested.end}/${SIZE}`],
      requested.bytes.subarray(5),
    )(connection, requested),
  "is a part of another image": (connection, requested) =>
    respondWith(
      "206 Partial Content",
      [`content-range: bytes ${requested.start}-${requested.end}/${SIZE + 1}`],
      requested.bytes,
    )(connection, requested),
  "has a Content-Range that is longer than its body": (connection, requested) =>
    respondWith(
      "206 Partial Content",
      [`content-range: bytes ${requested.start}-${requested.end}/${SIZE}`],
      short(requested.bytes),
    )(connection, requested),
  "has several parts": respondWith(
    "206 Partial Content",
    ["content-type: multipart/byteranges; boundary=x"],
    new TextEncoder().encode("--x\r\n\r\nab\r\n--x--\r\n"),
  ),
};

for (const [what, respond] of Object.entries(FAULTS)) {
  Deno.test(`GET /file responds with an error or resets the connection when a response ${what}`, async (t) => {
    for (const [which, range] of Object.entries(RANGES)) {
      for (const resume of [true, false]) {
        await t.step(`${which}, resume: ${resume}`, async () => {
          const { reply, logged } = await send(respond, range, { resume });
          const isCompleted = assertNotMistaken(reply, range);
          const isSuccess = reply.status === 200 || reply.status === 206;
          const outcome = isCompleted ? "complete" : isSuccess ? "aborted" : "failed";
          assertEquals(logged.map((entry) => [entry.outcome, entry.status]), [[
            outcome,
            reply.status,
          ]]);
          assertEquals(logged[0]?.error === null, isCompleted, "the log says what went wrong");
        });
      }
      await t.step(`${which}, without a log`, async () => {
        assertNotMistaken((await send(respond, range, { resume: false }, false)).reply, range);
      });
    }
  });
}

Deno.test("GET /file resets a body with wrong bytes when verify is set, with resume on and off", async () => {
  const wrong = withBody((bytes) => bytes.map((byte) => byte ^ 1), (correct) => correct);
  for (const resume of [true, false]) {
    const { reply, logged } = await send(wrong, null, { resume, verify: "auto" });
    assertNotMistaken(reply, null);
    assertEquals(logged.map(({ outcome }) => outcome), ["aborted"]);
  }
});

Deno.test("GET /file delivers a correct response completely, and logs it as complete", async () => {
  for (const range of Object.values(RANGES)) {
    for (const resume of [true, false]) {
      const correct = withBody((bytes) => bytes, (length) => length);
      const { reply, logged } = await send(correct, range, { resume });
      const { bytes } = requestedBy(range);
      assertEquals([reply.status, reply.length, reply.body], [
        range ? 206 : 200,
        bytes.length,
        bytes,
      ]);
      assertEquals(logged.map(({ outcome, bytesOut, error }) => [outcome, bytesOut, error]), [
        ["complete", bytes.length, null],
      ]);
    }
  }
});

/** The bytes that a client has received until the end of the connection. */
interface RawResponse {
  readonly status: number;
  /** The announced length. */
  readonly length: number | null;
  readonly body: Uint8Array;
}

/**
 * Asserts that the response is an error, or a success that breaks before its announced end. Only a range may be
 * complete: the gateway then reads it from the whole image. Returns whether it was complete.
 */
function assertNotMistaken({ status, length, body }: RawResponse, range: string | null): boolean {
  if (status >= 400) {
    assertEquals(status, 502);
    return false;
  }
  assert([200, 206].includes(status), `status ${status}`);
  const announced = length ?? 0;
  assert(announced > 0, "the length is announced");
  if (body.byteLength < announced) return false;
  assert(range !== null, `all of ${announced} bytes came`);
  assertEquals(body, requestedBy(range).bytes);
  return true;
}

function requestedBy(range: string | null): Requested {
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(range ?? "") ?? [];
  const start = Number(first ?? 0);
  const end = last ? Number(last) : SIZE - 1;
  return { start, end, bytes: BYTES.slice(start, end + 1), isPart: first !== undefined };
}

/** Sends a request to a gateway in front of a server whose data is wrong, on a socket. */
async function send(
  respond: DataResponse,
  range: string | null,
  options: Partial<ImageRouterOptions>,
  isLogged = true,
): Promise<{ reply: RawResponse; logged: RequestLog[] }> {
  await using glance = new RawServer((connection, request) => serve(connection, request, respond));
  const logged: RequestLog[] = [];
  const over = Promise.withResolvers<void>();
  let now = 0;
  using client = Deno.createHttpClient({});
  const router = createImageRouter({
    apiServers: [glance.url],
    numRetries: 1,
    random: () => 0.5,
    now: () => now,
    // A wait between attempts ends at once, and a time limit is never reached.
    sleep: (ms) => Promise.resolve(void (now += ms)),
    timer: () => () => {},
    fetch: (input, init) => fetch(input, { ...init, client }),
    ...isLogged && { log: (entry) => over.resolve(void logged.push(entry)) },
    ...options,
  });
  const onError = () => new Response(null, { status: 500 });
  const gateway = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {}, onError },
    router.fetch,
  );
  try {
    const reply = await readRawResponse(gateway.addr.port, range);
    if (isLogged) await over.promise;
    return { reply, logged };
  } finally {
    await gateway.shutdown();
  }
}

async function serve(
  connection: RawConnection,
  { path, headers }: RawRequest,
  respond: DataResponse,
): Promise<boolean> {
  if (!path.endsWith("/file")) return await connection.json("200 OK", recordOf(BYTES));
  return await respond(connection, requestedBy(headers.get("range")));
}

/** Sends a request by hand, and reads until the connection is over. */
async function readRawResponse(port: number, range: string | null): Promise<RawResponse> {
  using client = await Deno.connect({ hostname: "127.0.0.1", port });
  const fields = [
    `host: 127.0.0.1:${port}`,
    "connection: close",
    ...range ? [`range: ${range}`] : [],
  ];
  const head = [`GET /v2/images/${ID}/file HTTP/1.1`, ...fields, "", ""].join("\r\n");
  await client.write(new TextEncoder().encode(head));
  const chunks: Uint8Array[] = [];
  for (const memory = new Uint8Array(65_536);;) {
    const count = await client.read(memory).catch(() => null);
    if (count === null) break;
    chunks.push(memory.slice(0, count));
  }
  const all = new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer());
  const text = new TextDecoder("latin1").decode(all);
  const end = text.indexOf("\r\n\r\n");
  const length = /^content-length: (\d+)\r?$/im.exec(text.slice(0, end))?.[1];
  return {
    status: Number(text.split(" ", 2)[1]),
    length: length === undefined ? null : Number(length),
    body: all.subarray(end + 4),
  };
}
