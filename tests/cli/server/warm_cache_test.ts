import { assertEquals } from "@std/assert";
import { warmCache } from "../../../lib/cli/server/warm_cache.ts";

Deno.test("warmCache() reads all bytes without a server, and ends all of its work", async () => {
  // Per round: five readers of 256 KiB from byte 0, and five from bytes 9,973 times 1, 3, 5, 7, and 9 on.
  assertEquals(await warmCache(), 6 * (10 * 262_144 - 25 * 9_973));
});
