import { assert, assertEquals } from "@std/assert";
import { curl, testWithCurl, Wire } from "./wire.ts";
import { until } from "../support/time_limit.ts";

const MIB = 1024 * 1024;
const SIZE = 8 * MIB;

Deno.test("HEAD leaves no socket to a server open after 1,000 requests", async () => {
  await using wire = new Wire();
  const { id } = await wire.image(SIZE);
  const url = `${wire.url}/v2/images/${id}/file`;
  for (let round = 0; round < 100; round++) {
    const responses = await Promise.all(
      Array.from({ length: 10 }, () => fetch(url, { method: "HEAD" })),
    );
    for (const { status, headers } of responses) {
      assertEquals([status, headers.get("content-length")], [200, String(SIZE)]);
    }
  }
  const open = wire.fronts.map((front) => front.open);
  assert(Math.max(...open) <= 10, `${open} sockets are open`);
  wire.closeIdle();
  for (const front of wire.fronts) await front.until(() => front.open === 0);
});

Deno.test("GET /file closes the connection to the server when its client disconnects, with and without resume", async () => {
  for (const resume of [true, false]) {
    await using wire = new Wire({ resume });
    const { id } = await wire.image(SIZE);
    const { hostname, port } = new URL(wire.url);
    const caller = await Deno.connect({ hostname, port: Number(port) });
    await caller.write(
      new TextEncoder().encode(`GET /v2/images/${id}/file HTTP/1.1\r\nhost: gateway\r\n\r\n`),
    );
    await caller.read(new Uint8Array(1000));
    const busy = wire.fronts.find((front) => front.sent > 1000) ?? wire.fronts[0];
    caller.close();
    wire.closeIdle();
    await busy.until(() => busy.open === 0);
  }
});

testWithCurl(
  "GET /file sends curl every byte when a server breaks and another continues",
  async () => {
    await using wire = new Wire();
    const { id, bytes } = await wire.image(SIZE);
    for (const front of wire.fronts) front.cutAfter = 3 * MIB;
    const url = `${wire.url}/v2/images/${id}/file`;
    for (const range of [[], ["-r", "100-"]]) {
      const { code, stdout, text } = await curl(...range, url);
      assertEquals([code, text], [0, ""]);
      assertEquals(stdout, range.length === 0 ? bytes : bytes.subarray(100));
    }
    assert(wire.fronts.every(({ sent }) => sent > MIB));
  },
);

testWithCurl("GET /file lets curl resume a broken download", async () => {
  await using wire = new Wire({ numRetries: 0 });
  const { id, bytes } = await wire.image(SIZE);
  const url = `${wire.url}/v2/images/${id}/file`;
  const file = await Deno.makeTempFile();
  try {
    for (const front of wire.fronts) [front.cutAfter, front.diesOfCut] = [3 * MIB, true];
    const broken = await curl("-o", file, url);
    assertEquals(broken.code, 18, "curl sees that bytes are missing");
    const { size } = await Deno.stat(file);
    assert(size > MIB && size < SIZE);
    for (const front of wire.fronts) front.revive();
    const resumed = await curl("-C", "-", "-o", file, url);
    assertEquals([resumed.code, await Deno.readFile(file)], [0, bytes]);
  } finally {
    await Deno.remove(file);
  }
});

testWithCurl("GET /file serves the ranges of curl", async () => {
  await using wire = new Wire();
  const { id, bytes } = await wire.image(SIZE);
  const url = `${wire.url}/v2/images/${id}/file`;
  const cases: readonly [string, Uint8Array][] = [
    ["0-0", bytes.subarray(0, 1)],
    ["1000000-1999999", bytes.subarray(1_000_000, 2_000_000)],
    ["-5", bytes.subarray(SIZE - 5)],
    [`${SIZE - 1}-`, bytes.subarray(SIZE - 1)],
  ];
  for (const [range, expected] of cases) {
    const { code, stdout } = await curl("-f", "-r", range, url);
    assertEquals([code, stdout], [0, expected], range);
  }
  const { code, text } = await curl("-f", "-r", `${SIZE}-`, url);
  assertEquals([code, text.includes("416")], [22, true]);
});

testWithCurl("GET /file makes curl fail when no server can finish the download", async () => {
  for (const resume of [true, false]) {
    await using wire = new Wire({ resume, numRetries: 1 });
    const { id } = await wire.image(SIZE);
    for (const front of wire.fronts) [front.cutAfter, front.diesOfCut] = [MIB, true];
    const { code, stdout } = await curl(`${wire.url}/v2/images/${id}/file`);
    assertEquals(code, 18, `resume: ${resume}`);
    assert(stdout.byteLength < SIZE);
  }
});

testWithCurl("PUT /file accepts uploads of curl with and without a length", async () => {
  await using wire = new Wire();
  const { bytes } = await wire.image(SIZE);
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeFile(file, bytes);
    for (const chunked of [[], ["-H", "transfer-encoding: chunked"]]) {
      const id = await wire.queued();
      const url = `${wire.url}/v2/images/${id}/file`;
      const octets = ["-H", "content-type: application/octet-stream", ...chunked];
      const sent = await curl("-f", "-T", file, ...octets, url);
      assertEquals([sent.code, sent.text], [0, ""]);
      assertEquals((await curl(url)).stdout, bytes);
    }
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("PUT /file leaves no short image when its client disconnects, with either framing", async () => {
  for (const framing of [`content-length: ${SIZE}`, "transfer-encoding: chunked"]) {
    await using wire = new Wire();
    const id = await wire.queued();
    const { hostname, port } = new URL(wire.url);
    const sender = await Deno.connect({ hostname, port: Number(port) });
    const head = `PUT /v2/images/${id}/file HTTP/1.1\r\nhost: gateway\r\n${framing}\r\n` +
      "content-type: application/octet-stream\r\n\r\n";
    const isChunked = framing.includes("chunked");
    const body = isChunked ? "5\r\nhello\r\n" : "hello";
    await sender.write(new TextEncoder().encode(head + body));
    await statusUntil(wire, id, "saving");
    sender.close();
    await statusUntil(wire, id, "queued");
  }
});

Deno.test("PUT /file returns the response of a rejected large upload, and keeps the connection usable", async () => {
  await using wire = new Wire({ maxUploadSize: MIB });
  const { id } = await wire.image(10);
  const body = new Uint8Array(SIZE);
  for (const [path, status] of [[`/v2/images/${id}/file`, 413], ["/v2/nowhere", 404]] as const) {
    const response = await fetch(wire.url + path, {
      method: "PUT",
      headers: { "content-type": "application/octet-stream" },
      body,
    });
    await response.body?.cancel();
    assertEquals(response.status, status);
  }
});

/** Waits until Glance reports the status. */
async function statusUntil(wire: Wire, id: string, status: string): Promise<void> {
  const isThere = async () =>
    (await (await wire.send(`/v2/images/${id}`)).json()).status === status;
  await until(isThere, `image "${id}" become ${status}`);
}
