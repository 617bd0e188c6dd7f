import { assert, assertEquals, assertRejects } from "@std/assert";
import { inspectImage, Invalid } from "../../mod.ts";
import { gpt, qcow2, vhdx, vmdkWithFooter } from "./image_builder.ts";
import { inspectBytes } from "./inspect.ts";

/** A stream of chunks that records whether it is canceled. */
function streamOf(chunks: readonly unknown[]): { stream: ReadableStream; reasons: unknown[] } {
  const reasons: unknown[] = [];
  const remaining = [...chunks];
  const stream = new ReadableStream({
    pull: (controller) => {
      if (remaining.length === 0) controller.close();
      else controller.enqueue(remaining.shift());
    },
    cancel: (reason) => void reasons.push(reason),
  }, { highWaterMark: 0 });
  return { stream, reasons };
}

Deno.test("inspectImage() inspects bytes, Blobs and streams alike", async () => {
  for (const image of [qcow2(), vmdkWithFooter(), vhdx(), new Uint8Array(0)]) {
    const expected = inspectBytes(image);
    for (const data of [image, new Blob([image.slice()]), streamOf([image]).stream]) {
      if (data instanceof ReadableStream && image.byteLength === 0) continue;
      const { bytesRead, ...inspection } = await inspectImage(data);
      assertEquals({ ...inspection, bytesRead: image.byteLength }, expected);
      assert(bytesRead <= image.byteLength);
    }
  }
});

Deno.test("inspectImage() stops reading when nothing can change, and cancels the stream", async () => {
  const { stream, reasons } = streamOf([qcow2(), qcow2(), qcow2()]);
  const size = 3 * 65_536;
  const { bytesRead, virtualSize } = await inspectImage(stream, { size });
  assertEquals([bytesRead, virtualSize, reasons.length], [65_536, 2 ** 30, 1]);
});

Deno.test("headerOnly stops reading when the format is certain, and names what it did not check", async () => {
  const cases: readonly (readonly [Uint8Array, string, string[]])[] = [
    [gpt(), "gpt", []],
    [vhdx(), "vhdx", ["metadata"]],
    [vmdkWithFooter(), "vmdk", ["footer"]],
  ];
  for (const [image, format, unchecked] of cases) {
    const chunks = Array.from({ length: image.byteLength / 4096 }, (_, index) => {
      return image.subarray(index * 4096, (index + 1) * 4096);
    });
    const { stream, reasons } = streamOf(chunks);
    const inspection = await inspectImage(stream, { headerOnly: true });
    assertEquals([inspection.format, inspection.unchecked], [format, unchecked]);
    assertEquals(reasons.length, 1);
    assert(inspection.bytesRead <= 256 * 1024);
  }
});

Deno.test("inspectImage() has the virtual size of raw data if the size is known", async () => {
  const data = () => streamOf(Array.from({ length: 10 }, () => new Uint8Array(40_000))).stream;
  const headerOnly = true;
  assertEquals((await inspectImage(data(), { headerOnly })).virtualSize, null);
  assertEquals((await inspectImage(data(), { headerOnly, size: 400_000 })).virtualSize, 400_000);
  assertEquals((await inspectImage(data())).virtualSize, 400_000);
});

Deno.test("inspectImage() rejects with the reason of its signal, and cancels the stream", async () => {
  const abort = new AbortController();
  const reasons: unknown[] = [];
  const reading = Promise.withResolvers<void>();
  const stream = new ReadableStream<Uint8Array>({
    pull: () => reading.resolve(),
    cancel: (reason) => void reasons.push(reason),
  });
  const inspection = inspectImage(stream, { signal: abort.signal });
  await reading.promise;
  const reason = new Error("stop");
  abort.abort(reason);
  assertEquals(await assertRejects(() => inspection, Error, "stop"), reason);
  assertEquals(reasons, [reason]);
  const { stream: other } = streamOf([]);
  await assertRejects(() => inspectImage(other, { signal: abort.signal }), Error, "stop");
});

Deno.test("inspectImage() rejects with the error of the stream", async () => {
  const stream = new ReadableStream<Uint8Array>({
    start: (controller) => controller.error("gone"),
  });
  assertEquals(await inspectImage(stream).catch((error) => error), "gone");
});

Deno.test("inspectImage() rejects with Invalid if the data is not bytes", async () => {
  const locked = new ReadableStream<Uint8Array>();
  locked.getReader();
  const text = streamOf(["text"]);
  const data: Readonly<Record<string, unknown>> = {
    "a string": "text",
    "undefined": undefined,
    "locked": locked,
    "a string as a chunk": text.stream,
  };
  for (const [message, value] of Object.entries(data)) {
    await assertRejects(() => inspectImage(value as Blob), Invalid, message);
  }
  assertEquals(text.reasons.length, 1);
  await assertRejects(() => inspectImage(new Blob(), null as never), Invalid, "options");
});
