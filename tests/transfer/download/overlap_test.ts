/** Repeated bytes are compared with the delivered ones. */
import { assertEquals } from "@std/assert";
import { DeliveredTail } from "../../../lib/transfer/download/overlap.ts";
import { CUT, downloadAll, LENGTH, until } from "../../support/downloads.ts";
import { BYTES, chunksOf, digest, record, Served, UNHASHED } from "../../support/image.ts";
import { harnessOf } from "../../support/client_harness.ts";

Deno.test("DeliveredTail recognizes delivered bytes in chunks of any size", () => {
  for (const size of [1, 100, 997, 5_000, 10_000]) {
    const tail = new DeliveredTail();
    for (const chunk of chunksOf(BYTES, size)) tail.keep(chunk);
    assertEquals(tail.isDistinctive, true);
    for (const [start, end] of [[9_999, 10_000], [0, 10_000], [8_000, 9_000], [9_000, 10_000]]) {
      const bytes = BYTES.slice(start, end);
      assertEquals(tail.differsFrom(bytes, 10_000 - end!), false, `${start}-${end} by ${size}`);
      bytes[bytes.byteLength - 1]! ^= 1;
      assertEquals(tail.differsFrom(bytes, 10_000 - end!), true, `${start}-${end} by ${size}`);
    }
    // Only the last delivered bytes are kept.
    assertEquals(tail.differsFrom(new Uint8Array(1_000), 8_000), false);
  }
});

Deno.test("DeliveredTail of equal bytes cannot distinguish others from them", () => {
  const tail = new DeliveredTail();
  assertEquals(tail.isDistinctive, false);
  tail.keep(new Uint8Array(5_000));
  assertEquals(tail.isDistinctive, false);
  tail.keep(Uint8Array.of(1));
  assertEquals(tail.isDistinctive, true);
});

Deno.test("download() uses a range that starts earlier if its overlap equals the delivered bytes", async () => {
  for (const verify of ["auto", "off"] as const) {
    const served = new Served();
    const from = (bytes: Uint8Array<ArrayBuffer>, start: number) =>
      served.data(chunksOf(bytes.slice(start)), {
        status: 206,
        headers: {
          "content-range": `bytes ${start}-9999/10000`,
          "content-length": String(10_000 - start),
          "content-md5": digest("md5", BYTES),
        },
      });
    const moved = BYTES.slice(1);
    const shifted = new Uint8Array(10_000);
    shifted.set(moved);
    const steps = [record(), served.data(until(4_321, CUT), LENGTH)];
    const harness = harnessOf([...steps, from(shifted, 4_096), from(BYTES, 4_096)]);
    assertEquals(await downloadAll(harness, { verify }), BYTES);
    assertEquals([served.areOver, harness.script.left], [true, 0]);
  }
});

Deno.test("download() does not use a 200 with the length of the rest when the image has no hash", async () => {
  const rest = (served: Served) =>
    served.data(chunksOf(BYTES.slice(4_321)), { headers: { "content-length": "5679" } });
  const hashed = new Served();
  const steps = [record(), hashed.data(until(4_321, CUT), LENGTH), rest(hashed), record()];
  const harness = harnessOf(steps);
  assertEquals(await downloadAll(harness), BYTES);
  assertEquals(harness.script.left, 0);

  const served = new Served();
  const unhashed = harnessOf([
    record(UNHASHED),
    served.data(until(4_321, CUT), LENGTH),
    rest(served),
    served.whole(),
    record(UNHASHED),
  ]);
  assertEquals(await downloadAll(unhashed), BYTES);
  const hosts = unhashed.script.hosts;
  // The whole image is requested from the same server.
  assertEquals(hosts[2], hosts[3]);
  assertEquals([served.areOver, unhashed.script.left], [true, 0]);
});

Deno.test("download() does not mistake a range for the whole image when it is a 200 without a length", async () => {
  const served = new Served();
  const range = { start: 1_000, end: 9_999 };
  const rest = served.data(chunksOf(BYTES.slice(1_000)));
  const harness = harnessOf([record(UNHASHED), rest, served.whole(), record(UNHASHED)]);
  assertEquals(await downloadAll(harness, { range }), BYTES.slice(1_000));
  assertEquals([served.areOver, harness.script.left], [true, 0]);
});
