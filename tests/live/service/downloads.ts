/** Downloads of images and of ranges. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { ImageDownloadFailed, ImageIntegrityError, Invalid, type Progress } from "../../../mod.ts";
import { digestOf, RawGlance } from "../raw_glance.ts";
import type { LiveStack } from "../stack.ts";
import { Traffic } from "../traffic.ts";
import { BYTES, bytesOf, collecting, MIB } from "./image_data.ts";
import { signIn } from "./sign_in.ts";

/** Streams, sinks, files, and data that is wrong or missing. */
export async function checkDownloads(t: Deno.TestContext, stack: LiveStack): Promise<void> {
  const raw = await RawGlance.as(stack, "alice");
  const { service, context } = await signIn(stack, "alice", { random: () => 0 });
  const id = await raw.create({ name: "whole" }, BYTES);
  const fileOf = (image: string) => `${stack.directory}/stores/fast/${image}`;

  await t.step("download() returns a verified stream", async () => {
    for (const verify of ["auto", "required", "off"] as const) {
      const progress: Progress[] = [];
      const stream = await service.download(context, id, {
        verify,
        onProgress: (p) => progress.push(p),
      });
      assertEquals(await bytesOf(stream), BYTES);
      const last = { transferred: BYTES.length, total: BYTES.length, resumes: 0 };
      assertEquals(progress.at(-1), { ...last, server: stack.glanceUrls[0] });
    }
  });

  await t.step("download() fills BYOB buffers", async () => {
    const reader = (await service.download(context, id)).getReader({ mode: "byob" });
    const whole = new Uint8Array(BYTES.length);
    let at = 0;
    for (let memory = new Uint8Array(10_000);;) {
      const { done, value } = await reader.read(memory);
      if (done || value === undefined) break;
      whole.set(value, at);
      at += value.byteLength;
      memory = new Uint8Array(value.buffer);
    }
    assertEquals([at, whole], [BYTES.length, BYTES]);
  });

  await t.step("download() writes into a sink and closes it", async () => {
    const { sink, state } = collecting();
    await service.download(context, id, sink);
    assertEquals([state.end, await new Blob(state.chunks).bytes()], ["closed", BYTES]);
  });

  await t.step("download() rejects at the end when bytes are wrong", async () => {
    const damaged = await raw.create({ name: "damaged" }, BYTES);
    const wrong = BYTES.slice();
    wrong[MIB] = (wrong[MIB] ?? 0) ^ 1;
    await Deno.writeFile(fileOf(damaged), wrong);
    const stream = await service.download(context, damaged);
    const error = await assertRejects(() => bytesOf(stream), ImageIntegrityError);
    assertEquals(error.expected, `sha512 ${await digestOf("SHA-512", BYTES)}`);
    assertEquals(error.actual, `sha512 ${await digestOf("SHA-512", wrong)}`);
    const { sink, state } = collecting();
    await assertRejects(() => service.download(context, damaged, sink), ImageIntegrityError);
    assertEquals(state.end, "aborted");
    const unchecked = await service.download(context, damaged, { verify: "off" });
    assertEquals(await bytesOf(unchecked), wrong);
  });

  await t.step("download() rejects when bytes or data are missing", async () => {
    // Glance announces the full length, sends the data it has, and keeps the connection open.
    const { service, context } = await signIn(stack, "alice", {
      stallTimeout: 300,
      numRetries: 1,
      random: () => 0,
    });
    const short = await raw.create({ name: "short" }, BYTES);
    await Deno.truncate(fileOf(short), BYTES.length - 1);
    for (const verify of ["auto", "off"] as const) {
      const error = await assertRejects(
        async () => await bytesOf(await service.download(context, short, { verify })),
        ImageDownloadFailed,
      );
      assertEquals(error.imageId, short);
    }
    const queued = await raw.create({ name: "queued" });
    await assertRejects(() => service.download(context, queued), ImageDownloadFailed, "no data");
  });

  await t.step('download() reads an image without a hash unless verify is "required"', async () => {
    const url = `${stack.glanceUrls[1]}/versions`;
    const placed = await raw.create({ name: "placed" });
    await service.addLocation(context, placed, url, { store: "web" });
    const expected = await (await fetch(url)).bytes();
    for (const verify of ["auto", "off"] as const) {
      assertEquals(await bytesOf(await service.download(context, placed, { verify })), expected);
    }
    await assertRejects(
      () => service.download(context, placed, { verify: "required" }),
      Invalid,
      "no hash",
    );
  });

  await t.step("download() reads a file directly", async () => {
    const traffic = new Traffic();
    const direct = await signIn(stack, "alice", {
      allowedDirectUrlSchemes: ["file"],
      directUrlRoots: [`${stack.directory}/stores`],
      fetch: traffic.fetch,
    });
    assertEquals(await bytesOf(await direct.service.download(context, id)), BYTES);
    assertEquals(traffic.to("/file").length, 0);
    const elsewhere = await signIn(stack, "alice", {
      allowedDirectUrlSchemes: ["file"],
      directUrlRoots: [`${stack.directory}/stores/slow`],
      fetch: traffic.fetch,
    });
    assertEquals(await bytesOf(await elsewhere.service.download(context, id)), BYTES);
    assertEquals(traffic.to("/file").length, 1);
  });
}

/** Ranges of stores with and without support for them. */
export async function checkRanges(t: Deno.TestContext, stack: LiveStack): Promise<void> {
  const raw = await RawGlance.as(stack, "alice");
  const traffic = new Traffic();
  const { service, context } = await signIn(stack, "alice", { fetch: traffic.fetch });
  const id = await raw.create({ name: "parts" }, BYTES);
  const last = BYTES.length - 1;
  const parts = [
    { start: 0, end: 0 },
    { start: 0, end: 999 },
    { start: 1_000_000, end: 2_500_000 },
    { start: last - 10 },
    { start: last, end: last },
    { start: 0, end: last },
    { start: 0 },
  ];

  await t.step("download() reads ranges of a store that supports them", async () => {
    for (const range of parts) {
      traffic.clear();
      const part = await bytesOf(await service.download(context, id, { range }));
      assertEquals(part, BYTES.slice(range.start, (range.end ?? last) + 1), JSON.stringify(range));
      assertEquals(traffic.to("/file").map(({ taken }) => taken), [part.length]);
    }
  });

  await t.step("download() reads ranges of a store that does not support them", async () => {
    const url = `${stack.glanceUrls[1]}/versions`;
    const placed = await raw.create({ name: "placed" });
    await service.addLocation(context, placed, url, { store: "web" });
    const expected = await (await fetch(url)).bytes();
    for (const range of [{ start: 10, end: 19 }, { start: 100 }, { start: 0, end: 5 }]) {
      const part = await bytesOf(await service.download(context, placed, { range }));
      assertEquals(part, expected.slice(range.start, (range.end ?? expected.length) + 1));
    }
  });

  await t.step("download() throws Invalid for a range beyond the image", async () => {
    for (
      const range of [{ start: last + 1 }, { start: 5, end: 4 }, { start: -1 }, { start: 0.5 }]
    ) {
      await assertRejects(() => service.download(context, id, { range }), Invalid);
    }
    const required = { range: { start: 1, end: 2 }, verify: "required" } as const;
    const error = await assertRejects(() => service.download(context, id, required), Invalid);
    assertStringIncludes(error.message, "part");
  });

  await t.step("download() requests only what is read", async () => {
    traffic.clear();
    const reader = (await service.download(context, id)).getReader();
    const first = (await reader.read()).value?.byteLength ?? 0;
    await reader.cancel("enough");
    const taken = traffic.to("/file")[0]?.taken ?? 0;
    assert(taken >= first && taken < BYTES.length, `${taken} of ${BYTES.length} bytes taken`);
  });
}
