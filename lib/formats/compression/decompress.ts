/** Decompresses streams, within limits. */
import { DecompressionFailed, DecompressionLimitExceeded, Invalid } from "../../errors.ts";
import type { MessagePart } from "../../message_parts.ts";
import { checkObject, inspect, messageOf } from "../../validate.ts";
import { ignoringErrors } from "../../events.ts";
import {
  type CompressionFormat,
  COMPRESSIONS,
  detectCompression,
  DETECTION_BYTES,
} from "./detect.ts";
import { ChunkSource } from "./chunk_source.ts";
import { type Decompressor, eachMember, UnsupportedFeature } from "./members.ts";
import { nativeGzip, nativeZstd } from "./native.ts";
import { XZ } from "./xz_framing.ts";
import { ZSTD } from "./zstd_framing.ts";

/** Options of a decompression. */
export interface DecompressOptions {
  /**
   * Decoders for formats that the runtime does not support. The decoder for `xz` gets one stream at a time, that for
   * `zstd` one frame, and that for `gzip` all members.
   * Default: gzip and bzip2 everywhere; zstd where `node:zlib` has it (Deno, Node 22.15).
   */
  readonly decompressors?: { readonly [Format in CompressionFormat]?: Decompressor } | undefined;
  /**
   * Maximum size of the content in bytes.
   * Default: 1 TiB, the default limit of Glance.
   */
  readonly maxSize?: number | undefined;
  /**
   * Maximum number of bytes of the content per compressed byte, after the first 256 MiB of the content.
   * Default: `1000`.
   */
  readonly maxRatio?: number | undefined;
  /** Name of the data, for error messages. */
  readonly name?: string | undefined;
  /** Called with the format before the first byte; null for data that is not compressed. */
  readonly onFormat?: ((format: CompressionFormat | null) => void) | undefined;
}

const TIB = 2 ** 40;

const RAISE_LIMIT: MessagePart = {
  key: "decompressFirst",
  text: 'raise "maxSize" or "maxRatio" if it is meant to be',
};

/** Bytes for which any ratio is allowed: an empty disk compresses to almost nothing. Of xz, they take 2 s. */
const FREE_BYTES = 2 ** 28;

/** Maximum compressed bytes without content, such as padding and skippable frames, which can be endless. */
const EMPTY_BYTES = 2 ** 26;

/**
 * Decompresses a stream as the command-line tools do: with all members, frames, or streams that were
 * concatenated. The result errors if the data is damaged or truncated, its check sum is wrong, or anything
 * else follows it. It is read only as fast as the result, and canceled with it.
 *
 * @param format the format, or `auto`: detected by the first bytes; data in no known format passes unchanged
 * @throws {Invalid} if the format is unknown, or nothing decodes it here.
 *
 * The stream errors with {@linkcode DecompressionFailed}, with {@linkcode DecompressionLimitExceeded}, or with
 * the error of its source.
 *
 * @example
 * ```ts
 * import { decompress } from "@glance-edge/glance/formats";
 * import { assert } from "@std/assert";
 *
 * const compressed = new Blob(["data"]).stream().pipeThrough(new CompressionStream("gzip"));
 * assert(await new Response(decompress(compressed, "auto")).text() === "data");
 * ```
 */
export function decompress(
  compressed: ReadableStream<Uint8Array>,
  format: CompressionFormat | "auto",
  options: DecompressOptions = {},
): ReadableStream<Uint8Array> {
  checkObject("the options of a decompression", options);
  checkFormat(format);
  if (format !== "auto") checkDecodable(format, options);
  const content = new Content(new ChunkSource(compressed), format, options);
  return new ReadableStream({
    async pull(controller) {
      const chunk = await content.next();
      if (chunk === null) controller.close();
      else controller.enqueue(chunk);
    },
    cancel: (reason) => content.cancel(reason),
  }, { highWaterMark: 0 });
}

/**
 * Checks the name of a format.
 *
 * @throws {Invalid} if it is unknown.
 */
export function checkFormat(format: string): void {
  if (format === "auto" || (COMPRESSIONS as readonly string[]).includes(format)) return;
  throw new Invalid(
    `Cannot decompress ${inspect(format)}: the formats are auto, ${COMPRESSIONS.join(", ")}`,
  );
}

function checkDecodable(
  format: CompressionFormat,
  { decompressors = {} }: DecompressOptions,
): void {
  const isNative = format === "gzip" || format === "bzip2" ||
    (format === "zstd" && nativeZstd() !== null);
  if (isNative || decompressors[format] !== undefined) return;
  throw new Invalid(
    `Cannot decompress ${format}: this runtime has no decoder for it; pass one in "decompressors"`,
  );
}

async function decoderOf(
  format: CompressionFormat,
  { decompressors = {} }: DecompressOptions,
): Promise<Decompressor> {
  const given = decompressors[format];
  if (format === "bzip2") {
    return given ?? (await import("./on_demand/bzip2.ts")).decompressBzip2;
  }
  if (format === "gzip") return given ?? nativeGzip();
  if (format === "zstd" && given === undefined) return nativeZstd()!;
  return eachMember(format === "zstd" ? ZSTD : XZ, given!);
}

/** The content of compressed data, read chunk by chunk. */
class Content {
  readonly #source: ChunkSource;
  readonly #options: DecompressOptions;
  #format: CompressionFormat | "auto" | null;
  #reader: ReadableStreamDefaultReader<Uint8Array> | null = null;
  #size = 0;
  /** Compressed bytes up to the last content. */
  #used = 0;

  constructor(
    source: ChunkSource,
    format: CompressionFormat | "auto",
    options: DecompressOptions,
  ) {
    this.#source = source;
    this.#format = format;
    this.#options = options;
  }

  async next(): Promise<Uint8Array | null> {
    try {
      this.#reader ??= await this.#open();
      const { value } = await this.#reader.read();
      if (value === undefined) return null;
      this.#size += value.byteLength;
      if (value.byteLength > 0) this.#used = this.#source.consumed;
      this.#checkLimits();
      return value;
    } catch (error) {
      const failure = this.#source.failure === null
        ? this.#wrap(error)
        : this.#source.failure.error;
      await this.cancel(failure).catch(() => {});
      throw failure;
    }
  }

  async cancel(reason: unknown): Promise<void> {
    await this.#reader?.cancel(reason).catch(() => {});
    await this.#source.cancel(reason);
  }

  async #open(): Promise<ReadableStreamDefaultReader<Uint8Array>> {
    const head = await this.#source.peek(DETECTION_BYTES);
    if (this.#format === "auto") this.#format = detectCompression(head);
    ignoringErrors(this.#options.onFormat)(this.#format);
    if (this.#format === null) return this.#source.stream().getReader();
    checkDecodable(this.#format, this.#options);
    const decode = await decoderOf(this.#format, this.#options);
    return (await decode(this.#compressed())).getReader();
  }

  /** The compressed data. Errors if it continues without content. */
  #compressed(): ReadableStream<Uint8Array> {
    return new ReadableStream({
      pull: async (controller) => {
        if (this.#source.consumed - this.#used > EMPTY_BYTES) {
          throw new Error(`its last ${EMPTY_BYTES / 2 ** 20} MiB have no content`);
        }
        const chunk = await this.#source.next();
        if (chunk === null) controller.close();
        else controller.enqueue(chunk);
      },
      cancel: (reason) => this.#source.cancel(reason),
    }, { highWaterMark: 0 });
  }

  #checkLimits(): void {
    const { maxSize = TIB, maxRatio = 1000 } = this.#options;
    const limit = this.#size > maxSize
      ? `it is larger than ${maxSize} bytes`
      : this.#size > FREE_BYTES && this.#size > maxRatio * this.#source.consumed
      ? `it expands to more than ${maxRatio} times its size`
      : null;
    if (limit === null || this.#format === null) return;
    throw new DecompressionLimitExceeded(
      `Cannot decompress ${this.#what}: ${limit}; ${RAISE_LIMIT.text}`,
      { messageParts: [RAISE_LIMIT] },
    );
  }

  get #what(): string {
    const { name } = this.#options;
    return name === undefined ? `the ${this.#format} data` : `"${name}"`;
  }

  #wrap(error: unknown): unknown {
    if (error instanceof DecompressionLimitExceeded || error instanceof Invalid) return error;
    if (error instanceof UnsupportedFeature) {
      return new DecompressionFailed(`Cannot decompress ${this.#what}: ${error.message}`, {
        cause: error,
      });
    }
    return new DecompressionFailed(
      `Cannot decompress ${this.#what} after ${this.#source.consumed} bytes: ${
        messageOf(error)
      }; check that it is complete and that its format is ${this.#format}`,
      { cause: error },
    );
  }
}
