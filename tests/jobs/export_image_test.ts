/** Images as records and data, and images restored from them. */
import { assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import {
  exportImage,
  ImageIntegrityError,
  Invalid,
  type PortableRecord,
  restoreImage,
  type UploadData,
} from "../../mod.ts";
import { bytesOf } from "../support/bodies.ts";
import { seededBytes } from "../support/seed.ts";
import { Cloud, FORMATS } from "./embedded.ts";

const BYTES = seededBytes(8, 100_000);

async function exported() {
  const { service, context, requested } = new Cloud();
  const properties = { os_type: "linux" };
  const meta = { name: "disk", ...FORMATS, tags: ["a"], properties, minDisk: 2 };
  const image = await service.create(context, meta, BYTES);
  requested.length = 0;
  const { record, data } = await exportImage(service, context, image.id);
  return { image, record, data, requested };
}

Deno.test("exportImage() returns a JSON record, and opens the data on demand", async () => {
  const { image, record, data, requested } = await exported();
  assertEquals(JSON.parse(JSON.stringify(record)), record);
  assertEquals(record, {
    name: "disk",
    visibility: "shared",
    diskFormat: "raw",
    containerFormat: "bare",
    minDisk: 2,
    minRam: 0,
    protected: false,
    osHidden: false,
    tags: ["a"],
    properties: { os_type: "linux" },
    size: BYTES.length,
    checksum: image.checksum,
    osHashAlgo: "sha512",
    osHashValue: image.osHashValue,
  });
  assertEquals(requested, [`GET /v2/images/${image.id}`]);
  for (let times = 0; times < 2; times++) assertEquals(await bytesOf(await data()), BYTES);
});

Deno.test("create() accepts the result of exportImage()", async () => {
  const { record, data } = await exported();
  const { service, context } = new Cloud();
  const again = await service.create(context, record, data);
  assertEquals((await exportImage(service, context, again.id)).record, record);
});

/** The data of the record, in every form that can be sent. */
const FORMS: Readonly<Record<string, (bytes: Uint8Array<ArrayBuffer>) => UploadData>> = {
  "bytes": (bytes) => bytes,
  "a Blob": (bytes) => new Blob([bytes]),
  "a stream": (bytes) => new Blob([bytes]).stream(),
  "an iterable": (bytes) => ReadableStream.from([bytes.slice(0, 9), bytes.slice(9)]),
  "a function": (bytes) => () => new Blob([bytes]).stream(),
};

for (const [form, dataOf] of Object.entries(FORMS)) {
  for (const hashAlgorithm of ["sha512", "sha256"]) {
    Deno.test(`restoreImage() creates the image from ${form} if Glance uses ${hashAlgorithm}`, async () => {
      const { record } = await exported();
      const { service, context } = new Cloud({ hashAlgorithm });
      await service.create(context, FORMATS, BYTES.slice(1));
      const reported = { record: JSON.parse(JSON.stringify(record)), data: dataOf(BYTES) };
      const image = await restoreImage(service, context, reported, { verify: "required" });
      assertEquals([image.checksum, image.osHashAlgo], [record.checksum, hashAlgorithm]);
    });

    Deno.test(`restoreImage() rejects ${form} that differs from the record if Glance uses ${hashAlgorithm}`, async () => {
      const { record } = await exported();
      const { service, context } = new Cloud({ hashAlgorithm });
      await service.create(context, FORMATS, BYTES.slice(1));
      const flipped = BYTES.slice();
      flipped[77] = (flipped[77] as number) ^ 1;
      for (const wrong of [flipped, BYTES.slice(1)]) {
        const source = { record: { ...record, checksum: null }, data: dataOf(wrong) };
        const rejected = restoreImage(service, context, source);
        const error = await assertRejects(() => rejected, Error);
        const isRight = error instanceof ImageIntegrityError ||
          (error instanceof Invalid && wrong !== flipped);
        assertEquals(isRight, true, String(error));
        assertEquals((await service.detail(context)).length, 1);
      }
    });
  }
}

Deno.test("restoreImage() accepts an image as record, and uses its portable properties", async () => {
  const { image, record } = await exported();
  const { service, context } = new Cloud();
  const properties = { ...image.properties, os_glance_failed_import: "slow" };
  const whole = { ...JSON.parse(JSON.stringify(image)), properties, owner: "somebody" };
  const again = await restoreImage(service, context, { record: whole, data: BYTES });
  assertNotEquals([again.id, again.owner], [image.id, "somebody"]);
  assertEquals((await exportImage(service, context, again.id)).record, record);
});

Deno.test("restoreImage() rejects an invalid record before any request", async () => {
  const { service, context, requested } = new Cloud();
  for (const source of [undefined, null, "x", { data: BYTES }, { record: [], data: BYTES }]) {
    const restored = restoreImage(service, context, source as never);
    await assertRejects(() => restored, Invalid, "it must be an object");
  }
  assertEquals(requested, []);
});

Deno.test("restoreImage() rejects an unknown verify mode before any request", async () => {
  const { record } = await exported();
  const { service, context, requested } = new Cloud();
  const options = { verify: "off" } as unknown as { verify: "auto" };
  const source = { record, data: BYTES };
  await assertRejects(() => restoreImage(service, context, source, options), Invalid, '"off"');
  const bare: PortableRecord = { ...record, checksum: null, osHashValue: null };
  const strict = { verify: "required" } as const;
  await assertRejects(
    () => restoreImage(service, context, { record: bare, data: BYTES }, strict),
    Invalid,
    "has no hash",
  );
  assertEquals(requested.filter((line) => !line.startsWith("GET")), []);
});
