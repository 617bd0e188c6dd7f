import { assert, assertEquals } from "@std/assert";
import {
  BLOCK_SIZE,
  headerFor,
  headerSize,
  matchesChecksum,
  nativeDigest,
  parseHeader,
} from "../../lib/cache/slot_format.ts";
import { seededBytes } from "../support/seed.ts";

const KEY = "0f1c2b3a-0000-4000-8000-000000000001/0123456789abcdef0123456789abcdef/8388608/0";
const DATA = seededBytes(1, 2 * BLOCK_SIZE + 5);
const BLOCKS = [0, 1, 2].map((index) => DATA.slice(index * BLOCK_SIZE, (index + 1) * BLOCK_SIZE));

Deno.test("parseHeader() returns the checksum of each block", async () => {
  const header = new Uint8Array(await headerFor(nativeDigest, KEY, BLOCKS));
  assertEquals(header.byteLength, headerSize(DATA.byteLength));
  const checksums = await parseHeader(nativeDigest, KEY, header, DATA.byteLength);
  assertEquals(checksums?.length, 3);
  assert(matchesChecksum(DATA.subarray(0, BLOCK_SIZE), checksums?.[0]));
  assert(matchesChecksum(DATA.subarray(2 * BLOCK_SIZE), checksums?.[2]));
  assertEquals(matchesChecksum(DATA.subarray(1, BLOCK_SIZE + 1), checksums?.[0]), false);
  assertEquals(matchesChecksum(DATA, undefined), false);
});

Deno.test("parseHeader() returns null when a byte of the header, the key or the length differs", async () => {
  const header = new Uint8Array(await headerFor(nativeDigest, KEY, BLOCKS));
  for (let at = 0; at < header.byteLength; at++) {
    const changed = header.slice();
    changed.fill((changed[at] ?? 0) ^ 1, at, at + 1);
    assertEquals(await parseHeader(nativeDigest, KEY, changed, DATA.byteLength), null);
  }
  const { byteLength } = DATA;
  assertEquals(await parseHeader(nativeDigest, KEY.replace(/0$/, "1"), header, byteLength), null);
  assertEquals(await parseHeader(nativeDigest, KEY, header, byteLength - 1), null);
  assertEquals(await parseHeader(nativeDigest, KEY, header.subarray(1), byteLength), null);
});
