/** Servers that declare the format of a file as its encoding, with the fetch of the runtime. */
import { assertEquals, assertRejects } from "@std/assert";
import { concat } from "../../../lib/concat.ts";
import { GlanceError } from "../../../lib/errors.ts";
import { createPrefixHasher } from "../../../lib/jobs/from_url/prefix_hasher.ts";
import { UrlReader } from "../../../lib/jobs/from_url/url_reader.ts";
import { resolveOptions } from "../../../lib/options.ts";
import { COMPRESSED } from "../../formats/compression/compressed.ts";

Deno.test("UrlReader reads a gzip file that its server declares as encoded, and no other one", async () => {
  const bytes = COMPRESSED.gzip as Uint8Array<ArrayBuffer>;
  const headers = { "content-encoding": "x-gzip" };
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => new Response(bytes, { headers }),
  );
  const read = async (name: string) => {
    const reader = new UrlReader(`http://127.0.0.1:${server.addr.port}/${name}`, {
      options: resolveOptions({}),
      signal: undefined,
      createHasher: createPrefixHasher,
      onProgress: () => {},
    });
    const chunks = [];
    for (let chunk = await reader.next(); chunk !== null; chunk = await reader.next()) {
      chunks.push(chunk);
    }
    return concat(chunks);
  };
  for (const name of ["disk.raw.gz", "DISK.TGZ?x=1"]) assertEquals(await read(name), bytes);
  await assertRejects(() => read("disk.raw"), GlanceError, 'the encoding "x-gzip"');
  await server.shutdown();
});
