/**
 * Servers that never send the requested range: every way to read a part returns the right bytes, and no failed
 * request is repeated.
 */
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { assert, assertEquals } from "@std/assert";
import {
  type DownloadOptions,
  getDefaultImageService,
  type GlanceImageService,
} from "../../mod.ts";
import { formatPartRecord } from "../../lib/cli/files/partial_record.ts";
import { createImageRouter } from "../../lib/router/mod.ts";
import { CliHarness } from "../cli/harness.ts";
import { MemoryFiles } from "../cli/memory_files.ts";
import { FaultServers, IMAGE_ID, IMAGE_SIZE } from "./fault_servers.ts";
import {
  type Fault,
  healthy,
  labelAsGzip,
  mislabelAsMultipart,
  multipart,
  omitContentRange,
  redirectElsewhere,
  refuse,
  restAs200,
  restAs200InChunks,
  sendBlock,
  sendLess,
  shiftContentRange,
  startAtBlock,
  truncate,
  wholeAs200,
  wholeAs206,
  wholeAs206InChunks,
  wholeAs206Labeled,
} from "./faults.ts";

/** The response of both servers to every range. */
const WRONG_RANGES: readonly (readonly [what: string, lie: Fault])[] = [
  ["a part that starts at a block", startAtBlock(65_536)],
  ["a part that is too short", sendLess(0.4)],
  ["one block of a cache", sendBlock(131_072)],
  ["the whole image, labeled", wholeAs206Labeled],
  ["the whole image as 206", wholeAs206],
  ["the whole image as 206 in chunks", wholeAs206InChunks],
  ["the whole image as 200", wholeAs200],
  ["the rest as 200", restAs200(false)],
  ["the rest as 200, labeled", restAs200(true)],
  ["the rest as 200 in chunks", restAs200InChunks],
  ["multipart/byteranges", multipart],
  ["a part labeled as multipart", mislabelAsMultipart],
  ["no label", omitContentRange],
  ["a part that starts too late", shiftContentRange({ start: 1 })],
  ["a part of another image", shiftContentRange({ total: 5 })],
  ["a part labeled as gzip", labelAsGzip],
  ["400", refuse("400 Bad Request")],
  ["403", refuse("403 Forbidden")],
  ["404", refuse("404 Not Found")],
  ["416", refuse("416 Range Not Satisfiable")],
  ["500", refuse("500 Oops")],
  ["501", refuse("501 Not Implemented")],
  ["a redirect to a foreign host", redirectElsewhere],
];

/** Faults after which the response for the whole image is not labeled either. */
const DENIALS: ReadonlySet<string> = new Set(["403", "404", "500", "501"]);

/** A partial file, and a range that does not start at a block boundary. */
const START = 150_007;

const forRanges = (mismatch: Fault): Fault => (request) =>
  (request.isRange ? mismatch : healthy)(request);

function wrongRangeServers(lie: Fault, ...first: readonly Fault[]): FaultServers {
  return new FaultServers([...first, ...Array.from({ length: 99 }, () => forRanges(lie))]);
}

/** Requests that were repeated: a range that failed, at the server that failed to send it. */
function repeated({ ranges }: FaultServers): string[] {
  const counts = new Map<string, number>();
  for (const range of ranges) counts.set(`${range}`, (counts.get(`${range}`) ?? 0) + 1);
  return [...counts].filter(([range, count]) => range !== "null" && count > 2).map(([key]) => key);
}

for (const [what, lie] of WRONG_RANGES) {
  // A server that denies a range denies the image: no other server is left.
  if (DENIALS.has(what) || lie === redirectElsewhere) continue;

  Deno.test(`image-download finishes a partial file when every server responds to a range with ${what}`, async () => {
    await using servers = wrongRangeServers(lie);
    const files = partialFile(servers);
    const harness = new CliHarness((request) => fetch(request));
    const environment = { GLANCE_API_SERVERS: servers.urls.join(","), OS_AUTH_TOKEN: "token-1" };
    const command = ["image-download", IMAGE_ID, "--file", "x", "--os-auth-token", "token-1"];
    const { code, stderr } = await harness.run(command, { files, environment });
    assertEquals(code, 0, stderr);
    assertEquals(files.content.get("x"), servers.image);
    assertEquals(repeated(servers), []);
  });

  Deno.test(`download() of a range returns the right bytes when every server responds with ${what}`, async () => {
    for (const options of [{}, { connections: 3, partSize: 60_000 }]) {
      await using servers = wrongRangeServers(lie);
      const range = { start: START, end: IMAGE_SIZE - 3 };
      const bytes = await download(servers, { ...options, range });
      assertEquals(bytes, servers.image.subarray(range.start, range.end + 1));
      assertEquals(repeated(servers), []);
    }
  });

  Deno.test(`GET /file returns the right bytes when every server responds to a range with ${what}`, async () => {
    for (const resume of [true, false]) {
      // Without resume, the gateway resets the connection when the server does.
      await using servers = wrongRangeServers(lie, resume ? truncate(0.4) : healthy);
      const gateway = createImageRouter({ apiServers: servers.urls, random: () => 0, resume });
      const get = (headers: Record<string, string>) =>
        gateway.fetch(
          new Request(`http://localhost/v2/images/${IMAGE_ID}/file`, {
            headers: { "x-auth-token": "token-1", ...headers },
          }),
        );
      const whole = await get({});
      assertEquals(digestOf(await whole.bytes()), servers.sha512);
      const part = await get({ range: `bytes=${START}-300000` });
      assertEquals(part.status, 206);
      assertEquals(await part.bytes(), servers.image.slice(START, 300_001));
    }
  });
}

for (const [what, lie] of WRONG_RANGES) {
  Deno.test(`download() continues after a break when the other server responds to a range with ${what}`, async () => {
    for (const options of [{}, { connections: 3, partSize: 60_000 }]) {
      const plan = [truncate(0.4), forRanges(lie)];
      await using servers = new FaultServers(plan);
      assertEquals(digestOf(await download(servers, options)), servers.sha512);
      assertEquals([servers.unusedFaults, servers.foreignConnections], [0, 0]);
      assert(servers.ranges.length < 20, `${servers.ranges.length} requests`);
    }
  });
}

/** The first bytes of the image on disk, as an earlier command has left them. */
function partialFile({ image, sha512 }: FaultServers): MemoryFiles {
  const part = image.slice(0, START);
  const record = formatPartRecord({
    identity: {
      imageId: IMAGE_ID,
      size: IMAGE_SIZE,
      hashAlgorithm: "sha512",
      hashValue: sha512,
      checksum: null,
    },
    bytes: part.byteLength,
    crc32: crc32(part),
  });
  const files = new MemoryFiles({ "x.part.json": record });
  files.content.set("x.part", part);
  return files;
}

async function download(servers: FaultServers, options: DownloadOptions): Promise<Uint8Array> {
  const stream = await serviceOf(servers).download(servers.context, IMAGE_ID, options);
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function serviceOf(servers: FaultServers): GlanceImageService {
  return getDefaultImageService({ apiServers: servers.urls, random: () => 0 });
}

function digestOf(bytes: Uint8Array): string {
  return createHash("sha512").update(bytes).digest("hex");
}
