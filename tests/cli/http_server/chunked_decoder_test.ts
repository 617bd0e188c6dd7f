import { assertEquals, assertThrows } from "@std/assert";
import { ChunkedDecoder } from "../../../lib/cli/http_server/chunked_decoder.ts";
import { ProtocolError } from "../../../lib/cli/http_server/request_head.ts";
import { between, seededBytes, seededRandom } from "../../support/seed.ts";

const SEEDS = Number(Deno.env.get("SEEDS") ?? 50);

/** Decodes `text` in steps that end at the offsets `cuts`. */
function decode(bytes: Uint8Array, cuts: readonly number[]) {
  const decoder = new ChunkedDecoder();
  const data: number[] = [];
  let rest = "";
  let from = 0;
  for (const to of [...cuts, bytes.byteLength]) {
    const decoded = decoder.decode(bytes.slice(from, to));
    data.push(...decoded.data);
    rest += new TextDecoder().decode(decoded.rest);
    from = to;
    if (decoder.isDone) {
      rest += new TextDecoder().decode(bytes.subarray(to));
      break;
    }
  }
  return { data: Uint8Array.from(data), rest, isDone: decoder.isDone };
}

Deno.test("ChunkedDecoder.decode() returns the same data when the bytes are split anywhere", () => {
  for (let seed = 0; seed < SEEDS; seed++) {
    const random = seededRandom(seed);
    const body = seededBytes(seed, between(random, 0, 500));
    const coded: number[] = [];
    const put = (text: string) => coded.push(...new TextEncoder().encode(text));
    for (let at = 0; at < body.byteLength;) {
      const chunk = body.subarray(at, at + between(random, 1, 60));
      const size = chunk.byteLength.toString(16);
      put(`${random() < 0.3 ? `00${size.toUpperCase()}` : size}`);
      put(`${random() < 0.2 ? " ; name=value" : ""}\r\n`);
      coded.push(...chunk);
      put("\r\n");
      at += chunk.byteLength;
    }
    put(`0\r\n${random() < 0.3 ? "Trailer: a\r\nOther: b\r\n" : ""}\r\nGET /`);
    const cuts = Array.from(
      { length: between(random, 0, 30) },
      () => between(random, 0, coded.length),
    ).sort((a, b) => a - b);
    const { data, rest, isDone } = decode(Uint8Array.from(coded), cuts);
    assertEquals([isDone, rest], [true, "GET /"], `seed ${seed}`);
    assertEquals(data, body, `seed ${seed}`);
  }
});

Deno.test("ChunkedDecoder.decode() throws ProtocolError when the coding is malformed", async (t) => {
  const cases = [
    "\r\n",
    "g\r\n",
    " 5\r\nhello\r\n",
    "-5\r\nhello\r\n",
    "0x5\r\nhello\r\n",
    "5\nhello\r\n",
    "5\r\nhello\n",
    "5\r\nhello!\r\n",
    "5\rx",
    "5;a\nb\r\nhello\r\n",
    "5 hello\n",
    "5_\r\nhello\r\n",
    "1000000000000\r\n",
    "0\r\n\n",
    "0\r\na: b\n\r\n",
    `5;${"x".repeat(5_000)}`,
    `0\r\n${"a: b\r\n".repeat(5_000)}`,
  ];
  for (const text of cases) {
    await t.step(JSON.stringify(text.slice(0, 40)), () => {
      const bytes = new TextEncoder().encode(text);
      assertThrows(() => decode(bytes, []), ProtocolError);
      const single = Array.from({ length: bytes.byteLength - 1 }, (_, i) => i + 1);
      assertThrows(() => decode(bytes, single), ProtocolError);
    });
  }
});
