import { assertEquals } from "@std/assert";
import { RangeProbes } from "../../../lib/router/cache/range_probes.ts";
import { SimulatedClock } from "../../../lib/testing/clock.ts";
import type { RangeResponse } from "../../../lib/transfer/download/range_response.ts";

/** A response with a whole image, and whether it is closed. */
function openResponse() {
  const state = { isClosed: false };
  const response: RangeResponse = {
    reader: { read: () => Promise.resolve(null), cancel: () => Promise.resolve() },
    server: "http://a:9292",
    isRange: false,
    isSame: true,
    bodyStart: 0,
    skipBytes: 0,
    endExclusive: 10,
    reportBreak: () => true,
    close: () => Promise.resolve(void (state.isClosed = true)),
  };
  return { response, state };
}

function probeOf(response: RangeResponse) {
  return (keep: (response: RangeResponse) => void) => {
    keep(response);
    return Promise.resolve(false);
  };
}

Deno.test("RangeProbes.take() gives the response of a probe once", async () => {
  const clock = new SimulatedClock();
  const probes = new RangeProbes(clock.timer);
  const { response, state } = openResponse();
  await probes.supportsRanges("image", probeOf(response));
  assertEquals([probes.take("other", 10), probes.take("image", 10), probes.take("image", 10)], [
    null,
    response,
    null,
  ]);
  await clock.run(clock.sleep(60_000));
  assertEquals(state.isClosed, false);
});

Deno.test("RangeProbes.supportsRanges() closes the response when it is not taken within 30 s", async () => {
  const clock = new SimulatedClock();
  const probes = new RangeProbes(clock.timer);
  const { response, state } = openResponse();
  await probes.supportsRanges("image", probeOf(response));
  await clock.run(clock.sleep(29_999));
  assertEquals(state.isClosed, false);
  await clock.run(clock.sleep(2));
  assertEquals([state.isClosed, probes.take("image", 10)], [true, null]);
});

Deno.test("RangeProbes.supportsRanges() closes the older response when another probe gets one", async () => {
  const probes = new RangeProbes(new SimulatedClock().timer);
  const [older, newer] = [openResponse(), openResponse()];
  await probes.supportsRanges("image", probeOf(older.response));
  await probes.supportsRanges("image", probeOf(newer.response));
  assertEquals([older.state.isClosed, newer.state.isClosed], [true, false]);
});

Deno.test("RangeProbes.supportsRanges() probes once when several readers arrive together", async () => {
  const probes = new RangeProbes(new SimulatedClock().timer);
  let count = 0;
  const probe = () => Promise.resolve(++count === 1);
  const results = await Promise.all([1, 2, 3].map(() => probes.supportsRanges("image", probe)));
  assertEquals([count, results], [1, [true, true, true]]);
});

Deno.test("RangeProbes.take() closes a response with other bytes", async () => {
  const probes = new RangeProbes(new SimulatedClock().timer);
  const { response, state } = openResponse();
  await probes.supportsRanges("image", probeOf(response));
  assertEquals([probes.take("image", 9), probes.take("image", 10)], [null, null]);
  assertEquals(state.isClosed, true);
});

Deno.test("RangeProbes.close() closes the response of an image and leaves no timer", async () => {
  const clock = new SimulatedClock();
  const probes = new RangeProbes(clock.timer);
  const { response, state } = openResponse();
  await probes.supportsRanges("image", probeOf(response));
  probes.close("other");
  assertEquals(state.isClosed, false);
  probes.close("image");
  assertEquals([state.isClosed, clock.pending], [true, 0]);
});
