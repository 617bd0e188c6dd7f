/** What holds for every image and every way to cut it into chunks. */
import { assert, assertEquals } from "@std/assert";
import { ImageInspector } from "../../lib/formats/image_inspector.ts";
import type { ImageInspection } from "../../lib/formats/types.ts";
import { fc, forAll } from "../support/properties.ts";
import {
  gpt,
  iso,
  ISO_DESCRIPTOR,
  luks,
  qcow2,
  qed,
  vdi,
  vhd,
  vhdx,
  VHDX_METADATA,
  VHDX_REGIONS,
  vmdk,
  VMDK_FOOTER,
  vmdkDescriptor,
  vmdkWithFooter,
} from "./image_builder.ts";
import { inspectRegions } from "../../lib/formats/inspect_regions.ts";
import { inspectChunks } from "./inspect.ts";

const TEXT = new TextEncoder().encode(vmdkDescriptor("monolithicFlat"));

const IMAGES: readonly Uint8Array[] = [
  ...[qcow2, qed, vhd, vhdx, vdi, luks, iso, gpt, vmdk, vmdkWithFooter].map((build) => build()),
  TEXT,
  new Uint8Array(100),
];

/** Places that the inspectors read. */
const OFFSET = fc.oneof(
  ...[0, 4, 72, 450, 510, 520, ISO_DESCRIPTOR, VHDX_REGIONS, VHDX_METADATA, VHDX_METADATA + 65_544]
    .concat(VMDK_FOOTER, VMDK_FOOTER + 512, VMDK_FOOTER + 1024)
    .map((start) => fc.integer({ min: start, max: start + 96 })),
);

const CHANGE = fc.record({ offset: OFFSET, bytes: fc.uint8Array({ minLength: 1, maxLength: 8 }) });

/** An image with changes, how much its end is cut off, and the sizes of its chunks. */
const CASE = fc.record({
  base: fc.nat(IMAGES.length - 1),
  changes: fc.array(CHANGE, { maxLength: 12, size: "max" }),
  cut: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.integer({ min: 0, max: 100_000 })),
  sizes: fc.array(
    fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 400, max: 500_000 })),
    {
      minLength: 1,
      maxLength: 30,
    },
  ),
});

type Case = typeof CASE extends fc.Arbitrary<infer Value> ? Value : never;

function imageFor({ base, changes, cut }: Case): Uint8Array {
  const image = (IMAGES[base] ?? TEXT).slice();
  for (const { offset, bytes } of changes) {
    if (offset + bytes.byteLength <= image.byteLength) image.set(bytes, offset);
  }
  return image.subarray(0, Math.max(0, image.byteLength - cut));
}

/** The inspection in chunks of these sizes, and then of 1 MiB; and the most bytes that were kept. */
function inspectIn(
  image: Uint8Array,
  sizes: readonly number[],
  size?: number,
): { inspection: ImageInspection; buffered: number } {
  const inspector = new ImageInspector({ size });
  let buffered = 0;
  let offset = 0;
  for (const length of [...sizes, ...Array(4).fill(2 ** 20)]) {
    inspector.update(image.subarray(offset, offset += length));
    buffered = Math.max(buffered, inspector.bufferedBytes);
  }
  return { inspection: inspector.finish(), buffered };
}

Deno.test("ImageInspector returns the same inspection for every way to split the bytes into chunks", async () => {
  await forAll(CASE, (input) => {
    const image = imageFor(input);
    const { inspection, buffered } = inspectIn(image, input.sizes);
    assertEquals(inspection, inspectChunks(image, Math.max(1, image.byteLength)));
    assert(buffered <= (inspection.format === "vmdk" ? 1.5 : 0.5) * 2 ** 20, `${buffered} bytes`);
  });
});

Deno.test("ImageInspector returns the same inspection if the size is known", async () => {
  await forAll(CASE, (input) => {
    const image = imageFor(input);
    const { inspection } = inspectIn(image, input.sizes, image.byteLength);
    assertEquals(inspection, inspectIn(image, input.sizes).inspection);
  });
});

Deno.test("preview() returns the formats of the whole image once isDecided is true", async () => {
  await forAll(CASE, (input) => {
    const image = imageFor(input);
    const inspector = new ImageInspector();
    for (let offset = 0; offset < 256 * 1024; offset += 4096) {
      inspector.update(image.subarray(offset, offset + 4096));
      if (inspector.isDecided) break;
    }
    const whole = inspectIn(image, [image.byteLength]).inspection;
    const preview = inspector.preview();
    if (preview === null) return assert(image.byteLength < 256 * 1024);
    assertEquals([preview.format, preview.formats], [whole.format, whole.formats]);
    if (preview.isSafe && preview.unchecked.length === 0) assertEquals(whole.failures, []);
  });
});

Deno.test("ImageInspector inspects any bytes without an exception", async () => {
  await forAll(fc.uint8Array({ maxLength: 2000 }), (image) => {
    const { isSafe, failures, bytesRead } = inspectIn(image, [7]).inspection;
    assertEquals([isSafe, bytesRead], [failures.length === 0, image.byteLength]);
  });
});

Deno.test("inspectRegions() returns the inspection of the whole image, of which it reads parts", async () => {
  await forAll(CASE, async (input) => {
    const image = imageFor(input);
    const regions = recordingRegions(image);
    const { bytesRead, ...inspection } = await inspectRegions(regions.image);
    assertEquals(
      { ...inspection, bytesRead: image.byteLength },
      inspectChunks(image, Math.max(1, image.byteLength)),
    );
    assertEquals(bytesRead, regions.read());
    assert(bytesRead <= image.byteLength, "no byte is read twice");
  });
});

Deno.test("inspectRegions() reads nothing beyond its limit, and the formats are those of the image", async () => {
  const limit = 256 * 1024;
  await forAll(CASE, async (input) => {
    const image = imageFor(input);
    const regions = recordingRegions(image);
    const inspection = await inspectRegions(regions.image, limit);
    const whole = inspectChunks(image, Math.max(1, image.byteLength));
    assert(regions.read() <= limit, `${regions.read()} bytes`);
    assertEquals(inspection.formats, whole.formats);
    if (inspection.isSafe && inspection.unchecked.length === 0) assertEquals(whole.failures, []);
  });
});

/** An image that counts the bytes which are read, and refuses to read outside of it. */
function recordingRegions(image: Uint8Array) {
  let read = 0;
  return {
    read: () => read,
    image: {
      size: image.byteLength,
      read(start: number, end: number): Promise<Uint8Array> {
        assert(start >= 0 && end > start && end <= image.byteLength, `${start} to ${end}`);
        read += end - start;
        return Promise.resolve(image.slice(start, end));
      },
    },
  };
}
