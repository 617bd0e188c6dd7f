import { assertEquals, assertStrictEquals } from "@std/assert";
import { concat } from "../../../lib/concat.ts";
import { SlotBuffer } from "../../../lib/cache/fill/slot_buffer.ts";
import { BLOCK_SIZE } from "../../../lib/cache/slot_format.ts";
import { seededBytes } from "../../support/seed.ts";

const DATA = seededBytes(1, 2 * BLOCK_SIZE + 5);

Deno.test("SlotBuffer.write() takes memory only for blocks of which bytes have arrived", () => {
  const buffer = new SlotBuffer(32 * BLOCK_SIZE);
  assertEquals(buffer.blocks, []);
  buffer.write(new Uint8Array(3), 5 * BLOCK_SIZE - 1);
  assertEquals(buffer.blocks.map(({ byteLength }) => byteLength), [BLOCK_SIZE, BLOCK_SIZE]);
});

Deno.test("SlotBuffer.blocks is the slot when all bytes were written in any order", () => {
  const buffer = new SlotBuffer(DATA.byteLength);
  const middle = BLOCK_SIZE + 7;
  buffer.write(DATA.subarray(middle), middle);
  buffer.write(DATA.subarray(0, middle), 0);
  assertEquals(buffer.blocks.length, 3);
  assertEquals(concat(buffer.blocks), DATA);
});

Deno.test("SlotBuffer.read() returns the shared bytes up to the end of a block", () => {
  const buffer = new SlotBuffer(DATA.byteLength);
  buffer.write(DATA, 0);
  const [first, second] = [buffer.read(9, DATA.byteLength), buffer.read(5, DATA.byteLength)];
  assertEquals(first, DATA.subarray(9, BLOCK_SIZE));
  assertStrictEquals(first.buffer, second.buffer);
  assertEquals(buffer.read(BLOCK_SIZE, BLOCK_SIZE + 2), DATA.subarray(BLOCK_SIZE, BLOCK_SIZE + 2));
});
