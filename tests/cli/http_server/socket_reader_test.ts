import { assert, assertEquals } from "@std/assert";
import { SocketReader } from "../../../lib/cli/http_server/socket_reader.ts";

/** A connection that returns a fixed number of bytes per read, and records the memory of the reads. */
function source(counts: number[]) {
  const memories = new Set<ArrayBufferLike>();
  return {
    memories,
    read(view: Uint8Array): Promise<number | null> {
      memories.add(view.buffer);
      return Promise.resolve(counts.shift() ?? null);
    },
  };
}

Deno.test("SocketReader.read() keeps at most twice the memory of the bytes when reads are short", async () => {
  const reader = new SocketReader(source([16_384, 65_536, 1, 20_000, 1, 1, 5_000]));
  for (let bytes; (bytes = await reader.read(Infinity)) !== null;) {
    assert(bytes.buffer.byteLength <= 2 * bytes.byteLength, `${bytes.buffer.byteLength}`);
  }
});

Deno.test("SocketReader.drop() reuses its memory when it discards many bytes", async () => {
  const connection = source([100, 8_192, 8_192, 1, 8_192]);
  const reader = new SocketReader(connection);
  await reader.fill();
  while (await reader.drop());
  assertEquals(connection.memories.size, 1);
});
