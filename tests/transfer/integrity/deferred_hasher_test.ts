/** Hashes of data of unknown size: the same digest inline and in a thread, and no thread for little data. */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { Worker } from "node:worker_threads";
import { assertEquals, assertInstanceOf } from "@std/assert";
import type { StartThread } from "../../../lib/transfer/integrity/hash_worker.ts";
import { createTransferHasher } from "../../../lib/transfer/transfer_hasher.ts";
import { createEmbeddedGlance } from "../../../lib/embedded/mod.ts";
import { connect, GlanceError } from "../../../mod.ts";
import { failureOf } from "../../support/client_harness.ts";
import { between, seededBytes, seededRandom } from "../../support/seed.ts";

const MIB = 2 ** 20;

/** A hasher of data of unknown size, and how many threads it has started. */
async function hasherFixture() {
  const fixture = { started: 0 };
  const start: StartThread = (code, workerData) => {
    fixture.started++;
    return new Worker(code, { eval: true, workerData });
  };
  const hasher = await createTransferHasher("sha512", null, { start });
  if (hasher === null) throw new Error("There is no sha512 here");
  return Object.assign(fixture, { hasher });
}

Deno.test("createTransferHasher() starts a thread for data of unknown size when it is large", async (t) => {
  for (const [size, threads] of [[0, 0], [4 * MIB - 1, 0], [4 * MIB, 1], [9 * MIB, 1]] as const) {
    await t.step(`${size} bytes`, async () => {
      const bytes = seededBytes(size, size);
      const random = seededRandom(size);
      const fixture = await hasherFixture();
      for (let offset = 0; offset < size;) {
        // `slice` of a Buffer returns the same memory.
        const chunk = Buffer.from(bytes.slice(offset, offset + between(random, 1, 500_000)));
        await fixture.hasher.update(chunk);
        offset += chunk.byteLength;
        // The memory of a chunk may be used again.
        chunk.fill(0);
      }
      const expected = createHash("sha512").update(bytes);
      assertEquals(await fixture.hasher.digest(), expected.copy().digest("hex"));
      await fixture.hasher.update(bytes);
      assertEquals(await fixture.hasher.digest(), expected.update(bytes).digest("hex"));
      assertEquals(fixture.started, threads);
      await fixture.hasher.close?.();
    });
  }
});

Deno.test("close() of a hasher of data of unknown size ends its thread while bytes are added", async () => {
  const { hasher } = await hasherFixture();
  await hasher.update(seededBytes(1, 5 * MIB));
  const adding = failureOf(Promise.resolve(hasher.update(new Uint8Array(9 * MIB))));
  await hasher.close?.();
  assertInstanceOf(await adding, GlanceError);
});

Deno.test("create() verifies data of unknown size when it is hashed in a thread", async () => {
  const glance = createEmbeddedGlance();
  const { service } = await connect({
    apiServers: ["http://glance.example"],
    environment: {},
    fetch: (input: string, init?: RequestInit) => glance.fetch(new Request(input, init)),
  });
  const bytes = seededBytes(3, 6 * MIB);
  const meta = { name: "disk", diskFormat: "raw", containerFormat: "bare" };
  const data = new Blob([bytes]).stream();
  const { osHashValue } = await service.create({}, meta, data);
  assertEquals(osHashValue, createHash("sha512").update(bytes).digest("hex"));
});
