/** Reads a file of a web server once, from its first to its last byte, and resumes after broken connections. */
import { GlanceError, ImageIntegrityError, ServerUnreachable } from "../../errors.ts";
import { backoff, isRetryableStatus } from "../../http/retry/retry_policy.ts";
import { formatRange } from "../../http/byte_range.ts";
import type { ResolvedOptions } from "../../options.ts";
import { keepsEncodedBodies } from "../../platform.ts";
import { redact } from "../../redact.ts";
import type { Hasher } from "../../transfer/types.ts";
import { openWebResponse, TRY_AGAIN, type WebResponse } from "../url_source.ts";
import { contentFault, continuationOf, type SourceVersion, versionOf } from "./source_version.ts";

export interface UrlReaderOptions {
  readonly options: ResolvedOptions;
  readonly signal: AbortSignal | undefined;
  /** Whether redirects from https to http are followed. Undefined if the caller has no such option. */
  readonly allowHttpRedirect?: boolean | undefined;
  /** Creates the hasher of all bytes, which also proves that a whole response has the same first bytes. */
  readonly createHasher: () => Promise<Hasher>;
  /** Called after each chunk and each break. */
  readonly onProgress: (read: number, total: number | null, resumes: number) => void;
}

/**
 * A reader of a URL. After a break, it requests the rest with `If-Range`. If that is not possible, or the server
 * sends the whole file instead, its first bytes are compared and skipped.
 */
export class UrlReader {
  readonly #url: string;
  readonly #source: UrlReaderOptions;
  #hasher: Hasher | null = null;
  #version: SourceVersion = { size: null, validator: null, tag: null };
  #body: ReadableStreamDefaultReader<Uint8Array> | null = null;
  #offset = 0;
  #resumes = 0;
  /** Failures since the last byte, and when it arrived. */
  #failures: GlanceError[] = [];
  #lastByteAt: number;
  #isCanceled = false;

  constructor(url: string, source: UrlReaderOptions) {
    this.#url = url;
    this.#source = source;
    this.#lastByteAt = source.options.now();
  }

  /** Opens the file and returns its size in bytes; null if the server does not state it. */
  async open(): Promise<number | null> {
    while (this.#body === null) await this.#retrying(() => this.#connect());
    return this.#version.size;
  }

  /** The next bytes; null after the last one. */
  async next(): Promise<Uint8Array | null> {
    for (;;) {
      await this.open();
      const chunk = await this.#retrying(() => this.#read());
      if (chunk === undefined) continue;
      if (chunk === null) return null;
      this.#hasher!.update(chunk);
      this.#offset += chunk.byteLength;
      this.#failures = [];
      this.#lastByteAt = this.#source.options.now();
      this.#report();
      return chunk;
    }
  }

  /** The last temporary failure since the last byte; null if there is none. */
  get failure(): GlanceError | null {
    return this.#failures.at(-1) ?? null;
  }

  /** The digest of all bytes so far. */
  digest(): string {
    return this.#hasher?.digest() ?? "";
  }

  /** Ends it: a pending read is not resumed. */
  async cancel(reason: unknown): Promise<void> {
    this.#isCanceled = true;
    await this.#close(reason);
  }

  async #close(reason: unknown): Promise<void> {
    await this.#body?.cancel(reason).catch(() => {});
    this.#body = null;
  }

  /** The next bytes of the current body; null at the end of the file. */
  async #read(): Promise<Uint8Array | null> {
    const { value } = await this.#body!.read();
    const { size } = this.#version;
    const end = this.#offset + (value?.byteLength ?? 0);
    if (value === undefined && (size === null || end === size)) return null;
    if (value === undefined) throw this.#broken("the connection closed before the end");
    if (size !== null && end > size) throw this.#changed("it is longer than announced");
    return value;
  }

  async #connect(): Promise<void> {
    const { options, signal, createHasher, allowHttpRedirect } = this.#source;
    this.#hasher ??= await createHasher();
    const { validator } = this.#version;
    const headers: Record<string, string> = {};
    // Without a validator, only the bytes show that the file is the same.
    if (this.#offset > 0 && validator !== null) {
      headers["range"] = formatRange({ start: this.#offset });
      headers["if-range"] = validator;
    }
    const request = { headers, allowHttpRedirect };
    const response = await openWebResponse(options, this.#url, signal, request)
      .catch((error) => {
        const isRangeRefused = error instanceof GlanceError && error.status === 416 &&
          "range" in headers;
        throw isRangeRefused ? this.#needsWhole("it does not have the requested bytes") : error;
      });
    try {
      const isUndecoded = keepsEncodedBodies(options.fetch);
      const fault = contentFault(response.headers, this.#url, isUndecoded);
      if (fault !== null) throw new GlanceError(`Cannot download "${redact(this.#url)}": ${fault}`);
      if (this.#offset === 0) this.#version = versionOf(response.headers);
      this.#body = this.#offset === 0 ? response.body.getReader() : await this.#continued(response);
      this.#report();
    } catch (error) {
      await response.body.cancel(error).catch(() => {});
      throw error;
    }
  }

  /** The body of a later response, at the current offset. */
  async #continued(response: WebResponse): Promise<ReadableStreamDefaultReader<Uint8Array>> {
    const continuation = continuationOf(response, this.#version, this.#offset);
    if (continuation.kind === "unproven") throw this.#needsWhole(continuation.reason);
    if (continuation.kind === "changed") throw this.#changed("it has changed since then");
    if (continuation.kind === "rest") {
      this.#version = { ...this.#version, size: continuation.size };
      return response.body.getReader();
    }
    const hasher = await this.#source.createHasher();
    const rest = await readerAfter(response.body, this.#offset, { hasher, digest: this.digest() });
    if (rest === "changed") throw this.#changed("it has changed since then");
    if (rest === "ended") throw this.#broken("the connection closed before the end");
    return rest;
  }

  /** The error for a range that cannot be used. The next attempt requests the whole file. */
  #needsWhole(state: string): ServerUnreachable {
    this.#version = { ...this.#version, validator: null };
    return this.#broken(state);
  }

  /** Runs one step; after a temporary failure, drops the body, waits, and returns undefined. */
  async #retrying<Result>(step: () => Promise<Result>): Promise<Result | undefined> {
    const { options, signal } = this.#source;
    try {
      return await step();
    } catch (error) {
      await this.#close(error);
      const isLate = options.now() - this.#lastByteAt >= options.stallTimeout;
      const isFinal = this.#failures.length >= options.numRetries && (isLate || this.#offset === 0);
      const isEnded = this.#isCanceled || signal?.aborted === true;
      if (isEnded || isFinal || !(error instanceof GlanceError)) throw error;
      if (!await mayPass(error, this.#offset)) throw error;
      if (this.#offset > 0) this.#resumes++;
      await options.sleep(backoff(this.#failures.push(error) - 1, options.random), signal);
      return undefined;
    }
  }

  #report(): void {
    this.#source.onProgress(this.#offset, this.#version.size, this.#resumes);
  }

  #broken(state: string): ServerUnreachable {
    return new ServerUnreachable(`Cannot download "${redact(this.#url)}": ${state}; ${TRY_AGAIN}`);
  }

  #changed(state: string): ImageIntegrityError {
    return new ImageIntegrityError(
      `Cannot continue downloading "${
        redact(this.#url)
      }" after ${this.#offset} bytes: ${state}; start again`,
      { expected: `the file of the first response`, actual: "another file" },
    );
  }
}

/**
 * Whether a later request may succeed. Before the first byte, a name that does not exist and a certificate that is not
 * trusted are final; after it, the network may have changed.
 */
async function mayPass(error: GlanceError, offset: number): Promise<boolean> {
  if (!(error instanceof ServerUnreachable)) {
    return error.status !== undefined && isRetryableStatus(error.status);
  }
  if (offset > 0) return true;
  const { isServerUnavailable } = await import("../../http/on_demand/outage_policy.ts");
  return isServerUnavailable(error);
}

/** A reader of what follows the first bytes of a body, which must have the digest. */
async function readerAfter(
  body: ReadableStream<Uint8Array>,
  count: number,
  { hasher, digest }: { readonly hasher: Hasher; readonly digest: string },
): Promise<ReadableStreamDefaultReader<Uint8Array> | "changed" | "ended"> {
  const reader = body.getReader();
  for (let left = count; left > 0;) {
    const { value } = await reader.read();
    if (value === undefined) return "ended";
    hasher.update(value.subarray(0, left));
    const rest = value.subarray(left);
    left -= value.byteLength - rest.byteLength;
    if (left > 0) continue;
    if (hasher.digest() === digest) return withFirst(rest, reader);
    await reader.cancel("changed").catch(() => {});
    return "changed";
  }
  return reader;
}

/** A reader of the first bytes and what follows them. */
function withFirst(
  first: Uint8Array,
  reader: ReadableStreamDefaultReader<Uint8Array>,
): ReadableStreamDefaultReader<Uint8Array> {
  let rest: Uint8Array | null = first;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const chunk = rest !== null && rest.byteLength > 0 ? rest : (await reader.read()).value;
      rest = null;
      if (chunk === undefined) controller.close();
      else controller.enqueue(chunk);
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 }).getReader();
}
