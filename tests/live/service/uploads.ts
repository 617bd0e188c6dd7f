/** Uploads of every kind of data, and uploads that fail. */
import { assertEquals, assertRejects } from "@std/assert";
import { ImageLimitExceeded, Invalid, type Progress, type UploadData } from "../../../mod.ts";
import { digestOf, type Fields, randomBytes, RawGlance } from "../raw_glance.ts";
import type { LiveStack } from "../stack.ts";
import {
  BYTES,
  bytesOf,
  chunks,
  failingAfter,
  IMAGE_SIZE_CAP,
  iterableOf,
  MIB,
  pausingAfter,
  sourceOf,
  untilEmpty,
  untilStatus,
} from "./image_data.ts";
import { FORMATS, signIn } from "./sign_in.ts";

/** Every kind of data. */
export async function checkUploads(t: Deno.TestContext, stack: LiveStack): Promise<void> {
  const raw = await RawGlance.as(stack, "alice");
  const { service, context } = await signIn(stack, "alice");
  const sha512 = await digestOf("SHA-512", BYTES);
  const kinds: Record<string, () => UploadData> = {
    "bytes": () => BYTES,
    "an ArrayBuffer": () => BYTES.slice().buffer,
    "a view of a larger buffer": () => new Uint8Array([1, ...BYTES, 1]).subarray(1, -1),
    "a Blob": () => new Blob([BYTES]),
    "a stream": () => new Blob([BYTES]).stream(),
    "a stream of one chunk": () => ReadableStream.from([BYTES]),
    "an async iterable": () => chunks(BYTES, 7_777),
    "a function that gives a stream": () => () => new Blob([BYTES]).stream(),
    "a function that promises an iterable": () => () => Promise.resolve(chunks(BYTES, 100_000)),
  };
  for (const [kind, data] of Object.entries(kinds)) {
    await t.step(`create() stores ${kind}`, async () => {
      const progress: Progress[] = [];
      const image = await service.create(context, { name: kind, ...FORMATS }, data(), {
        onProgress: (p) => progress.push(p),
      });
      assertEquals([image.status, image.size, image.osHashValue], ["active", BYTES.length, sha512]);
      assertEquals(progress.at(-1)?.transferred, BYTES.length);
      const stored = await Deno.readFile(`${stack.directory}/stores/fast/${image.id}`);
      assertEquals(await digestOf("SHA-512", stored), sha512);
      await service.delete(context, image.id);
    });
  }

  await t.step("update() stores a stream of known size in another store", async () => {
    const { id } = await service.create(context, { name: "there", ...FORMATS });
    const stream = new Blob([BYTES]).stream();
    const options = { size: BYTES.length, storeId: "slow", purgeProps: false };
    const image = await service.update(context, id, {}, stream, options);
    assertEquals([image.stores, image.size], [["slow"], BYTES.length]);
  });

  await t.step("create() stores no data when it has zero bytes", async () => {
    for (const nothing of [new Uint8Array(), new ArrayBuffer(), null, undefined]) {
      const image = await service.create(context, { name: "empty", ...FORMATS }, nothing);
      assertEquals([image.status, image.size], ["queued", null]);
    }
    const empty = await service.create(context, { name: "empty", ...FORMATS }, new Blob([]));
    assertEquals([empty.status, empty.size], ["active", 0]);
    assertEquals(await bytesOf(await service.download(context, empty.id)), new Uint8Array());
  });
  await raw.deleteAll((await raw.images()).map(({ id }) => String(id)));
}

/** Failed uploads leave no image. */
export async function checkFailedUploads(t: Deno.TestContext, stack: LiveStack): Promise<void> {
  const raw = await RawGlance.as(stack, "alice");
  const { service, context } = await signIn(stack, "alice");
  const meta = { name: "fails", ...FORMATS };
  const left = async (): Promise<readonly Fields[]> => await raw.images();

  await t.step("create() fails and deletes the image when the source fails", async () => {
    const failure = new Error("the disk is gone");
    const sources: UploadData[] = [
      failingAfter(0, failure),
      failingAfter(2 * MIB, failure),
      () => failingAfter(2 * MIB, failure),
      iterableOf(failingAfter(2 * MIB, failure)),
    ];
    for (const source of sources) {
      assertEquals(await assertRejects(() => service.create(context, meta, source)), failure);
      assertEquals(await left(), []);
    }
  });

  await t.step(
    "create() fails and deletes the image when the source differs from the options",
    async () => {
      for (const size of [BYTES.length - 1, BYTES.length + 1]) {
        const stream = new Blob([BYTES]).stream();
        await assertRejects(
          () => service.create(context, meta, stream, { size }),
          Invalid,
          "announced",
        );
      }
      const texts = ReadableStream.from(["text"]) as unknown as ReadableStream<Uint8Array>;
      await assertRejects(() => service.create(context, meta, texts), Invalid, "string");
      assertEquals(await left(), []);
    },
  );

  await t.step("create() deletes the image when it is aborted", async () => {
    const reason = new DOMException("enough", "AbortError");
    for (const endless of [pausingAfter(2 * MIB), () => pausingAfter(2 * MIB)]) {
      const abort = new AbortController();
      const options = {
        signal: abort.signal,
        progressInterval: 0,
        onProgress: ({ transferred }: Progress) => transferred === 2 * MIB && abort.abort(reason),
      };
      const error = await assertRejects(() => service.create(context, meta, endless, options));
      assertEquals(error, reason);
      assertEquals(await left(), []);
    }
  });

  await t.step("create() throws ImageLimitExceeded at the limit of Glance", async () => {
    for (
      const data of [randomBytes(IMAGE_SIZE_CAP + 1), new Blob([randomBytes(9 * MIB)]).stream()]
    ) {
      await assertRejects(
        () => service.create(context, meta, data),
        ImageLimitExceeded,
        "too large",
      );
      assertEquals(await left(), []);
    }
  });

  await t.step("create() throws Invalid when there is no such store", async () => {
    await assertRejects(
      () => service.create(context, meta, BYTES, { storeId: "nowhere" }),
      Invalid,
      "nowhere",
    );
    assertEquals(await left(), []);
  });

  await t.step("update() can store the data after a failed update()", async () => {
    const { id } = await service.create(context, meta);
    const failure = new Error("the disk is gone");
    const source = sourceOf(MIB, async () => {
      await untilStatus(raw, id, "saving");
      throw failure;
    });
    await assertRejects(() => service.update(context, id, {}, source), Error, "the disk is gone");
    await untilStatus(raw, id, "queued");
    const image = await service.update(context, id, {}, BYTES);
    assertEquals([image.status, image.size], ["active", BYTES.length]);
    await service.delete(context, id);
  });

  await t.step("failed uploads leave nothing in the stores", async () => {
    for (const store of ["fast", "slow"]) {
      await untilEmpty(`${stack.directory}/stores/${store}`);
    }
  });
}
