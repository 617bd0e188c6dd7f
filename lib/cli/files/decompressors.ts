/** Decoders of compressed data that runtimes do not have, loaded when an image needs them. */
import { builtinModule } from "../../node_builtin.ts";
import { messageOf } from "../../validate.ts";
import type { DecompressOptions } from "../../formats/compression/decompress.ts";

/** What the packages export, which have no types for it. */
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

/** Bytes that are decoded at once: their content has at most some MiB. */
const SLICE = 128;

/** The decoders: xz always, and zstd before Node 22.15. */
export const DECOMPRESSORS: NonNullable<DecompressOptions["decompressors"]> = {
  async xz(compressed) {
    const { default: { XzReadableStream } } = await import("xz-decompress") as unknown as XzModule;
    return withReasons(new XzReadableStream(compressed));
  },
  ...hasZstd() ? {} : { zstd: decompressZstd },
};

function hasZstd(): boolean {
  return "createZstdDecompress" in (builtinModule("node:zlib") ?? {});
}

/** The return codes of XZ Embedded that data can cause. */
const XZ_REASONS: Readonly<Record<string, string>> = {
  "6":
    "it was compressed with an option that is not supported here, such as --check=sha256 or --x86; decompress it with xz first",
  "7": "a block is damaged",
};

/** A stream whose errors say in words what the package says in numbers. */
function withReasons(content: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  const reader = content.getReader();
  return new ReadableStream({
    async pull(controller) {
      const { value } = await reader.read().catch((error) => {
        const [, code = ""] = /error code (\d+)$/.exec(messageOf(error)) ?? [];
        throw XZ_REASONS[code] === undefined ? error : new Error(XZ_REASONS[code]);
      });
      if (value === undefined) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}

/** Decodes a frame. The package does not check its checksum. */
async function decompressZstd(
  compressed: ReadableStream<Uint8Array>,
): Promise<ReadableStream<Uint8Array>> {
  const { Decompress } = await import("fzstd") as unknown as ZstdModule;
  const reader = compressed.getReader();
  const contents: Uint8Array[] = [];
  const decoder = new Decompress((content) => void contents.push(content));
  let rest: Uint8Array = new Uint8Array();
  return new ReadableStream({
    async pull(controller) {
      while (contents.length === 0) {
        if (rest.byteLength === 0) {
          const { value } = await reader.read();
          if (value === undefined) return controller.close();
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
