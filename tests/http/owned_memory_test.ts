/** Memory that is freed after its last use, and memory of callers that is not. */
import { assert, assertEquals } from "@std/assert";
import { own, release, releasing } from "../../lib/http/owned_memory.ts";

Deno.test("release() frees an owned buffer with the last of its bytes, in any order", () => {
  const memory = new Uint8Array(10);
  own(memory.buffer, 10);
  release(memory.subarray(4));
  assertEquals(memory.byteLength, 10);
  release(memory.subarray(0, 4));
  assert(memory.buffer.detached);
});

Deno.test("release() counts only the bytes that were forwarded", () => {
  const memory = new Uint8Array(10);
  own(memory.buffer, 3);
  release(memory.subarray(0, 3));
  assert(memory.buffer.detached);
});

Deno.test("release() does not free memory that was not declared", () => {
  const memory = new Uint8Array([1, 2, 3]);
  release(memory);
  release(memory.subarray(1));
  assertEquals(memory, new Uint8Array([1, 2, 3]));
});

Deno.test("releasing() frees a chunk when the next one has arrived, and not the last one", async () => {
  const chunks = [1, 2, 3].map((byte) => new Uint8Array(1000).fill(byte));
  chunks.forEach(({ buffer }) => own(buffer, 1000));
  const reader = releasing(ReadableStream.from(chunks)).getReader();
  for (const [i, byte] of [1, 2, 3].entries()) {
    assertEquals((await reader.read()).value, new Uint8Array(1000).fill(byte));
    assertEquals(chunks.map(({ byteLength }) => byteLength > 0), [0, 1, 2].map((n) => n >= i));
  }
  assertEquals((await reader.read()).done, true);
  assertEquals(chunks[2], new Uint8Array(1000).fill(3));
});
