/** Downloads that are inspected while they are delivered. */
import { assertEquals, assertRejects } from "@std/assert";
import { type DownloadOptions, type ImageInspection, Invalid } from "../../../mod.ts";
import { bytesOf } from "../../support/bodies.ts";
import { failureOf } from "../../support/client_harness.ts";
import { embeddedService } from "../../support/embedded_service.ts";
import { qcow2Header } from "../../support/image_headers.ts";
import { seededBytes } from "../../support/seed.ts";
import { SeekableFile } from "../../support/seekable_file.ts";

/** A qcow2 image in several parts. */
const IMAGE = seededBytes(3, 1_000_000);
IMAGE.set(qcow2Header({ virtualSize: 4_096 }));

/** A service with the image, and the inspections of its downloads. */
async function harness() {
  const service = embeddedService();
  const meta = { diskFormat: "qcow2", containerFormat: "bare" };
  const { id } = await service.create({}, meta, IMAGE);
  const inspections: ImageInspection[] = [];
  const options = {
    onInspection: (inspection: ImageInspection) => void inspections.push(inspection),
  };
  const download = async (more: DownloadOptions = {}) =>
    await bytesOf(await service.download({}, id, { ...options, ...more }));
  return { service, id, inspections, options, download };
}

Deno.test("onInspection is called once with what the delivered data is", async () => {
  for (const more of [{}, { connections: 3, partSize: 200_000 }, { verify: "off" }] as const) {
    const { download, inspections } = await harness();
    assertEquals(await download(more), IMAGE);
    const [inspection, ...others] = inspections;
    assertEquals(others, []);
    const { format, virtualSize, isSafe, bytesRead } = inspection ?? {};
    assertEquals([format, virtualSize, isSafe, bytesRead], ["qcow2", 4_096, true, 1_000_000]);
  }
});

Deno.test("onInspection makes a seekable sink receive the data in order", async () => {
  const { service, id, options, inspections } = await harness();
  const file = new SeekableFile(IMAGE.byteLength);
  const parallel = { connections: 3, partSize: 200_000, verify: "off" } as const;
  await service.download({}, id, file, { ...options, ...parallel });
  assertEquals([file.bytes, inspections.length], [IMAGE, 1]);
  assertEquals(file.positions.every((position) => position === null), true);
});

Deno.test("onInspection is called for a range that begins at 0, and refused for others", async () => {
  const { download, inspections } = await harness();
  assertEquals((await download({ range: { start: 0, end: 511 } })).byteLength, 512);
  assertEquals(inspections.map(({ format, bytesRead }) => [format, bytesRead]), [["qcow2", 512]]);
  await assertRejects(() => download({ range: { start: 1 } }), Invalid, "first bytes");
});

Deno.test("onInspection is not called when the download is canceled, and its errors are ignored", async () => {
  const { service, id, options, inspections, download } = await harness();
  const stream = await service.download({}, id, options);
  await stream.cancel("enough");
  assertEquals(inspections, []);
  const onInspection = () => {
    throw new Error("of the callback");
  };
  assertEquals(await download({ onInspection }), IMAGE);
});

Deno.test("download() throws Invalid when onInspection is not a function", async () => {
  const { download } = await harness();
  const error = await failureOf(download({ onInspection: true as unknown as () => void }));
  assertEquals(error instanceof Invalid, true);
});
