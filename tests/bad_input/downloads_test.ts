/** Bad ranges, sinks and options of downloads. */
import { type DownloadOptions, ImageDownloadFailed, Invalid } from "../../mod.ts";
import {
  ALICE,
  type BadInputFixture,
  row,
  testBadInput,
  untyped,
  WHOLE_NUMBER,
} from "./harness.ts";

function download(options: DownloadOptions) {
  return async (fixture: BadInputFixture) =>
    fixture.service.download(ALICE, await fixture.image(), options);
}

testBadInput([
  ...[{ start: 10 }, { start: 5, end: 3 }, { start: -1 }, { start: 1.5 }, { start: NaN }].map(
    (range) =>
      row(
        "download()",
        `the range ${range.start} to ${range.end} of ten bytes`,
        download({ range }),
        Invalid,
        range.end === undefined ? `from byte ${range.start} ` : `bytes ${range.start} to`,
        "of 10 bytes",
        "use a whole start below 10",
      ),
  ),
  ...[null, {}, "0-5", { end: 5 }].map((range) =>
    row(
      "download()",
      `${Deno.inspect(range)} as range`,
      download({ range: untyped(range) }),
      Invalid,
      '"range"',
      "must be { start, end }",
    )
  ),
  row(
    "download()",
    "an unknown way to verify",
    download({ verify: untyped("always") }),
    Invalid,
    '"verify"',
    'it is "always"',
    '"auto", "required" or "off"',
  ),
  row(
    "download()",
    "a text as preferred stores",
    download({ prefer: untyped("ceph") }),
    Invalid,
    '"prefer"',
    'it is "ceph"',
    "a list of store ids",
  ),
  row(
    "download()",
    "a download with null for options",
    download(untyped(null)),
    Invalid,
    "null as the options of a download",
    "must be an object",
  ),
  ...[undefined, null, {}, new WritableStream().getWriter(), { writable: new WritableStream() }]
    .map(
      (sink) =>
        row(
          "download()",
          `${Deno.inspect(sink).split("\n")[0]} as the sink of a download`,
          async (fixture) =>
            fixture.service.download(ALICE, await fixture.image(), untyped(sink), {
              range: { start: 1 },
            }),
          Invalid,
          "download image",
          "the sink is not a WritableStream",
          "pass one",
        ),
    ),
  row(
    "download()",
    "a file as the sink of a download without options",
    async (fixture) =>
      fixture.service.download(ALICE, await fixture.image(), untyped({ write() {} })),
    Invalid,
    "download image",
    "the sink is not a WritableStream",
    "pass one",
  ),
  row(
    "download()",
    "the verification of a part",
    download({ range: { start: 1 }, verify: "required" }),
    Invalid,
    "verify a part",
    "its hash is that of the whole",
    'leave verify at "auto"',
  ),
  row(
    "download()",
    "no connection",
    download({ connections: 0 }),
    Invalid,
    '"connections"',
    "it is 0",
    WHOLE_NUMBER,
  ),
  row(
    "download()",
    "a part of no size",
    download({ partSize: 0.5 }),
    Invalid,
    '"partSize"',
    "it is 0.5",
    WHOLE_NUMBER,
  ),
  row(
    "download()",
    "a download without data",
    async (fixture) => fixture.service.download(ALICE, await fixture.queued()),
    ImageDownloadFailed,
    "it has no data",
    "upload its data first",
  ),
]);
