/** What is stored in memory. */
import { Buffer } from "node:buffer";
import { assertEquals } from "@std/assert";
import { createEmbeddedGlance } from "../../../lib/embedded/mod.ts";

Deno.test("memoryStorage() keeps a copy of a Buffer that its owner uses again", async () => {
  const glance = createEmbeddedGlance();
  const send = async (method: string, path: string, init: RequestInit = {}) =>
    await glance.fetch(new Request(`http://glance/v2/images${path}`, { method, ...init }));
  const json = { "content-type": "application/json" };
  const formats = { disk_format: "raw", container_format: "bare" };
  const created = await send("POST", "", { headers: json, body: JSON.stringify(formats) });
  const { id } = await created.json();
  async function* reusing() {
    const memory = Buffer.alloc(4);
    for (const word of ["the ", "data"]) {
      memory.write(word);
      yield memory;
    }
  }
  const binary = { "content-type": "application/octet-stream" };
  const body = ReadableStream.from(reusing());
  await (await send("PUT", `/${id}/file`, { headers: binary, body })).body?.cancel();
  assertEquals(await (await send("GET", `/${id}/file`)).text(), "the data");
});
