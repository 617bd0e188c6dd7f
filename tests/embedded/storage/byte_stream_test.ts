import { assertEquals, assertRejects } from "@std/assert";
import { byteStream } from "../../../lib/embedded/storage/byte_stream.ts";

/** A source of `length` bytes that records its calls. */
function source(length: number) {
  let position = 0;
  const seen = { reads: 0, closed: 0 };
  const fill = (view: Uint8Array) => {
    seen.reads++;
    const filled = Math.min(view.byteLength, length - position);
    for (let i = 0; i < filled; i++) view[i] = (position + i) % 256;
    position += filled;
    return Promise.resolve(filled);
  };
  const close = () => {
    seen.closed++;
    return Promise.resolve();
  };
  return { fill, close, seen };
}

Deno.test("byteStream() yields exactly `length` bytes and closes its source once", async () => {
  for (const length of [0, 1, 262_143, 262_144, 262_145, 1_000_000]) {
    const { fill, close, seen } = source(2_000_000);
    const bytes = await new Response(byteStream(length, fill, close)).bytes();
    assertEquals(bytes.byteLength, length);
    assertEquals(bytes.findIndex((byte, i) => byte !== i % 256), -1);
    assertEquals(seen.closed, 1);
  }
});

Deno.test("byteStream() reads on demand, one chunk at a time", async () => {
  const { fill, close, seen } = source(2_000_000);
  const reader = byteStream(2_000_000, fill, close).getReader();
  await Promise.resolve();
  assertEquals(seen.reads, 0);
  await reader.read();
  await reader.read();
  assertEquals(seen.reads, 2);
  await reader.cancel();
});

Deno.test("byteStream() fills the buffer of a BYOB reader", async () => {
  const { fill, close, seen } = source(100);
  const reader = byteStream(100, fill, close).getReader({ mode: "byob" });
  const first = await reader.read(new Uint8Array(64));
  assertEquals([first.value?.byteLength, first.value?.[63]], [64, 63]);
  const second = await reader.read(new Uint8Array(64));
  assertEquals([second.value?.byteLength, second.value?.[35]], [36, 99]);
  assertEquals((await reader.read(new Uint8Array(64))).done, true);
  assertEquals(seen.closed, 1);
});

Deno.test("byteStream() closes its source when it is canceled, read or unread", async () => {
  for (const reads of [0, 1]) {
    const { fill, close, seen } = source(2_000_000);
    const reader = byteStream(2_000_000, fill, close).getReader();
    if (reads > 0) await reader.read();
    await reader.cancel();
    assertEquals(seen.closed, 1);
  }
});

Deno.test("byteStream() closes its source after a pending read when it is canceled", async () => {
  const pulled = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<number>();
  const order: string[] = [];
  const stream = byteStream(10, async () => {
    pulled.resolve();
    const filled = await gate.promise;
    order.push("read");
    return filled;
  }, () => {
    order.push("closed");
    return Promise.resolve();
  });
  const reader = stream.getReader();
  const pending = reader.read();
  await pulled.promise;
  const canceled = reader.cancel();
  gate.resolve(5);
  await canceled;
  assertEquals((await pending).done, true);
  assertEquals(order, ["read", "closed"]);
});

Deno.test("byteStream() fails and closes its source when the data ends early", async () => {
  const { fill, close, seen } = source(10);
  const bytes = new Response(byteStream(11, fill, close)).bytes();
  await assertRejects(() => bytes, Error, "it ends 1 bytes early");
  assertEquals(seen.closed, 1);
});

Deno.test("byteStream() fails and closes its source when the source fails", async () => {
  const { close, seen } = source(10);
  const broken = byteStream(10, () => Promise.reject(new Error("disk gone")), close);
  await assertRejects(() => new Response(broken).bytes(), Error, "disk gone");
  assertEquals(seen.closed, 1);
});
