/** Uploads to a scripted Glance, and every kind of data. */
import type { GlanceClientWrapperOptions, UploadData, UploadOptions } from "../../../mod.ts";
import { FakeBody } from "../../support/bodies.ts";
import { BYTES, CALLER, chunksOf, ID } from "../../support/image.ts";
import { type PutHandler, UploadGlance } from "../../support/upload_glance.ts";
import { harnessOn } from "../../support/client_harness.ts";

const RAW_DISK = { name: "disk", diskFormat: "raw", containerFormat: "bare" };

/** Uploads to one Glance with three names; each handler decides about one PUT. */
export function uploadHarness(
  handlers: readonly PutHandler[] = [],
  options: GlanceClientWrapperOptions = {},
) {
  const glance = new UploadGlance(handlers);
  const harness = harnessOn(glance.fetch, options);
  const upload = async (data: UploadData, options: UploadOptions = {}) =>
    await harness.clock.run(harness.service.update(CALLER, ID, {}, data, options));
  const create = async (data: UploadData, options: UploadOptions = {}) =>
    await harness.clock.run(harness.service.create(CALLER, RAW_DISK, data, options));
  return { ...harness, glance, upload, create };
}

/** Image data that can be read once. */
export async function* chunks(bytes = BYTES): AsyncGenerator<Uint8Array> {
  yield* chunksOf(bytes);
}

/** Every kind of data, and whether it has a size and can be read again. */
export const KINDS: readonly (readonly [
  kind: string,
  data: () => UploadData,
  size: string | null,
  isReplayable: boolean,
])[] = [
  ["bytes", () => BYTES, "10000", true],
  ["bytes in the middle of a buffer", () => inTheMiddle(BYTES), "10000", true],
  ["an ArrayBuffer", () => BYTES.slice().buffer, "10000", true],
  ["a Blob", () => new Blob([BYTES]), "10000", true],
  ["a byte stream", () => new FakeBody(chunksOf(BYTES)).stream, null, false],
  ["a stream", () => new FakeBody(chunksOf(BYTES), { isByteStream: false }).stream, null, false],
  ["an async iterable", () => chunks(), null, false],
  ["a function that gives bytes", () => () => BYTES, null, true],
  [
    "a function that gives a promise of a Blob",
    () => () => {
      return Promise.resolve(new Blob([BYTES]));
    },
    null,
    true,
  ],
  ["a function that gives a stream", () => () => new Blob([BYTES]).stream(), null, true],
  ["a function that gives an iterable", () => () => chunks(), null, true],
];

function inTheMiddle(bytes: Uint8Array): Uint8Array {
  const memory = new Uint8Array(bytes.byteLength + 100).fill(255);
  memory.set(bytes, 50);
  return memory.subarray(50, 50 + bytes.byteLength);
}
