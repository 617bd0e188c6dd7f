/**
 * Readers of an image, as one process: `cold_readers.ts URL FILE STARTS LEAVES_AFTER RANGES`. They start together, each
 * at an offset of the JSON array `STARTS`, and compare every byte with the file. Every fifth one leaves after
 * `LEAVES_AFTER` bytes, the first one among them. With `RANGES` of `false`, they read the whole image, and skip what is
 * before their offset. Prints the milliseconds until the first byte of each, as a JSON array.
 */
import { Buffer } from "node:buffer";

const [url = "", file = "", starts = "[]", leavesAfter, ranges] = Deno.args;
const { hostname, port, pathname } = new URL(url);
const image = await Deno.readFile(file);

async function firstByteOf(start: number, number: number): Promise<number> {
  const begun = performance.now();
  using connection = await Deno.connect({ hostname, port: Number(port) });
  const range = ranges === "false" || start === 0 ? "" : `range: bytes=${start}-\r\n`;
  const head =
    `GET ${pathname} HTTP/1.1\r\nhost: ${hostname}\r\nx-auth-token: t\r\nconnection: close\r\n${range}\r\n`;
  await connection.write(new TextEncoder().encode(head));
  const end = number % 5 === 0
    ? Math.min(image.byteLength, start + Number(leavesAfter))
    : image.byteLength;
  const memory = Buffer.from(new ArrayBuffer(256 * 1024));
  let [received, first, position] = ["", null as number | null, -1];
  while (position < end) {
    const count = await connection.read(memory);
    if (count === null) throw new Error(`the reader from ${start} ended at ${position}`);
    let part = memory.subarray(0, count);
    if (position < 0) {
      received += part.toString("latin1");
      const length = received.indexOf("\r\n\r\n") + 4;
      if (length < 4) continue;
      if (!/^HTTP\/1.1 20[06]/.test(received)) throw new Error(received);
      part = part.subarray(count - (received.length - length));
      position = range === "" ? 0 : start;
    }
    part = part.subarray(0, end - position);
    if (part.compare(image.subarray(position, position + part.byteLength)) !== 0) {
      throw new Error(`the reader from ${start} has other bytes at ${position}`);
    }
    position += part.byteLength;
    if (position > start) first ??= performance.now() - begun;
  }
  return first ?? Infinity;
}

console.log(JSON.stringify(await Promise.all((JSON.parse(starts) as number[]).map(firstByteOf))));
