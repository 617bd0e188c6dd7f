/** Images from a URL over real sockets: the memory of what was sent is freed, and every byte arrives. */
import { assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { DECOMPRESSORS } from "../../lib/cli/files/decompressors.ts";
import { concat } from "../../lib/concat.ts";
import { createImageFrom, getDefaultImageService } from "../../mod.ts";
import { COMPRESSED, TEXT } from "../formats/compression/compressed.ts";
import { seededBytes } from "../support/seed.ts";
import { UploadServers } from "./upload_servers.ts";

/** More than sockets and a decoder keep, with a part that compresses well. */
const CONTENT = new Uint8Array(12 * 1024 ** 2);
CONTENT.set(seededBytes(1, CONTENT.byteLength / 2), 100);

const text = (times: number) => new TextEncoder().encode(TEXT.repeat(times));

type Bytes = Uint8Array<ArrayBuffer>;

const FILES: readonly (readonly [name: string, bytes: Bytes, content: Uint8Array])[] = [
  ["disk.raw", CONTENT, CONTENT],
  ["disk.gz", new Uint8Array(gzipSync(CONTENT)), CONTENT],
  ["disk.zst", new Uint8Array(zstdCompressSync(CONTENT)), CONTENT],
  ["disk.xz", concat(Array(900).fill(COMPRESSED.xz)), text(900)],
  ["disk.bz2", concat(Array(100).fill(COMPRESSED.bzip2)), text(100)],
];

for (const [name, bytes, content] of FILES) {
  Deno.test(`createImageFrom() of ${name} sends all bytes as they are, although their memory is freed`, async () => {
    await using mirror = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen: () => {} },
      () => new Response(bytes),
    );
    await using servers = new UploadServers([]);
    const service = getDefaultImageService({ apiServers: servers.urls, authStrategy: "noauth" });
    const source = { url: `http://127.0.0.1:${mirror.addr.port}/${name}` };
    const options = { decompression: { decompressors: DECOMPRESSORS } };
    const image = await createImageFrom(service, {}, { diskFormat: "raw" }, source, options);
    assertEquals(image.size, content.byteLength);
    assertEquals(sha256(servers.onlyData!), sha256(content));
  });
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
