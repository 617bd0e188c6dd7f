/** Downloads that are aborted: no request follows, and nothing stays open. */
import { assertEquals, assertStrictEquals } from "@std/assert";
import type { RangeResponse } from "../../../lib/transfer/download/range_response.ts";
import { readerOf } from "../../../lib/transfer/body_reader.ts";
import { Candidates } from "../../../lib/transfer/download/candidates.ts";
import { ResumingReader } from "../../../lib/transfer/download/resuming_reader.ts";
import { bytesOf } from "../../support/bodies.ts";
import { CUT, downloadAll, LENGTH, until } from "../../support/downloads.ts";
import { BYTES, CALLER, ID, record, Served } from "../../support/image.ts";
import { silence } from "../../support/scripted_fetch.ts";
import { failureOf, harnessOf } from "../../support/client_harness.ts";

Deno.test("download() throws the reason and sends no further request when aborted", async () => {
  const served = new Served();
  const harness = harnessOf([record(), served.data(until(4_321, "silence"), LENGTH)]);
  const controller = new AbortController();
  const { signal } = controller;
  const reason = new Error("enough");
  harness.clock.sleep(50).then(() => controller.abort(reason));
  assertStrictEquals(await failureOf(downloadAll(harness, { signal })), reason);
  assertEquals([served.areOver, harness.clock.pending, harness.clock.now()], [true, 0, 50]);
});

Deno.test("download() closes the connection when aborted without a pending read", async () => {
  const served = new Served();
  const { service } = harnessOf([record(), served.whole()]);
  const controller = new AbortController();
  const { signal } = controller;
  const stream = await service.download(CALLER, ID, { signal });
  controller.abort("enough");
  assertEquals(served.areOver, true);
  assertEquals(await failureOf(bytesOf(stream)), "enough");
});

Deno.test("download() closes a response that arrives after the abort", async () => {
  const { options } = harnessOf([]).client;
  const leaving = new AbortController();
  let closed: unknown;
  const open = (): Promise<RangeResponse> => {
    leaving.abort("enough");
    return Promise.resolve({
      reader: readerOf(new Blob([BYTES]).stream(), leaving.signal),
      server: "file:",
      bodyStart: 0,
      skipBytes: 0,
      endExclusive: null,
      isRange: false,
      isSame: true,
      reportBreak: () => true,
      close: (reason) => Promise.resolve(void (closed = reason)),
    });
  };
  const identity = {
    imageId: ID,
    size: BYTES.byteLength,
    hashAlgorithm: null,
    hashValue: null,
    checksum: null,
  };
  const source = { identity, candidates: new Candidates(), hasPrefer: false, open };
  const reader = new ResumingReader(source, {
    options,
    start: 0,
    end: null,
    isPart: false,
    verifier: null,
    isHashed: false,
    signal: leaving.signal,
    onProgress: undefined,
  });
  assertEquals([await failureOf(reader.open()), closed], ["enough", "enough"]);
});

Deno.test("download() stops at once when aborted during back-off", async () => {
  const served = new Served();
  const steps = [record(), served.data([CUT], LENGTH), served.data([CUT], LENGTH)];
  const harness = harnessOf([...steps, silence], { requestTimeout: Infinity });
  const controller = new AbortController();
  harness.clock.sleep(9_000).then(() => controller.abort("enough"));
  const { signal } = controller;
  assertEquals(await failureOf(downloadAll(harness, { signal })), "enough");
  assertEquals([harness.clock.now(), harness.clock.pending], [9_000, 0]);
});
