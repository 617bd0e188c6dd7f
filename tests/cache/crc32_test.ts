import { assertEquals } from "@std/assert";
import { crc32, createCrc32 } from "../../lib/cache/crc32.ts";
import { seededBytes } from "../support/seed.ts";

const text = (value: string) => new TextEncoder().encode(value);

for (const [name, compute] of Object.entries({ crc32, "createCrc32()": createCrc32() })) {
  Deno.test(`${name === "crc32" ? "crc32()" : name} computes the check value of CRC-32/ISO-HDLC`, () => {
    assertEquals(compute(text("123456789")), 0xcbf43926);
    assertEquals(compute(text("")), 0);
  });
}

Deno.test("crc32() equals the one of the runtime for all lengths and offsets", () => {
  const native = createCrc32();
  const bytes = seededBytes(7, 300);
  for (let start = 0; start < 9; start++) {
    for (let end = start; end <= bytes.byteLength; end++) {
      assertEquals(crc32(bytes.subarray(start, end)), native(bytes.subarray(start, end)));
    }
  }
});
