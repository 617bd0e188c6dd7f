/** Bad image data, and sizes that it does not have. */
import { assertEquals } from "@std/assert";
import {
  ImageConflict,
  ImageLimitExceeded,
  Invalid,
  type UploadData,
  type UploadOptions,
} from "../../mod.ts";
import {
  ALICE,
  BadInputFixture,
  META,
  row,
  testBadInput,
  untyped,
  WHOLE_NUMBER,
} from "./harness.ts";

function upload(data: () => unknown, options: UploadOptions = {}) {
  return async ({ service }: BadInputFixture) => {
    try {
      await service.create(ALICE, META, untyped<UploadData>(data()), options);
    } finally {
      assertEquals(await service.detail(ALICE), [], "an image was left behind");
    }
  };
}

async function* failing(): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(3);
  await Promise.resolve();
  throw new Error("the disk is gone");
}

function lockedStream(): ReadableStream<Uint8Array> {
  const stream = new Blob(["x"]).stream();
  stream.getReader();
  return stream;
}

/** Bytes whose memory now belongs to another copy of them. */
function transferred(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  return bytes;
}

testBadInput([
  row(
    "create()",
    "a stream that is read by another",
    upload(lockedStream),
    Invalid,
    "it is locked",
    "pass an unlocked stream",
  ),
  row(
    "create()",
    "a source of texts",
    upload(() => ReadableStream.from(["text"])),
    Invalid,
    "returned a string instead of bytes",
    "encode it first",
  ),
  row(
    "create()",
    "an iterable of texts",
    upload(async function* () {
      yield await Promise.resolve("text");
    }),
    Invalid,
    "returned a string instead of bytes",
    "encode it first",
  ),
  row("create()", "a source that fails", upload(failing), Error, "the disk is gone"),
  row(
    "create()",
    "a stream that fails",
    upload(() => ReadableStream.from(failing())),
    Error,
    "the disk is gone",
  ),
  row(
    "create()",
    "a function that fails",
    upload(() => () => {
      throw new Error("the disk is gone");
    }),
    Error,
    "the disk is gone",
  ),
  row(
    "create()",
    "a text as data",
    upload(() => "text"),
    Invalid,
    "upload a string:",
    "ReadableStream",
  ),
  row(
    "create()",
    "a number as data",
    upload(() => 42),
    Invalid,
    "upload a number:",
    "ReadableStream",
  ),
  row(
    "create()",
    "an object as data",
    upload(() => ({})),
    Invalid,
    "upload an object:",
    "ReadableStream",
  ),
  row(
    "create()",
    "a function that returns a string",
    upload(() => () => "text"),
    Invalid,
    "a string",
  ),
  row(
    "create()",
    "bytes in shared memory",
    upload(() => new Uint8Array(new SharedArrayBuffer(4))),
    Invalid,
    "they are shared",
    "pass a copy",
  ),
  row(
    "create()",
    "a resizable buffer",
    upload(() => new ArrayBuffer(4, { maxByteLength: 8 })),
    Invalid,
    "resizable",
    "pass a copy",
  ),
  ...[0, 4].flatMap((size) =>
    [{}, { size: 4 }].flatMap((options) => [
      row(
        "create()",
        `${size} bytes that were transferred, with ${JSON.stringify(options)}`,
        upload(() => transferred(new Uint8Array(size)), options),
        Invalid,
        "detached",
        "pass a copy",
      ),
      row(
        "create()",
        `a buffer of ${size} bytes that was transferred, with ${JSON.stringify(options)}`,
        upload(() => transferred(new Uint8Array(size)).buffer, options),
        Invalid,
        "detached",
        "pass a copy",
      ),
    ])
  ),
  ...[-1, 1.5, NaN, "5"].map((size) =>
    row(
      "create()",
      `the size ${JSON.stringify(size)}`,
      upload(() => new Blob(["12345"]).stream(), { size: untyped(size) }),
      Invalid,
      '"size"',
      WHOLE_NUMBER,
    )
  ),
  row(
    "create()",
    "no bytes of which 4 are announced",
    upload(() => new Uint8Array(), { size: 4 }),
    Invalid,
    "announced 4 bytes",
  ),
  ...[3, 9].flatMap((size) => [
    row(
      "create()",
      `a stream of 5 bytes that is said to have ${size}`,
      upload(() => new Blob(["12345"]).stream(), { size }),
      Invalid,
      `does not have the announced ${size} bytes`,
      "correct the size or leave it out",
    ),
    row(
      "create()",
      `bytes of which ${size} are announced and 5 are there`,
      upload(() => new Uint8Array(5), { size }),
      Invalid,
      `${size} bytes`,
    ),
  ]),
  row(
    "create()",
    "a store that is not there",
    upload(() => new Blob(["x"]), { storeId: "attic" }),
    Invalid,
    "400",
    "attic",
  ),
  row(
    "create()",
    "more bytes than the cloud allows",
    () => upload(() => new Blob(["0123456789"]))(new BadInputFixture({ imageSizeCap: 5 })),
    ImageLimitExceeded,
    "upload image",
    "413",
  ),
  row(
    "update()",
    "data for an image without formats",
    async (fixture) => {
      const id = await fixture.queued({ name: "formless" });
      await fixture.service.update(ALICE, id, {}, new Blob(["x"]));
    },
    Invalid,
    "disk_format, container_format",
  ),
  row(
    "update()",
    "data for an image that has some",
    async (fixture) => fixture.service.update(ALICE, await fixture.image(), {}, new Blob(["x"])),
    ImageConflict,
    "upload image",
    "409",
    "active",
  ),
]);
