/** The decoders of the runtime: `node:zlib` (Deno, Node, Bun), or `DecompressionStream`. */
import { builtinModule } from "../../node_builtin.ts";
import { isOwned, own, release } from "../../http/owned_memory.ts";
import { type Decompressor, eachMember, TRUNCATED, UnsupportedFeature } from "./members.ts";
import { ZSTD } from "./zstd_framing.ts";

/** The part of `node:zlib` that is used. Node has zstd since 22.15. */
interface NodeZlib {
  createGunzip(options: ZlibOptions): ZlibStream;
  createZstdDecompress?(options: ZlibOptions): ZlibStream;
}

interface ZlibOptions {
  readonly chunkSize: number;
}

interface ZlibStream extends AsyncIterable<Uint8Array> {
  /** Bytes that the decoder has used. */
  readonly bytesWritten: number;
  write(chunk: Uint8Array, done: (error?: Error | null) => void): boolean;
  end(): void;
  on(event: "error", listener: (error: unknown) => void): unknown;
  destroy(error?: unknown): void;
}

/** Bytes per chunk of the content: smaller ones cost more than the decoding. */
const CHUNK_SIZE = 256 * 1024;

/** The first byte of gzip data (RFC 1952). */
const GZIP_ID = 0x1f;

/** The decoder of gzip. `DecompressionStream` refuses data of several members, except on Node. */
export function nativeGzip(): Decompressor {
  const zlib = builtinModule<NodeZlib>("node:zlib");
  if (zlib !== null) return zlibDecompressor(() => zlib.createGunzip({ chunkSize: CHUNK_SIZE }));
  return (compressed) =>
    compressed.pipeThrough(
      new DecompressionStream("gzip") as TransformStream<Uint8Array, Uint8Array>,
    );
}

/** The decoder of zstd; null if the runtime has none. */
export function nativeZstd(): Decompressor | null {
  const zlib = builtinModule<NodeZlib>("node:zlib");
  const create = zlib?.createZstdDecompress;
  if (create === undefined) return null;
  return eachMember(ZSTD, zlibDecompressor(() => create({ chunkSize: CHUNK_SIZE })));
}

/** A decompressor from a stream of `node:zlib`. It ends after the source, not after the content. */
function zlibDecompressor(create: () => ZlibStream): Decompressor {
  return (compressed) => {
    const reader = compressed.getReader();
    const decoder = create();
    const content = decoder[Symbol.asyncIterator]();
    const end: DecodedEnd = { hasHeader: false, isReached: false, onReached: () => {} };
    let failure: { readonly error: unknown } | null = null;
    // The iterator listens only while a chunk is awaited; an error without a listener ends the process.
    decoder.on("error", (error) => void (failure ??= { error }));
    const feeding = feed(reader, decoder, end).catch((error) => {
      failure ??= { error };
      decoder.destroy(error);
    });
    return new ReadableStream({
      async pull(controller) {
        try {
          const { done, value } = await content.next();
          if (done) {
            end.isReached = true;
            end.onReached();
            await feeding;
          }
          if (failure !== null) throw failure.error;
          if (done) controller.close();
          else {
            const { buffer, byteOffset, byteLength } = value;
            // The decoder fills a buffer with several chunks, and then allocates the next one.
            if (!isOwned(buffer)) own(buffer, buffer.byteLength);
            // Not a Buffer, whose `slice` does not copy.
            controller.enqueue(new Uint8Array(buffer, byteOffset, byteLength));
          }
        } catch (error) {
          const cause = failure === null ? error : failure.error;
          await reader.cancel(cause).catch(() => {});
          if (end.hasHeader && isOtherData(cause)) throw trailingData(cause);
          throw isEarlyEnd(cause) ? new Error(TRUNCATED) : cause;
        }
      },
      cancel(reason) {
        failure ??= { error: reason };
        decoder.destroy();
        return reader.cancel(reason);
      },
    }, { highWaterMark: 0 });
  };
}

/** The end of the content, which the reader of a decoder finds. */
interface DecodedEnd {
  /** Whether the data begins like gzip, so that a wrong header is that of what follows. */
  hasHeader: boolean;
  isReached: boolean;
  /** Ends the wait for the write in progress. */
  onReached: () => void;
}

/**
 * Writes all chunks to a decoder. It ends before zeros, with which tapes are padded; nothing else may follow. After its
 * end, it does not call back after a write.
 */
async function feed(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  decoder: ZlibStream,
  end: DecodedEnd,
): Promise<void> {
  let [fed, isOver] = [0, false];
  for (;;) {
    const { value } = await reader.read();
    // Checked only now, since the decoder reports its own errors after the write.
    if (isOver) throw trailingData();
    if (value === undefined) return end.isReached ? undefined : decoder.end();
    if (value.byteLength === 0) continue;
    if (fed === 0) end.hasHeader = value[0] === GZIP_ID;
    if (!end.isReached) {
      await new Promise<void>((resolve, reject) => {
        end.onReached = resolve;
        decoder.write(value, (error) => error ? reject(error) : resolve());
      });
    }
    fed += value.byteLength;
    const unused = Math.min(fed - decoder.bytesWritten, value.byteLength);
    isOver = unused > 0 && value.subarray(-unused).some((byte) => byte !== 0);
    release(value);
  }
}

/** The error for what follows the content. Images of OpenWrt have metadata there, which `gzip` ignores. */
function trailingData(cause?: unknown): UnsupportedFeature {
  return new UnsupportedFeature(
    'what follows is not compressed data; if it is meant to be there, run "gzip -dc FILE", and pass its output instead',
    { cause },
  );
}

/** Whether the header of a member is not one. */
function isOtherData(error: unknown): boolean {
  return error instanceof Error && /incorrect header check/.test(error.message);
}

function isEarlyEnd(error: unknown): boolean {
  return error instanceof Error && /unexpected end of file/.test(error.message);
}
