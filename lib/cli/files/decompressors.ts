/** Decoders of compressed data that runtimes do not have, loaded when an image needs them. */
import { concat } from "../../concat.ts";
import { builtinModule } from "../../node_builtin.ts";
import { own, release } from "../../http/owned_memory.ts";
import { missingPackage } from "../../platform.ts";
import { messageOf } from "../../validate.ts";
import type { DecompressOptions } from "../../formats/compression/decompress.ts";
import { UnsupportedFeature } from "../../formats/compression/members.ts";
import { ZstdChecksum } from "./zstd_checksum.ts";
import { rareXzOption, XZ_HEAD_BYTES } from "./xz_options.ts";

/** The exports of the packages, which have no types. */
interface XzModule {
  readonly default: {
    readonly XzReadableStream: new (
      compressed: ReadableStream<Uint8Array>,
    ) => ReadableStream<Uint8Array>;
  };
}

/** A decoder of `fzstd`: `push` calls `ondata` before it returns. */
interface ZstdDecoder {
  push(chunk: Uint8Array, isLast?: boolean): void;
}

interface ZstdModule {
  readonly Decompress: new (ondata: (content: Uint8Array) => void) => ZstdDecoder;
}

/** Compressed bytes per step: they decompress to at most some MiB. */
const SLICE = 128;

/** The decoders: xz always, and zstd before Node 22.15. */
export const DECOMPRESSORS: NonNullable<DecompressOptions["decompressors"]> = {
  async xz(compressed) {
    const { default: { XzReadableStream } } = await import("xz-decompress")
      .catch(missingPackage("xz-decompress", "decompress xz")) as unknown as XzModule;
    const { stream, head } = keepingHead(compressed);
    return withReasons(new XzReadableStream(stream), head);
  },
  ...hasZstd() ? {} : { zstd: decompressZstd },
};

function hasZstd(): boolean {
  return "createZstdDecompress" in (builtinModule("node:zlib") ?? {});
}

/** The return codes of XZ Embedded that data can cause. The first one means a dictionary that is too large. */
const MEMORY_LIMIT_ERROR = "4";
const OPTIONS_ERROR = "6";
const DATA_ERROR = "7";

/** A stream that replaces the error codes of the package with messages. `head` has the first bytes of the data. */
function withReasons(
  content: ReadableStream<Uint8Array>,
  head: () => Uint8Array,
): ReadableStream<Uint8Array> {
  const reader = content.getReader();
  return new ReadableStream({
    async pull(controller) {
      const { value } = await reader.read().catch((error) => {
        const [, code = ""] = /error code (\d+)$/.exec(messageOf(error)) ?? [];
        if (code === MEMORY_LIMIT_ERROR) throw notSupported(LARGE_DICTIONARY, error);
        if (code === OPTIONS_ERROR) throw notSupported(rareXzOption(head()), error);
        throw code === DATA_ERROR ? new Error("a block is damaged") : error;
      });
      if (value === undefined) return controller.close();
      own(value.buffer, value.byteLength);
      controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}

/** The unsupported option: the decoder keeps the dictionary in memory. */
const LARGE_DICTIONARY = "a dictionary of more than 64 MiB (--lzma2=dict)";

function notSupported(option: string | null, cause: unknown): UnsupportedFeature {
  return new UnsupportedFeature(
    `it was compressed with ${
      option ?? "an option"
    }, which is not supported here; run "xz -dc FILE", and pass its output to "glance-edge image-create --file -"`,
    { cause },
  );
}

/** Passes a stream through and keeps its first bytes. */
function keepingHead(source: ReadableStream<Uint8Array>) {
  const reader = source.getReader();
  let head: Uint8Array = new Uint8Array();
  let used: Uint8Array | null = null;
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { value } = await reader.read();
      if (value === undefined) return controller.close();
      // The package copies all of a chunk before it reads the next one, but accesses the last one again.
      if (used !== null) release(used);
      used = value;
      if (head.byteLength < XZ_HEAD_BYTES) {
        head = concat([head, value.subarray(0, XZ_HEAD_BYTES - head.byteLength)]);
      }
      controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
  return { stream, head: () => head };
}

/** Decodes a frame, and checks its checksum, which the package ignores. */
export async function decompressZstd(
  compressed: ReadableStream<Uint8Array>,
): Promise<ReadableStream<Uint8Array>> {
  const { Decompress } = await import("fzstd")
    .catch(missingPackage("fzstd", "decompress zstd")) as unknown as ZstdModule;
  const reader = compressed.getReader();
  const contents: Uint8Array[] = [];
  const checksum = new ZstdChecksum();
  const decoder = new Decompress((content) => {
    checksum.content(content);
    contents.push(content);
  });
  let rest: Uint8Array = new Uint8Array();
  let isOver = false;
  return new ReadableStream({
    async pull(controller) {
      while (contents.length === 0) {
        if (rest.byteLength === 0) {
          const value = isOver ? undefined : (await reader.read()).value;
          if (value === undefined && !isOver) {
            isOver = true;
            // The decoder keeps a frame of less than 18 bytes until the last chunk.
            decoder.push(new Uint8Array(), true);
            checksum.check();
            continue;
          }
          if (value === undefined) return controller.close();
          checksum.compressed(value);
          rest = value;
        }
        decoder.push(rest.subarray(0, SLICE));
        rest = rest.subarray(SLICE);
      }
      for (const content of contents.splice(0)) controller.enqueue(content);
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}
