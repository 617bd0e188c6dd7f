/** Bodies, read in the same way on every runtime. */
import { assertEquals, assertStrictEquals } from "@std/assert";
import { type BodyReader, readerOf } from "../../lib/transfer/body_reader.ts";
import { concat } from "../../lib/concat.ts";
import { FakeBody, utf8 } from "../support/bodies.ts";
import { failureOf } from "../support/client_harness.ts";

async function readAll(reader: BodyReader, size: number): Promise<string> {
  const parts: Uint8Array[] = [];
  for (;;) {
    const chunk = await reader.read(new Uint8Array(size));
    if (chunk === null) return new TextDecoder().decode(concat(parts));
    parts.push(chunk);
  }
}

const NEVER = new AbortController().signal;

for (const isByteStream of [true, false]) {
  const kind = isByteStream ? "byte stream" : "stream of chunks";

  Deno.test(`BodyReader reads a ${kind} to its end into buffers of any size`, async () => {
    for (const size of [1, 2, 3, 100]) {
      const body = new FakeBody([utf8("ab"), utf8("cde")], { isByteStream });
      assertEquals(await readAll(readerOf(body.stream, NEVER), size), "abcde");
      assertEquals(body.isOver, true);
    }
  });

  Deno.test(`BodyReader ends a pending read when a ${kind} is canceled`, async () => {
    const body = new FakeBody(["silence"], { isByteStream });
    const reader = readerOf(body.stream, NEVER);
    const reading = reader.read(new Uint8Array(8));
    await reader.cancel("enough");
    assertEquals(await reading, null);
    assertEquals(body.cancels, ["enough"]);
  });

  Deno.test(`BodyReader rejects a read when a ${kind} fails`, async () => {
    const cut = new TypeError("reset");
    const reader = readerOf(new FakeBody([utf8("a"), cut], { isByteStream }).stream, NEVER);
    await reader.read(new Uint8Array(8));
    assertStrictEquals(await failureOf(reader.read(new Uint8Array(8))), cut);
  });

  Deno.test(`BodyReader ends when its signal aborts and a ${kind} ignores it`, async () => {
    const controller = new AbortController();
    const body = new FakeBody(["silence"], { isByteStream });
    const reader = readerOf(body.stream, controller.signal);
    const reading = failureOf(reader.read(new Uint8Array(8)));
    controller.abort("stalled");
    assertEquals(await reading, "stalled");
    assertEquals(body.cancels, ["stalled"]);
  });
}

Deno.test("BodyReader ends with its signal when a byte stream closes without a response to its BYOB request", async () => {
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    type: "bytes",
    pull: (stream) => stream.close(),
  });
  const controller = new AbortController();
  const reader = readerOf(body, controller.signal);
  const reading = failureOf(reader.read(new Uint8Array(8)));
  await new Promise((resolve) => setTimeout(resolve));
  controller.abort("stalled");
  assertEquals(await reading, "stalled");
});

Deno.test("BodyReader reads a byte stream into the given buffer", async () => {
  const reader = readerOf(new FakeBody([utf8("abc")]).stream, NEVER);
  const memory = new Uint8Array(new ArrayBuffer(16), 4, 8);
  const chunk = await reader.read(memory);
  assertEquals([chunk?.byteOffset, chunk?.byteLength, chunk?.buffer.byteLength], [4, 3, 16]);
  assertEquals(memory.buffer.byteLength, 0);
});
