/** The body that a reader reads, and the moment when that of another server replaces it. */
import { assertEquals } from "@std/assert";
import { resolveOptions } from "../../../lib/options.ts";
import { settled, SimulatedClock } from "../../../lib/testing/clock.ts";
import type { Chunk } from "../../../lib/transfer/body_reader.ts";
import { Candidates } from "../../../lib/transfer/download/candidates.ts";
import { DeliveredTail } from "../../../lib/transfer/download/overlap.ts";
import { RangeBody } from "../../../lib/transfer/download/range_body.ts";
import type { RangeResponse } from "../../../lib/transfer/download/range_response.ts";
import { BodySwitch } from "../../../lib/transfer/race/body_switch.ts";

const SIZE = 40;

/** A response whose chunks arrive when the test sends them. */
class ManualResponse {
  #resolve: ((chunk: Chunk | null) => void) | null = null;
  isClosed = false;

  /** Ends the pending read with zeros. */
  send(length: number): void {
    this.#resolve?.(new Uint8Array(length));
  }

  from(server: string, bodyStart: number): RangeResponse {
    return {
      reader: {
        read: () => new Promise((resolve) => this.#resolve = resolve),
        cancel: () => Promise.resolve(),
      },
      server,
      isRange: true,
      isSame: true,
      bodyStart,
      skipBytes: 0,
      endExclusive: SIZE,
      reportBreak: () => true,
      close: () => {
        this.isClosed = true;
        this.#resolve?.(null);
        return Promise.resolve();
      },
    };
  }
}

/** Opens a body at offset 0 for a switch, and `second` for its challenger. */
function switchOf(first: ManualResponse, second: ManualResponse) {
  const clock = new SimulatedClock();
  const { sleep, timer, now } = clock;
  const identity = {
    imageId: "i",
    size: SIZE,
    hashAlgorithm: null,
    hashValue: null,
    checksum: null,
  };
  const source = {
    identity,
    candidates: new Candidates(),
    hasPrefer: false,
    open: (start: number) => Promise.resolve(second.from("b", start)),
  };
  const tail = new DeliveredTail();
  const bodies = new BodySwitch({
    source,
    secondSource: source,
    options: resolveOptions({ sleep, timer, now }),
    isHashed: false,
    tail,
    signal: new AbortController().signal,
  });
  bodies.start(new RangeBody(first.from("a", 0), 0, SIZE));
  const read = async () => {
    const chunk = await bodies.read(new Uint8Array(SIZE));
    if (chunk) tail.keep(chunk);
    return chunk?.byteLength;
  };
  return { clock, bodies, read };
}

Deno.test("BodySwitch.read() delivers each byte once when both bodies receive bytes at the same moment", async () => {
  for (const isFirstAhead of [true, false]) {
    const [first, second] = [new ManualResponse(), new ManualResponse()];
    const { clock, bodies, read } = switchOf(first, second);
    const start = read();
    first.send(10);
    let delivered = await start ?? 0;
    const pending = read();
    // The server falls silent, and is challenged at byte 10.
    await clock.run(clock.sleep(6_000));
    await settled();
    if (isFirstAhead) first.send(10);
    second.send(30);
    if (!isFirstAhead) first.send(10);
    delivered += await pending ?? 0;
    while (!bodies.body?.isComplete && delivered < SIZE) {
      const work = read();
      await settled();
      for (const response of [first, second]) if (!response.isClosed) response.send(20);
      delivered += await work ?? 0;
    }
    await bodies.close("complete");
    assertEquals(delivered, SIZE, `${isFirstAhead}`);
    assertEquals([first.isClosed, second.isClosed, clock.pending], [true, true, 0]);
  }
});

Deno.test("BodySwitch.read() starts no timer after close()", async () => {
  const { clock, bodies, read } = switchOf(new ManualResponse(), new ManualResponse());
  const pending = read();
  await clock.run(clock.sleep(6_000));
  await bodies.close("enough");
  await pending;
  bodies.start(new RangeBody(new ManualResponse().from("a", 0), 0, SIZE));
  await bodies.close("enough");
  assertEquals(await read(), undefined);
  assertEquals(clock.pending, 0);
});
