/** Compressed data for tests, as the tools of Debian write it. */
import type { CompressionFormat } from "../../../lib/formats/compression/detect.ts";

/** The text that is compressed in `COMPRESSED`. */
export const TEXT = "the bytes of a disk, the bytes of a disk\n";

/** `TEXT` in each format, with a check sum. */
export const COMPRESSED: Readonly<Record<CompressionFormat, Uint8Array>> = {
  gzip: fromBase64("H4sIAAAAAAACAyvJSFVIqixJLVbIT1NIVEjJLM7WUSjBFOQCAH6nKXopAAAA"),
  zstd: fromBase64("KLUv/SQp5QAAsHRoZSBieXRlcyBvZiBhIGRpc2ssIAoBADGZTE3z5SY="),
  xz: fromBase64(
    "/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4AAoAB5dADoaCM52QOfGLE70l1AsHcPrnSkU6iouzt5aXqgAAAAAAFW8zYwzpUPFAAE6KT7znUcftvN9AQAAAAAEWVo=",
  ),
  bzip2: fromBase64(
    "QlpoOTFBWSZTWR4xTWkAABNRgAAQQAQ3aIwgIAAhKgaZNNqCmAAJgg2UOzlpEIuUOMcEeMrx8XckU4UJAeMU1pA=",
  ),
};

/** 300 zeros in three blocks (`xz --block-size=100`). */
export const XZ_BLOCKS = fromBase64(
  "/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4ABjAAZdAABuoEV4AAAAANpU80sOfGu8AgAhARYAAAB0L+Wj4ABjAAZdAABuoEV4AAAAANpU80sOfGu8AgAhARYAAAB0L+Wj4ABjAAZdAABuoEV4AAAAANpU80sOfGu8AAMiZCJkImRsV5TascRn+wIAAAAABFla",
);

/** `TEXT` with options of xz that few decoders support. That of `--x86` was written with `-T2`. */
export const RARE_XZ: Readonly<Record<string, Uint8Array>> = {
  "--check=sha256": fromBase64(
    "/Td6WFoAAArh+wyhAgAhARYAAAB0L+Wj4AAoAB5dADoaCM52QOfGLE70l1AsHcPrnSkU6iouzt5aXqgAAAAAAPK1Q+vmV6WcAiUhXyxoG3R/5u0WNdI/p4PtswAByk0bAAFSKZESueoYm0uaAQAAAAAKWVo=",
  ),
  "--x86": fromBase64(
    "/Td6WFoAAATm1rRGBMEmKQQAIQEWAAAAAAAAAPFadgrgACgAHl0AOhoIznZA58YsTvSXUCwdw+udKRTqKi7O3lpeqAAAAAAAVbzNjDOlQ8UAAUIpwAB7oB+2830BAAAAAARZWg==",
  ),
  "--delta": fromBase64(
    "/Td6WFoAAATm1rRGAgEDAQAhARZ5IMTu4AAoACBdADo9G6txNFthh4N4rFOxppyV1KeNmzzWOppduw72uAAAAFW8zYwzpUPFAAE8KbhUxxEftvN9AQAAAAAEWVo=",
  ),
  "a dictionary of more than 64 MiB (--lzma2=dict)": fromBase64(
    "/Td6WFoAAAFpIt42AgAhAR0AAAB1qOR04AAoAB5dADoaCM52QOfGLE70l1AsHcPrnSkU6iouzt5aXqgAAAAAAH6nKXoAATYpMrwo65BCmQ0BAAAAAAFZWg==",
  ),
};

/** A skippable frame of zstd with four bytes. */
export const SKIPPABLE = new Uint8Array([0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4]);

/** zstd data that expands to `blocks` times 128 KiB of zeros, from four bytes each. */
export function zstdBomb(blocks: number): Uint8Array {
  const bytes = new Uint8Array(6 + 4 * blocks);
  bytes.set([0x28, 0xb5, 0x2f, 0xfd, 0, 0x50]);
  for (let i = 0; i < blocks; i++) {
    const header = 128 * 1024 << 3 | 1 << 1 | (i === blocks - 1 ? 1 : 0);
    bytes.set([header & 0xff, header >> 8 & 0xff, header >> 16, 0], 6 + 4 * i);
  }
  return bytes;
}

/** A stream of bytes in chunks of the given sizes, in turn, which records how it was read. */
export function chunked(bytes: Uint8Array, ...sizes: readonly number[]): {
  readonly stream: ReadableStream<Uint8Array>;
  readonly read: { bytes: number; isCanceled: boolean };
} {
  const read = { bytes: 0, isCanceled: false };
  let turn = 0;
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (read.bytes >= bytes.byteLength) return controller.close();
      const end = read.bytes + (sizes[turn++ % sizes.length] ?? 1);
      controller.enqueue(bytes.slice(read.bytes, end));
      read.bytes = end;
    },
    cancel() {
      read.isCanceled = true;
    },
  }, { highWaterMark: 0 });
  return { stream, read };
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
