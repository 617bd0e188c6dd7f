import { Buffer } from "node:buffer";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { type ImageContent, type Slot, slotOf } from "../../../lib/cache/image_slots.ts";
import { PageMemory } from "../../../lib/cache/pages/page_memory.ts";
import { PAGE_SIZE } from "../../../lib/cache/pages/paged_slot.ts";
import { PagedSlots } from "../../../lib/cache/pages/paged_slots.ts";
import { BLOCK_SIZE, headerFor, headerSize, nativeDigest } from "../../../lib/cache/slot_format.ts";
import { concat } from "../../../lib/concat.ts";
import { CorruptSlot } from "../../../lib/cache/stored_slot.ts";
import { between, seededBytes, seededRandom } from "../../support/seed.ts";

const SLOT_SIZE = 2 * PAGE_SIZE + 5;
const IMAGE: ImageContent = {
  imageId: "0f1c2b3a-0000-4000-8000-000000000001",
  hash: "0123456789abcdef0123456789abcdef",
  algorithm: "md5",
  size: 4 * SLOT_SIZE - 77,
};
const DATA = seededBytes(1, IMAGE.size);
const SLOTS = [0, 1, 2, 3].map((index) => slotOf(IMAGE, SLOT_SIZE, index));

/** The stored forms of slots, which take long to compute. */
const STORED: Promise<Uint8Array<ArrayBuffer>>[] = [];

async function storedForm({ key, start, end }: Slot): Promise<Uint8Array<ArrayBuffer>> {
  const blocks: Uint8Array<ArrayBuffer>[] = [];
  for (let at = start; at < end; at += BLOCK_SIZE) {
    blocks.push(DATA.slice(at, Math.min(end, at + BLOCK_SIZE)));
  }
  return concat([await headerFor(nativeDigest, key, blocks), ...blocks]);
}

/** Slots of an image in a store that counts its reads and its open values. */
class PagedWorld {
  readonly values = new Map<string, Uint8Array<ArrayBuffer>>();
  readonly slots: PagedSlots;
  /** Positions of the reads, without those of headers. */
  readonly reads: number[] = [];
  opened = 0;
  closed = 0;
  /** Delays each read of a value. */
  pause = () => Promise.resolve();

  private constructor(limit: number) {
    this.slots = new PagedSlots({
      memory: new PageMemory(limit),
      digest: nativeDigest,
      within: (_, work) => work,
      open: (key) => {
        const value = this.values.get(key);
        if (value === undefined) return Promise.resolve(null);
        this.opened++;
        return Promise.resolve({
          read: async (memory, position) => {
            await this.pause();
            if (position >= headerSize(SLOT_SIZE)) this.reads.push(position);
            const bytes = value.subarray(position, position + memory.byteLength);
            memory.set(bytes);
            return bytes.byteLength;
          },
          close: () => {
            this.closed++;
            return Promise.resolve();
          },
        });
      },
    });
  }

  static async create(limit = 64 * PAGE_SIZE): Promise<PagedWorld> {
    const world = new PagedWorld(limit);
    for (const slot of SLOTS) await world.store(slot);
    return world;
  }

  async store(slot: Slot): Promise<void> {
    this.values.set(slot.key, await (STORED[slot.index] ??= storedForm(slot)));
  }

  async open(slot: Slot, start = slot.start, end = slot.end) {
    return (await this.slots.open(slot, start, end))!;
  }

  /** Reads a range of a slot and checks each chunk, also before the next one is read. */
  async read(slot: Slot, start = slot.start, end = slot.end, between = () => Promise.resolve()) {
    let at = start;
    // A slot that is removed meanwhile is opened again.
    while (at < end) {
      const reader = await this.open(slot, at, end);
      try {
        for (let chunk = await reader.read(); chunk !== null; chunk = await reader.read()) {
          const expected = DATA.subarray(at, at + chunk.byteLength);
          assertSame(chunk, expected);
          await between();
          assertSame(chunk, expected);
          at += chunk.byteLength;
        }
      } finally {
        await reader.close();
      }
    }
    assertEquals(at, end);
  }
}

/** As `assertEquals`, which takes long for a megabyte. */
function assertSame(actual: Uint8Array, expected: Uint8Array): void {
  assert(Buffer.compare(actual, expected) === 0);
}

Deno.test("PagedSlots.open() reads each page and the header once when readers arrive together", async () => {
  const world = await PagedWorld.create();
  const [slot] = SLOTS as [Slot];
  await Promise.all(Array.from({ length: 20 }, (_, n) => world.read(slot, n * 1000)));
  const first = headerSize(SLOT_SIZE);
  const pages = [first, first + PAGE_SIZE, first + 2 * PAGE_SIZE];
  assertEquals(world.reads, pages);
  assertEquals([world.opened, world.closed], [1, 1]);
  // What is in memory needs no file.
  await world.read(slot, slot.start + 100, slot.start + 200);
  assertEquals(world.opened, 1);
});

Deno.test("PagedSlots.open() returns null when the slot is not stored", async () => {
  const world = await PagedWorld.create();
  const [slot] = SLOTS as [Slot];
  world.values.delete(slot.key);
  assertEquals(await world.slots.open(slot, 0, 10), null);
  await world.store(slot);
  await world.read(slot);
});

Deno.test("PagedSlots.open() throws CorruptSlot for each flipped byte and each missing end", async () => {
  const world = await PagedWorld.create();
  const [slot] = SLOTS as [Slot];
  const value = world.values.get(slot.key)!;
  const header = headerSize(SLOT_SIZE);
  const positions = [0, header - 1, header, header + PAGE_SIZE + BLOCK_SIZE, value.byteLength - 1];
  for (const position of positions) {
    const damaged = value.slice();
    damaged[position]! ^= 1;
    for (const stored of [damaged, value.slice(0, position)]) {
      world.values.set(slot.key, stored);
      await assertRejects(() => world.read(slot), CorruptSlot);
      world.slots.remove(slot.key);
    }
  }
  world.values.set(slot.key, value);
  await world.read(slot);
  assertEquals(world.opened, world.closed);
});

Deno.test("PagedSlots.open() reads a page again after it could not be read", async () => {
  const world = await PagedWorld.create();
  const [slot] = SLOTS as [Slot];
  const reader = await world.open(slot);
  world.pause = () => Promise.reject(new Error("the disk is broken"));
  await assertRejects(() => reader.read(), Error, "the disk is broken");
  await reader.close();
  world.pause = () => Promise.resolve();
  await world.read(slot);
});

Deno.test("PagedSlots.open() gives readers blocks of their own when the pages in use take all memory", async () => {
  const world = await PagedWorld.create(PAGE_SIZE);
  const [first, second] = SLOTS as [Slot, Slot];
  const reader = await world.open(first);
  assertEquals((await reader.read())?.byteLength, PAGE_SIZE);
  assert(reader.isShared);
  const other = await world.open(second);
  const block = await other.read();
  assertEquals(other.isShared, false);
  assertSame(block!, DATA.subarray(second.start, second.start + BLOCK_SIZE));
  await other.close();
  await reader.close();
});

Deno.test("PagedSlots.open() does not change a chunk when its reader is closed and the memory is needed", async () => {
  const world = await PagedWorld.create(PAGE_SIZE);
  const [first, second] = SLOTS as [Slot, Slot];
  const reader = await world.open(first);
  const chunk = await reader.read();
  await reader.close();
  await world.read(second);
  assertSame(chunk!, DATA.subarray(first.start, first.start + PAGE_SIZE));
});

Deno.test("PagedSlots.remove() lets readers finish what is open, and others read what is stored then", async () => {
  const world = await PagedWorld.create(3 * PAGE_SIZE);
  const [slot, other] = SLOTS as [Slot, Slot];
  await world.read(slot, slot.start, slot.start + 1);
  const pausing = await world.open(slot);
  const running = await world.open(slot, slot.start + PAGE_SIZE);
  await pausing.read();
  await running.read();
  world.slots.remove(slot.key);
  world.values.delete(slot.key);
  assertEquals(await world.slots.open(slot, slot.start, slot.end), null);
  assertEquals((await running.read())?.byteLength, 5);
  await Promise.all([pausing.close(), running.close()]);
  await world.store(slot);
  await world.read(other);
  await world.read(slot);
  assertEquals(world.opened, world.closed);
});

Deno.test("PagedSlots.open() delivers every byte under small memory, departures and removals: 100 seeds", async () => {
  for (let seed = 1; seed <= 100; seed++) {
    const random = seededRandom(seed);
    const world = await PagedWorld.create(between(random, 0, 4) * PAGE_SIZE);
    const wait = async () => {
      for (let turns = between(random, 0, 5); turns > 0; turns--) await Promise.resolve();
    };
    world.pause = wait;
    const read = async () => {
      await wait();
      const slot = SLOTS[between(random, 0, 3)]!;
      const start = between(random, slot.start, slot.end - 1);
      if (random() < 0.7) return await world.read(slot, start, slot.end, wait);
      const reader = await world.open(slot, start);
      const chunk = await reader.read();
      const pending = random() < 0.5 ? reader.read() : null;
      await wait();
      await reader.close();
      await pending;
      if (random() < 0.5) world.slots.remove(slot.key);
      await wait();
      if (pending === null) assertSame(chunk!, DATA.subarray(start, start + chunk!.byteLength));
    };
    await Promise.all(Array.from({ length: between(random, 1, 12) }, read));
    assertEquals(world.opened, world.closed, `seed ${seed}`);
  }
});
