/** What `service.create` and `service.update` refuse before a byte is sent. */
import { Buffer } from "node:buffer";
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  ImageContentRejected,
  Invalid,
  type UploadData,
  type UploadOptions,
} from "../../../mod.ts";
import { concat } from "../../../lib/concat.ts";
import { FakeBody } from "../../support/bodies.ts";
import { failureOf } from "../../support/client_harness.ts";
import { CALLER, chunksOf, ID } from "../../support/image.ts";
import { qcow2Header } from "../../support/image_headers.ts";
import { failure } from "../../support/scripted_fetch.ts";
import { seededBytes } from "../../support/seed.ts";
import { stored } from "../../support/upload_glance.ts";
import { KINDS, uploadHarness } from "./upload_harness.ts";

/** An image that refers to a file of its host, and one that does not. */
const UNSAFE = qcow2Header({ backingFile: "/etc/passwd" });
const QCOW2 = qcow2Header();

/** More bytes than are inspected, of no known format. */
const LARGE = seededBytes(7, 700_000);

const QCOW2_DISK = { name: "disk", diskFormat: "qcow2", containerFormat: "bare" };

/** Creates an image that declares a format. */
function createHarness(meta: Readonly<Record<string, unknown>> = QCOW2_DISK) {
  const harness = uploadHarness();
  const create = async (data: UploadData, options: UploadOptions = {}) =>
    await harness.clock.run(harness.service.create(CALLER, meta, data, options));
  return { ...harness, create };
}

for (const [kind, data] of KINDS) {
  Deno.test(`create() of ${kind} sends no request when the data is of another format`, async () => {
    const { create, glance, clock } = createHarness();
    const error = await assertRejects(() => create(data()), ImageContentRejected);
    assertEquals([glance.requested, clock.pending], [[], 0]);
    assertEquals([error.status, error.imageId], [undefined, undefined]);
    for (const part of ["qcow2", "raw", 'set "inspect" to "off"']) {
      assert(error.message.includes(part), error.message);
    }
  });
}

Deno.test("create() refuses unsafe data, whatever it is called", async () => {
  for (const diskFormat of ["qcow2", "raw", "vmdk"]) {
    const { create, glance } = createHarness({ ...QCOW2_DISK, diskFormat });
    await assertRejects(() => create(UNSAFE), ImageContentRejected, "backing_file");
    assertEquals(glance.requested, []);
  }
});

Deno.test("inspect: safe accepts any format, and refuses unsafe data; off accepts all", async () => {
  const raw = createHarness();
  assertEquals((await raw.create(LARGE, { inspect: "safe" })).status, "active");
  const unsafe = createHarness();
  await assertRejects(() => unsafe.create(UNSAFE, { inspect: "safe" }), ImageContentRejected);
  assertEquals(unsafe.glance.requested, []);
  assertEquals((await unsafe.create(UNSAFE, { inspect: "off" })).status, "active");
});

Deno.test("create() accepts any safe format as raw, and names it in an event", async () => {
  const { create, events } = createHarness({ ...QCOW2_DISK, diskFormat: "raw" });
  await create(QCOW2);
  const [event, ...others] = events.filter(({ kind }) => kind === "inspected");
  assert(event?.kind === "inspected" && event.warning.includes("qcow2"));
  assertEquals(others, []);
});

Deno.test("create() inspects only bare containers, and formats that can be recognized", async () => {
  const metas = [
    { diskFormat: "qcow2", containerFormat: "ova" },
    { diskFormat: "ami", containerFormat: "ami" },
    { diskFormat: "ploop", containerFormat: "bare" },
    { diskFormat: "raw", containerFormat: "bare" },
    {},
  ];
  for (const meta of metas) {
    assertEquals((await createHarness(meta).create(LARGE)).status, "active", JSON.stringify(meta));
  }
  const ploop = createHarness({ diskFormat: "ploop", containerFormat: "bare" });
  await assertRejects(() => ploop.create(QCOW2), ImageContentRejected, "ploop");
});

Deno.test("create() throws Invalid for an unknown way to inspect", async () => {
  const { create, glance } = createHarness();
  const inspect = "strict" as "safe";
  await assertRejects(() => create(QCOW2, { inspect }), Invalid, '"strict"');
  assertEquals(glance.requested, []);
});

/** Sources of the same bytes, in chunks of one size. One of them reuses the memory of its first chunks. */
function sourcesOf(bytes: Uint8Array<ArrayBuffer>, size: number): Record<string, () => UploadData> {
  const parts = () => chunksOf(bytes, size);
  async function* reusing() {
    // `slice` of a Buffer returns the same memory.
    const memory = Buffer.alloc(size);
    for (const [i, part] of parts().entries()) {
      // Later chunks are forwarded unchanged.
      const isInspected = (i + 1) * size < 30_000;
      if (isInspected) memory.set(part);
      yield isInspected ? memory.subarray(0, part.byteLength) : part;
      memory.fill(255);
    }
  }
  return {
    "a byte stream": () => new FakeBody(parts()).stream,
    "a stream": () => new FakeBody(parts(), { isByteStream: false }).stream,
    "an iterable": () => reusing(),
    "a function": () => () => new FakeBody(parts()).stream,
  };
}

for (const size of [997, 4_099, 65_536, 1_000_000]) {
  Deno.test(`create() sends each byte once in chunks of ${size} bytes`, async () => {
    for (const length of [0, 1, 262_143, 262_144, 262_145, 700_000]) {
      const bytes = LARGE.slice(0, length);
      for (const [kind, data] of Object.entries(sourcesOf(bytes, size))) {
        for (const announced of [undefined, length]) {
          const { create, glance } = createHarness({ ...QCOW2_DISK, diskFormat: "raw" });
          await create(data(), { size: announced });
          const sent = concat(glance.puts.at(-1)?.chunks ?? []);
          assertEquals(sent.byteLength, length, kind);
          assert(sent.every((byte, i) => byte === bytes[i]), kind);
        }
      }
    }
  });
}

Deno.test("create() calls a function once for an upload that succeeds", async () => {
  const { create } = createHarness();
  let calls = 0;
  await create(() => {
    calls++;
    return new FakeBody([QCOW2]).stream;
  });
  assertEquals(calls, 1);
});

Deno.test("create() cancels a stream that it refuses, and one whose image cannot be created", async () => {
  const refused = new FakeBody([LARGE.slice(0, 300_000), "silence"]);
  const { create, glance } = createHarness();
  const error = await failureOf(create(refused.stream));
  assertEquals([refused.cancels, glance.requested], [[error], []]);

  const forbidden = new FakeBody([QCOW2, new Uint8Array(300_000), "silence"]);
  const harness = createHarness();
  const { fetch } = harness.glance;
  const client = uploadHarness([], {
    fetch: (input, init) =>
      init.method === "POST" ? Promise.resolve(failure(403)) : fetch(input, init),
  });
  const reason = await failureOf(
    client.clock.run(client.service.create(CALLER, QCOW2_DISK, forbidden.stream)),
  );
  assert(reason instanceof Error);
  assertEquals(forbidden.cancels, [reason]);
});

Deno.test("create() ends at once when it is aborted while the first bytes are read", async () => {
  for (const steps of [[QCOW2.slice(0, 3), "silence"], ["silence"]] as const) {
    const body = new FakeBody(steps);
    const { create, glance, clock } = createHarness();
    const controller = new AbortController();
    clock.sleep(300).then(() => controller.abort("enough"));
    assertEquals(await failureOf(create(body.stream, { signal: controller.signal })), "enough");
    assertEquals([body.cancels, glance.requested, clock.pending], [["enough"], [], 0]);
  }
  const { create, glance } = createHarness();
  const body = new FakeBody([QCOW2]);
  assertEquals(
    await failureOf(create(body.stream, { signal: AbortSignal.abort("before") })),
    "before",
  );
  assertEquals([body.pulls, body.stream.locked, glance.requested], [0, false, []]);
});

Deno.test("update() reads the record for the disk format, and sends nothing that Glance refuses", async () => {
  const { upload, glance } = uploadHarness();
  glance.record = { ...glance.record, disk_format: "qcow2" };
  const error = await assertRejects(() => upload(LARGE), ImageContentRejected, `image "${ID}"`);
  assertEquals([error.imageId, glance.requested], [ID, ["GET 42"]]);
  assertEquals((await upload(QCOW2)).status, "active");
});

Deno.test("update() reads no record when the formats are known, or nothing is inspected", async () => {
  const formats = { diskFormat: "qcow2", containerFormat: "bare" };
  const { service, clock, glance, upload } = uploadHarness([stored]);
  const update = (data: UploadData) => clock.run(service.update(CALLER, ID, formats, data));
  await assertRejects(() => update(LARGE), ImageContentRejected);
  assertEquals(glance.requested, []);
  await upload(UNSAFE, { inspect: "off" });
  assertEquals(glance.requested, ["PUT file", "GET 42"]);
});

Deno.test("update() sends data that is inspected again after a break", async () => {
  let opened = 0;
  const { service, clock, glance } = uploadHarness([
    async (_, put) => {
      await put.take(100);
      throw new TypeError("reset");
    },
  ]);
  const data = () => new FakeBody([opened++ === 0 ? QCOW2 : UNSAFE]).stream;
  const formats = { diskFormat: "qcow2", containerFormat: "bare" };
  await assertRejects(
    () => clock.run(service.update(CALLER, ID, formats, data)),
    ImageContentRejected,
  );
  assertEquals([opened, glance.puts.length], [2, 1]);
});
