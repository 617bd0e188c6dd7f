/** Image data: uploads, failed uploads, downloads, and ranges. */

import { assertEquals } from "@std/assert";
import { qcow2Header, vdiHeader } from "../support/image_headers.ts";
import { assertFailure, assertUnforeseen, type Check, check } from "./check.ts";
import type { ReceivedResponse } from "./conversation.ts";

const DATA = "0123456789abcdefghijklmnopqrstuvwxyz";
const MD5 = "e9b1713db620f1e3a14b6812de523f4b";
const SHA512 = "95cadc34aa46b9fdef432f62fe5bad8d9f475bfbecf797d5802bb5f2937a85d9" +
  "3ce4857a6262b03834c01c610d74cd1215f9a466dc6ad3dd15078e3309a03a6d";

/** A body of several chunks and unknown length. */
function pieces(count: number, piece: Uint8Array, end?: Error): ReadableStream<Uint8Array> {
  let left = count;
  return new ReadableStream({
    pull(controller) {
      if (left-- > 0) return controller.enqueue(piece.slice());
      if (end === undefined) return controller.close();
      controller.error(end);
    },
  });
}

/** Range, and the expected first and last position in Content-Range. */
const RANGES: Readonly<Record<string, readonly [first: number, last: number]>> = {
  "bytes=0-0": [0, 0],
  "bytes=0-": [0, 35],
  "bytes=0-35": [0, 35],
  "bytes=5-9": [5, 9],
  "bytes=35-35": [35, 35],
  "bytes=35-": [35, 35],
  "bytes=30-100": [30, 35],
  "bytes=-5": [31, 35],
  "bytes=-36": [0, 35],
  "bytes=-100": [0, 35],
  "bytes=-0": [0, 35],
  "BYTES=1-3": [1, 3],
  "bytes = 1 - 3": [1, 3],
};

const REFUSED_RANGES: Readonly<Record<string, readonly [status: number, text: string]>> = {
  "bytes=36-": [416, "Start position MUST be in the inclusive range [0, 35]."],
  "bytes=36-40": [416, "Invalid start position in Range header."],
  "bytes=9-5": [416, "Invalid Range header."],
  "bytes=a-b": [416, "Invalid Range header."],
  "chunks=0-1": [416, "Invalid Range header."],
  "bytes 0-1": [416, "Invalid Range header."],
  "": [416, "Invalid Range header."],
  "bytes=0-1,3-4": [400, "Requests with multiple ranges are not supported in Glance."],
};

const CAN_RANGE = {
  needs: ["a store with ranges", (facts: { supportsRanges: boolean }) => facts.supportsRanges],
} as const;

function assertPart(response: ReceivedResponse, first: number, last: number): void {
  assertEquals(response.status, 206, response.text);
  assertEquals(response.text, DATA.slice(first, last + 1));
  assertEquals(response.headers.get("content-range"), `bytes ${first}-${last}/36`);
  assertEquals(response.headers.get("content-length"), String(last - first + 1));
  assertEquals(response.headers.get("content-type"), "application/octet-stream");
  // The digest is that of the whole image, not of the range.
  assertEquals(response.headers.get("content-md5"), MD5);
}

const ranges: Check[] = Object.entries(RANGES).map(([range, [first, last]]) =>
  check(`GET of data with Range ${range} returns 206`, async (cloud) => {
    const { id } = await cloud.imageWith(DATA);
    assertPart(await cloud.download(id, { range }), first, last);
  }, CAN_RANGE)
);

const refusedRanges: Check[] = Object.entries(REFUSED_RANGES).map(([range, [status, text]]) =>
  check(`GET of data with Range "${range}" returns ${status}`, async (cloud) => {
    const { id } = await cloud.imageWith(DATA);
    assertFailure(await cloud.download(id, { range }), status, text);
  }, CAN_RANGE)
);

const contentRanges: Check[] = [
  check("GET of data accepts Content-Range in the request", async (cloud) => {
    const { id } = await cloud.imageWith(DATA);
    for (const total of ["36", "*"]) {
      assertPart(await cloud.download(id, { "content-range": `bytes 1-3/${total}` }), 1, 3);
    }
    const refuse = async (value: string, text: string) =>
      assertFailure(await cloud.download(id, { "content-range": value }), 416, text);
    await refuse("bytes 1-99/*", "Invalid stop position in Content-Range header.");
    await refuse("bytes 40-41/100", "Invalid start position in Content-Range header.");
    await refuse("bytes 1-3/2", "Invalid Content-Range header.");
    await refuse("nonsense", "Invalid Content-Range header.");
  }, CAN_RANGE),
];

const uploads: readonly Check[] = [
  check("PUT of data returns 204 and makes the image active", async (cloud) => {
    const { id } = await cloud.image();
    const response = await cloud.upload(id, DATA);
    assertEquals([response.status, response.text], [204, ""]);
    const image = await cloud.show(id);
    assertEquals([image["status"], image["size"], image["virtual_size"]], ["active", 36, 36]);
    assertEquals([image["checksum"], image["os_hash_algo"]], [MD5, "sha512"]);
    assertEquals(image["os_hash_value"], SHA512);
    assertEquals(image["stores"], cloud.target.facts.stores[0]);
  }),
  check("PUT of data accepts a body without a length", async (cloud) => {
    const { id } = await cloud.image();
    const body = pieces(300, new TextEncoder().encode(DATA));
    assertEquals((await cloud.upload(id, body)).status, 204);
    const { bytes } = await cloud.download(id);
    assertEquals([bytes.byteLength, (await cloud.show(id))["size"]], [10800, 10800]);
  }),
  check("PUT of an empty body creates an active image of size 0", async (cloud) => {
    const { id } = await cloud.image();
    assertEquals((await cloud.upload(id, "")).status, 204);
    const image = await cloud.show(id);
    assertEquals([image["status"], image["size"]], ["active", 0]);
    assertEquals(image["checksum"], "d41d8cd98f00b204e9800998ecf8427e");
    const response = await cloud.download(id);
    assertEquals([response.status, response.text], [200, ""]);
    assertFailure(await cloud.download(id, { range: "bytes=0-0" }), 416);
  }),
  check("PUT of data writes to the store in the header", async (cloud) => {
    for (const store of cloud.target.facts.stores) {
      const { id } = await cloud.image();
      assertEquals((await cloud.upload(id, "x", { "x-image-meta-store": store })).status, 204);
      assertEquals((await cloud.show(id))["stores"], store);
    }
  }),
  check("PUT of data to an unknown store returns 400", async (cloud) => {
    const { id } = await cloud.image();
    const response = await cloud.upload(id, "x", { "x-image-meta-store": "nope" });
    assertFailure(response, 400, "Store for identifier nope not found");
    assertEquals((await cloud.show(id))["status"], "queued");
  }),
  check(
    "PUT of data to a read-only store returns 410 and leaves the image queued",
    async (cloud) => {
      const { id } = await cloud.image();
      const store = cloud.target.facts.readOnlyStore ?? "";
      const response = await cloud.upload(id, "x", { "x-image-meta-store": store });
      assertFailure(response, 410, "Adding images to store is disabled.");
      assertEquals((await cloud.show(id))["status"], "queued");
    },
    { needs: ["a read-only store", ({ readOnlyStore }) => readOnlyStore !== null] },
  ),
  check("PUT of another content type returns 415", async (cloud) => {
    const { id } = await cloud.image();
    for (const type of ["application/json", "text/plain"]) {
      const response = await cloud.upload(id, "x", { "content-type": type });
      assertFailure(response, 415, `The request media type ${type} is not supported`);
    }
    assertEquals((await cloud.show(id))["status"], "queued");
  }),
  check("PUT of data accepts parameters of the content type", async (cloud) => {
    const { id } = await cloud.image();
    const response = await cloud.upload(id, "x", {
      "content-type": "application/octet-stream; a=b",
    });
    assertEquals(response.status, 204);
  }),
  check("PUT of data returns 400 when the formats are not set", async (cloud) => {
    const { id } = await cloud.image({ disk_format: null, container_format: null });
    const text = "Properties disk_format, container_format must be set prior to saving data.";
    assertFailure(await cloud.upload(id, "x"), 400, text);
    await cloud.patch(id, [{ op: "replace", path: "/disk_format", value: "raw" }]);
    const one = "Property container_format must be set prior to saving data.";
    assertFailure(await cloud.upload(id, "x"), 400, one);
    assertEquals((await cloud.show(id))["status"], "queued");
  }),
  check("a second PUT of data returns 409 and changes nothing", async (cloud) => {
    const { id } = await cloud.imageWith(DATA);
    const text = "Image status transition from active to saving is not allowed";
    assertFailure(await cloud.upload(id, "other"), 409, text);
    assertEquals((await cloud.download(id)).text, DATA);
  }),
  check("PUT of data to an unknown image returns 404", async (cloud) => {
    assertFailure(await cloud.upload("nope", "x"), 404, "No image found with ID nope");
  }),
  check(
    "an upload that breaks leaves the image queued, and it can be tried again",
    async (cloud) => {
      const { id } = await cloud.image();
      const broken = pieces(3, new TextEncoder().encode(DATA), new Error("broken"));
      // Over a socket there is no response; in the same process there is one.
      const status = await cloud.upload(id, broken).then((response) => response.status, () => null);
      assertEquals(status === null || status >= 400, true);
      const image = await cloud.until(id, ({ status }) => status === "queued");
      assertEquals([image["size"], image["checksum"]], [null, null]);
      assertEquals((await cloud.upload(id, DATA)).status, 204);
      assertEquals((await cloud.download(id)).text, DATA);
    },
  ),
  check("an image beyond the size cap returns 413 and leaves the image queued", async (cloud) => {
    const { id } = await cloud.image();
    const piece = new Uint8Array(65536);
    const count = Math.ceil((cloud.target.facts.imageSizeCap + 1) / piece.byteLength);
    const response = await cloud.upload(id, pieces(count, piece));
    assertFailure(response, 413, "The provided image is too large.");
    const image = await cloud.show(id);
    assertEquals([image["status"], image["size"]], ["queued", null]);
  }, { needs: ["a small size cap", ({ imageSizeCap }) => imageSizeCap <= 4 * 1024 ** 2] }),
  check("PUT of data with x-openstack-image-size 0 returns 400", async (cloud) => {
    const { id } = await cloud.image();
    const headers = { "x-openstack-image-size": "0" };
    assertFailure(await cloud.upload(id, "five!", headers), 400);
    const image = await cloud.show(id);
    assertEquals([image["status"], image["size"], image["stores"]], ["queued", null, undefined]);
    assertEquals((await cloud.upload(id, "", headers)).status, 204);
    assertEquals((await cloud.show(id))["size"], 0);
  }, { since: "2.17" }),
  check("PUT of data checks x-openstack-image-size", async (cloud) => {
    const { id } = await cloud.image();
    const wrong = await cloud.upload(id, DATA, { "x-openstack-image-size": "35" });
    assertFailure(wrong, 400);
    const image = await cloud.show(id);
    assertEquals([image["status"], image["size"]], ["queued", null]);
    const nonsense = await cloud.upload(id, DATA, { "x-openstack-image-size": "many" });
    assertFailure(nonsense, 400);
    const right = await cloud.upload(id, DATA, { "x-openstack-image-size": "36" });
    assertEquals(right.status, 204);
  }, { since: "2.17" }),
  check("the virtual size of a qcow2 image comes from its header", async (cloud) => {
    const header = qcow2Header({ virtualSize: 1234567 });
    const { id } = await cloud.imageWith(header, { disk_format: "qcow2" });
    assertEquals((await cloud.show(id))["virtual_size"], 1234567);
  }),
  check("the virtual size of data that does not match its format is null", async (cloud) => {
    const image = await cloud.imageWith(DATA, { disk_format: "iso" });
    assertEquals(image["virtual_size"], null);
  }, { until: "2.16" }),
  check("PUT of data of another format returns 415, and the image is queued", async (cloud) => {
    const { id } = await cloud.image({ disk_format: "qcow2" });
    const refused = await cloud.upload(id, DATA);
    assertFailure(refused, 415, "Image disk_format qcow2 does not match stream data raw");
    const image = await cloud.show(id);
    const { status, size, virtual_size, checksum } = image;
    assertEquals([status, size, virtual_size, checksum], ["queued", null, null, null]);
    assertEquals((await cloud.upload(id, qcow2Header())).status, 204);
  }, { since: "2.17" }),
  check("PUT of unsafe data returns 415, whatever the disk format", async (cloud) => {
    const unsafe = qcow2Header({ backingFile: "/etc/passwd" });
    for (const format of ["qcow2", "raw"]) {
      const { id } = await cloud.image({ disk_format: format });
      assertFailure(await cloud.upload(id, unsafe), 415, "Image failed safety checks");
    }
  }, { since: "2.17" }),
  check(
    "PUT of any safe format as raw returns 204, and the virtual size is its size",
    async (cloud) => {
      const image = await cloud.imageWith(qcow2Header(), { disk_format: "raw" });
      assertEquals(image["virtual_size"], 512);
    },
  ),
  check("the virtual size of a vdi image comes from its header", async (cloud) => {
    const image = await cloud.imageWith(vdiHeader(7654321), { disk_format: "vdi" });
    assertEquals(image["virtual_size"], 7654321);
  }, { since: "2.17" }),
  check("PUT of unsafe data in another container returns 204", async (cloud) => {
    const unsafe = qcow2Header({ backingFile: "/etc/passwd" });
    const image = await cloud.imageWith(unsafe, { container_format: "ova" });
    assertEquals(image["status"], "active");
  }),
  check("the virtual size of data in another container is null", async (cloud) => {
    const inContainer = await cloud.imageWith(DATA, { container_format: "ova" });
    assertEquals(inContainer["virtual_size"], null);
  }),
];

export const DATA_CHECKS: readonly Check[] = [
  ...uploads,
  check("GET of data returns 200 with the bytes, their number and their MD5", async (cloud) => {
    const { id } = await cloud.imageWith(DATA);
    const { status, headers, text } = await cloud.download(id);
    assertEquals([status, text], [200, DATA]);
    assertEquals(headers.get("content-type"), "application/octet-stream");
    assertEquals(headers.get("content-length"), "36");
    assertEquals(headers.get("content-md5"), MD5);
    for (const name of ["content-range", "accept-ranges", "etag", "last-modified"]) {
      assertEquals(headers.get(name), null, name);
    }
  }),
  check("GET of data returns 204 when the image has none", async (cloud) => {
    const { id } = await cloud.image();
    const response = await cloud.download(id);
    assertEquals([response.status, response.text], [204, ""]);
  }),
  check("GET of a range returns 416 if there is no data", async (cloud) => {
    const { id } = await cloud.image();
    for (const range of ["bytes=0-1", "bytes=-5", "bytes=-"]) {
      assertUnforeseen(cloud, await cloud.download(id, { range }), 416);
    }
    const headers = { "content-range": "bytes 0-1/*" };
    assertUnforeseen(cloud, await cloud.download(id, headers), 416);
  }),
  check("GET of a malformed range returns 416 or 400 if there is no data", async (cloud) => {
    const { id } = await cloud.image();
    for (const range of ["bytes=a-b", "bytes=5-2", "bytes 0-1", "x"]) {
      assertFailure(await cloud.download(id, { range }), 416, "Invalid Range header.");
    }
    assertFailure(await cloud.download(id, { range: "bytes=0-1,3-4" }), 400, "multiple ranges");
    const headers = { "content-range": "bytes 5-2/11" };
    assertFailure(await cloud.download(id, headers), 416, "Invalid Content-Range header.");
  }),
  check(
    "GET of data is allowed for other projects if the image is shared or community",
    async (cloud) => {
      const { id } = await cloud.imageWith(DATA, { visibility: "community" });
      assertEquals((await cloud.download(id, {}, "bob")).text, DATA);
      const shared = await cloud.imageWith(DATA);
      assertFailure(await cloud.download(shared.id, {}, "bob"), 404);
      const member = cloud.target.projects.bob;
      await cloud.post(`/v2/images/${shared.id}/members`, { member });
      assertEquals((await cloud.download(shared.id, {}, "bob")).text, DATA);
    },
  ),
  check("GET of data ignores If-Range, If-None-Match and Accept-Encoding", async (cloud) => {
    const { id } = await cloud.imageWith(DATA);
    const response = await cloud.download(id, {
      "if-none-match": `"${MD5}"`,
      "if-range": '"x"',
      "accept-encoding": "identity",
    });
    assertEquals([response.status, response.text], [200, DATA]);
  }),
  check("GET of a large image returns every byte", async (cloud) => {
    const body = new Uint8Array(1_000_003).map((_, i) => (i * 31) % 251);
    const { id } = await cloud.imageWith(body);
    const { bytes } = await cloud.download(id);
    assertEquals(bytes.byteLength, body.byteLength);
    assertEquals(bytes.findIndex((byte, i) => byte !== body[i]), -1);
  }),
  check("GET of a large image returns a range in the middle", async (cloud) => {
    const body = new Uint8Array(1_000_003).map((_, i) => (i * 31) % 251);
    const { id } = await cloud.imageWith(body);
    const { bytes } = await cloud.download(id, { range: "bytes=65000-700000" });
    assertEquals(bytes.byteLength, 635_001);
    assertEquals(bytes.findIndex((byte, i) => byte !== body[65_000 + i]), -1);
  }, CAN_RANGE),
  check("a store without ranges returns 400 for a range", async (cloud) => {
    const { id } = await cloud.imageWith(DATA);
    for (const [range, offset, length] of [["bytes=0-", 0, 36], ["bytes=4-5", 4, 2]] as const) {
      const text = "Getting images randomly from this store is not supported. " +
        `Offset: ${offset}, length: ${length}`;
      assertFailure(await cloud.download(id, { range }), 400, text);
    }
    assertEquals((await cloud.download(id)).text, DATA);
  }, { needs: ["a store without ranges", ({ supportsRanges }) => !supportsRanges] }),
  check("prefer selects the stores to read from and rejects unknown ones", async (cloud) => {
    const { id } = await cloud.imageWith(DATA);
    const [store] = cloud.target.facts.stores;
    assertEquals((await cloud.get(`/v2/images/${id}/file?prefer=${store}`)).text, DATA);
    assertFailure(await cloud.get(`/v2/images/${id}/file?prefer=nope`), 400, "not configured");
  }, { since: "2.17" }),
  ...ranges,
  ...refusedRanges,
  ...contentRanges,
];
