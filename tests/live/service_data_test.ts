/**
 * Image data at a real Glance: uploads of every kind of source, failed uploads, and downloads with
 * every kind of verification, whole and partial.
 */
import { checkDownloads, checkRanges } from "./service/downloads.ts";
import { IMAGE_SIZE_CAP } from "./service/image_data.ts";
import { checkFailedUploads, checkUploads } from "./service/uploads.ts";
import { startStack } from "./stack.ts";

Deno.test("GlanceImageService uploads to and downloads from a real Glance", async (t) => {
  await using stack = await startStack({ imageSizeCap: IMAGE_SIZE_CAP });
  await t.step("uploads", (t) => checkUploads(t, stack));
  await t.step("failed uploads", (t) => checkFailedUploads(t, stack));
  await t.step("downloads", (t) => checkDownloads(t, stack));
  await t.step("ranges", (t) => checkRanges(t, stack));
});
