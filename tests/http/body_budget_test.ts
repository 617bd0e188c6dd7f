/** Buffered request bodies: every limit, and which body is refused. */
import { assertEquals, assertRejects } from "@std/assert";
import { BodyBudget, type BodyFault, BodyRefused } from "../../lib/http/body_budget.ts";
import { settled, SimulatedClock } from "../support/clock.ts";

const KIB = 1024;

/** A manual clock. */
const timer = () => () => {};

/** A body that the test sends chunk by chunk. */
function sender(headers: Record<string, string> = {}) {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  let isCanceled = false;
  const body = new ReadableStream<Uint8Array>({
    start: (c) => void (controller = c),
    cancel: () => void (isCanceled = true),
  });
  return {
    request: new Request("http://host", { method: "POST", body, headers }),
    send: (bytes: number) => controller?.enqueue(new Uint8Array(bytes)),
    end: () => controller?.close(),
    fail: () => controller?.error(new TypeError("connection reset")),
    get isCanceled() {
      return isCanceled;
    },
  };
}

function faultOf(read: Promise<unknown>): Promise<BodyFault> {
  return assertRejects(() => read, BodyRefused).then((error: BodyRefused) => error.fault);
}

Deno.test("BodyBudget returns the bytes of a body, and counts them until they are released", async () => {
  const budget = new BodyBudget({ timer });
  const one = sender();
  const reading = budget.read("a", one.request);
  one.send(3);
  one.send(4);
  one.end();
  const body = await reading;
  assertEquals([body.bytes.byteLength, budget.held], [7, 16 * KIB + 7]);
  body.release();
  assertEquals(budget.held, 0);
  const empty = await budget.read("a", new Request("http://host"));
  assertEquals([empty.bytes.byteLength, budget.held], [0, 0]);
});

Deno.test("read() frees the chunks of a rejected body only when it owns them", async () => {
  const budget = new BodyBudget({ each: 100, timer });
  for (const mayReuseChunks of [true, false]) {
    const chunks = [new Uint8Array(60), new Uint8Array(60)];
    const body = ReadableStream.from(chunks);
    const request = new Request("http://host", { method: "POST", body });
    assertEquals(await faultOf(budget.read("a", request, { mayReuseChunks })), "too large");
    assertEquals(chunks.map(({ byteLength }) => byteLength), mayReuseChunks ? [0, 0] : [60, 60]);
  }
});

Deno.test("BodyBudget rejects a body when it exceeds its limit or announces a larger size", async () => {
  const budget = new BodyBudget({ each: 100, timer });
  const one = sender();
  const reading = faultOf(budget.read("a", one.request));
  one.send(100);
  one.send(1);
  assertEquals([await reading, one.isCanceled, budget.held], ["too large", true, 0]);
  const announced = sender({ "content-length": "101" });
  assertEquals(await faultOf(budget.read("a", announced.request)), "too large");
  assertEquals(budget.held, 0);
});

Deno.test("BodyBudget rejects a body that does not arrive in time", async () => {
  const clock = new SimulatedClock();
  const simulated = (ms: number, ring: () => void) => {
    const life = new AbortController();
    clock.sleep(ms, life.signal).then(ring, () => {});
    return () => life.abort();
  };
  const budget = new BodyBudget({ milliseconds: 1_000, timer: simulated });
  const one = sender();
  const reading = faultOf(budget.read("a", one.request));
  for (let i = 0; i < 9; i++) {
    one.send(1);
    await clock.run(clock.sleep(100));
  }
  await clock.run(clock.sleep(200));
  assertEquals([await reading, one.isCanceled, budget.held], ["too slow", true, 0]);
  assertEquals(clock.pending, 0);
});

Deno.test("BodyBudget rejects the body of the client that holds most when there is no space", async () => {
  const budget = new BodyBudget({ total: 1024 * KIB, timer });
  const largest = Array.from({ length: 4 }, sender);
  const faults: BodyFault[] = [];
  const reads = largest.map((one, i) =>
    budget.read(`greedy ${i % 2}`, one.request).catch(({ fault }) => void faults.push(fault))
  );
  for (const one of largest) one.send(200 * KIB);
  await settled();
  assertEquals(faults, []);
  const modest = sender();
  const reading = budget.read("modest", modest.request);
  modest.send(180 * KIB);
  modest.end();
  const body = await reading;
  assertEquals(body.bytes.byteLength, 180 * KIB);
  assertEquals(faults, ["over budget"]);
  for (const one of largest) one.fail();
  await Promise.all(reads);
  assertEquals(budget.held, 196 * KIB);
});

Deno.test("BodyBudget leaves half of the budget to others than one caller, even for bodies in use", async () => {
  const budget = new BodyBudget({ total: 1024 * KIB, timer });
  const first = sender();
  const reading = budget.read("a", first.request);
  first.send(480 * KIB);
  first.end();
  const held = await reading;
  assertEquals(held.bytes.byteLength, 480 * KIB);
  const second = sender();
  const refused = faultOf(budget.read("a", second.request));
  second.send(100 * KIB);
  assertEquals(await refused, "over budget");
  const other = sender();
  const taken = budget.read("b", other.request);
  other.send(400 * KIB);
  other.end();
  const body = await taken;
  assertEquals(body.bytes.byteLength, 400 * KIB);
});

Deno.test("BodyBudget bounds the number of bodies that have not sent anything", async () => {
  const budget = new BodyBudget({ total: 160 * KIB, timer });
  const silent = Array.from({ length: 20 }, sender);
  const faults: BodyFault[] = [];
  const reads = silent.map((one, i) =>
    budget.read(i, one.request).catch(({ fault }) => void faults.push(fault))
  );
  await settled();
  assertEquals([faults.length, budget.held], [10, 160 * KIB]);
  for (const one of silent) if (!one.isCanceled) one.fail();
  await Promise.all(reads);
  assertEquals(budget.held, 0);
});

Deno.test("BodyBudget distinguishes a broken body from a rejected one", async () => {
  const budget = new BodyBudget({ timer });
  const one = sender();
  const reading = faultOf(budget.read("a", one.request));
  one.send(1);
  one.fail();
  assertEquals([await reading, budget.held], ["incomplete", 0]);
});
