/** The first connection of several: its bytes, their end, and how it resumes with the whole image. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Chunk } from "../../../lib/transfer/body_reader.ts";
import { LeadReader } from "../../../lib/transfer/parallel/lead_reader.ts";
import { PartBuffer } from "../../../lib/transfer/parallel/part_buffer.ts";
import { PartProgress } from "../../../lib/transfer/parallel/part_progress.ts";
import { CUT, downloadAll, LENGTH, until } from "../../support/downloads.ts";
import { failureOf, harnessOn } from "../../support/client_harness.ts";
import { BYTES, recordOf, Served } from "../../support/image.ts";
import { play, seen, type Step } from "../../support/scripted_fetch.ts";

const MEMORY = new Uint8Array(0);

/** A lead of ten bytes whose reader calls `read`. */
function leadOf(read: () => Promise<Chunk | null>, now = () => 0) {
  const part = new PartBuffer(0, 9, 0, new PartProgress(0));
  const canceled: unknown[] = [];
  const lead = new LeadReader(part, {
    breaks: 0,
    resumes: 0,
    open: () => Promise.resolve(),
    read,
    report: () => {},
    cancel: (reason) => Promise.resolve(void canceled.push(reason)),
  }, now);
  return { part, lead, canceled };
}

Deno.test("LeadReader.read() keeps the bytes after its part, until the part gets them back", async () => {
  const chunk = Uint8Array.from([0, 1, 2, 3, 4, 5, 6, 7]);
  const { part, lead } = leadOf(() => Promise.resolve(chunk));
  part.giveUp(5);
  assertEquals(await lead.read(MEMORY), Uint8Array.from([0, 1, 2, 3, 4]));
  assertEquals(part.left, 0);
  chunk.fill(99); // the consumer reuses its memory
  part.extend(9);
  assertEquals(await lead.read(MEMORY), Uint8Array.from([5, 6, 7]));
  assertEquals([part.position, part.left], [8, 2]);
});

Deno.test("LeadReader is paused, and thus not silent, unless a byte is awaited", async () => {
  let now = 0;
  const isSilent: boolean[] = [];
  const { part, lead } = leadOf(() => {
    isSilent.push(part.isStuck(now));
    now += 5_000;
    isSilent.push(part.isStuck(now));
    return Promise.resolve(new Uint8Array(1));
  }, () => now);
  now = 60_000;
  assertEquals(part.isStuck(now), false);
  await lead.read(MEMORY);
  assertEquals([isSilent, part.isStuck(now + 60_000)], [[false, true], false]);
});

Deno.test("LeadReader.read() returns null when it is canceled meanwhile, and throws other errors", async () => {
  const failed = leadOf(() => Promise.reject(new Error("broken")));
  await assertRejects(() => failed.lead.read(MEMORY), Error, "broken");
  assertEquals([failed.lead.isOpen, failed.part.isPaused], [true, true]);
  const { lead, canceled }: ReturnType<typeof leadOf> = leadOf(async () => {
    await lead.cancel("enough");
    throw new Error("closed");
  });
  assertEquals([await lead.read(MEMORY), lead.isOpen, canceled], [null, false, ["enough"]]);
});

Deno.test("LeadReader.open() measures the wait, and finish() throws when the response does not end well", async () => {
  let now = 1_000;
  const { lead } = leadOf(() => Promise.reject(new Error("wrong hash")), () => now += 150);
  await lead.open();
  assertEquals([lead.wait, lead.isOpen], [150, true]);
  assertEquals((await failureOf(lead.finish()) as Error).message, "wrong hash");
});

/** Downloads over two connections from servers without ranges, whose first response breaks after 4,321 bytes. */
async function downloadAfterBreak(whole: (served: Served, request: number) => Step) {
  const served = new Served();
  const origins: string[] = [];
  const harness = harnessOn(async (input, init) => {
    const request = seen(input, init);
    if (!request.path.endsWith("/file")) return Response.json(recordOf(BYTES));
    if (request.headers.has("range")) return await play(400, request);
    origins.push(request.origin);
    const isFirst = origins.length === 1;
    const step = isFirst ? served.data(until(4_321, CUT), LENGTH) : whole(served, origins.length);
    return await play(step, request);
  });
  const received = await downloadAll(harness, { connections: 2, partSize: 2_000 })
    .catch((error) => error);
  assertEquals([served.areOver, harness.clock.pending], [true, 0]);
  return { received, origins };
}

/** The image with another byte at an offset. */
function wrongAt(offset: number): Uint8Array<ArrayBuffer> {
  return BYTES.map((byte, i) => i === offset ? byte ^ 1 : byte);
}

Deno.test("download() over several connections compares the first bytes when the first one resumes with the whole image", async () => {
  const { received, origins } = await downloadAfterBreak((served) => served.whole());
  assertEquals([received, origins.length], [BYTES, 2]);
});

Deno.test("download() over several connections tries another server when the first bytes of the whole image differ", async () => {
  const { received, origins } = await downloadAfterBreak((served, request) =>
    served.whole(request === 2 ? wrongAt(100) : BYTES)
  );
  assertEquals([received, origins.length, new Set(origins).size], [BYTES, 3, 3]);
});

Deno.test("download() over several connections fails when the first bytes of every whole image differ", async () => {
  const { received } = await downloadAfterBreak((served) => served.whole(wrongAt(4_320)));
  assert(received instanceof Error, `${received}`);
  assert(received.message.includes("Cannot download image"), received.message);
});
