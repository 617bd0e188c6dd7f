/** Reads a file of a web server once, from its first to its last byte, and resumes after broken connections. */
import { GlanceError, ImageIntegrityError, ServerUnreachable } from "../../errors.ts";
import { isRetryableStatus } from "../../http/retry/retry_policy.ts";
import type { ResolvedOptions } from "../../options.ts";
import { keepsEncodedBodies } from "../../platform.ts";
import { redact } from "../../redact.ts";
import type { Hasher } from "../../transfer/types.ts";
import { openWebResponse, TRY_AGAIN, type WebResponse } from "../url_source.ts";
import { ReadPrefix } from "./read_prefix.ts";
import { SourceRetries } from "./source_retries.ts";
import {
  contentFault,
  continuationOf,
  rangeHeaders,
  type SourceVersion,
  versionOf,
} from "./source_version.ts";

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
 * A reader of a URL. After a break, it requests the rest with `If-Range`, and the last bytes that it has read, which are
 * compared. If that is not possible, or the server sends the whole file instead, all its first bytes are compared.
 */
export class UrlReader {
  readonly #url: string;
  readonly #source: UrlReaderOptions;
  readonly #prefix: ReadPrefix;
  readonly #retries: SourceRetries;
  #version: SourceVersion = { size: null, validator: null, tag: null };
  #body: ReadableStreamDefaultReader<Uint8Array> | null = null;
  #resumes = 0;
  #isCanceled = false;

  constructor(url: string, source: UrlReaderOptions) {
    this.#url = url;
    this.#source = source;
    this.#prefix = new ReadPrefix(source.createHasher);
    this.#retries = new SourceRetries(source.options, new URL(url).origin);
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
      this.#prefix.add(chunk);
      this.#retries.restart();
      this.#report();
      return chunk;
    }
  }

  /** The last temporary failure since the last byte; null if there is none. */
  get failure(): GlanceError | null {
    return this.#retries.failure;
  }

  /** The digest of all bytes so far. */
  digest(): string {
    return this.#prefix.digest();
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
    const end = this.#prefix.length + (value?.byteLength ?? 0);
    if (value === undefined && (size === null || end === size)) return null;
    if (value === undefined) throw this.#broken("the connection closed before the end");
    if (size !== null && end > size) throw this.#changed("it is longer than announced");
    return value;
  }

  async #connect(): Promise<void> {
    const { options, signal, allowHttpRedirect } = this.#source;
    await this.#prefix.prepare();
    const headers = rangeHeaders(this.#version, this.#prefix);
    const request = { headers, allowHttpRedirect };
    const response = await openWebResponse(options, this.#url, signal, request)
      .catch((error) => {
        const isRangeRefused = error instanceof GlanceError && error.status === 416 &&
          "range" in headers;
        throw isRangeRefused ? this.#needsWhole("it does not have the requested bytes") : error;
      });
    const body = response.body.getReader();
    // A canceled reader also closes a body that is only compared so far.
    this.#body = body;
    const fault = contentFault(response.headers, this.#url, keepsEncodedBodies(options.fetch));
    if (fault !== null) throw new GlanceError(`Cannot download "${redact(this.#url)}": ${fault}`);
    if (this.#prefix.length === 0) this.#version = versionOf(response.headers);
    else this.#body = await this.#continued(response, body);
    this.#report();
  }

  /** The body of a later response, after the bytes that were read. */
  async #continued(
    response: WebResponse,
    body: ReadableStreamDefaultReader<Uint8Array>,
  ): Promise<ReadableStreamDefaultReader<Uint8Array>> {
    const { overlapStart } = this.#prefix;
    const continuation = continuationOf(response, this.#version, overlapStart);
    if (continuation.kind === "unproven") throw this.#needsWhole(continuation.reason);
    if (continuation.kind === "changed") throw this.#changed("it has changed since then");
    const isRest = continuation.kind === "rest";
    const rest = await this.#prefix.restOf(body, isRest ? overlapStart : 0);
    if (rest === "ended") throw this.#broken("the connection closed before the end");
    if (rest === "changed") {
      if (isRest && overlapStart > 0) throw this.#needsWhole("it sent other bytes than before");
      throw this.#changed("it has changed since then");
    }
    if (isRest) this.#version = { ...this.#version, size: continuation.size };
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
      const isEnded = this.#isCanceled || signal?.aborted === true;
      const isStarted = this.#prefix.length > 0;
      if (isEnded || !(error instanceof GlanceError)) throw error;
      if (!await mayPass(error, isStarted)) throw error;
      const delay = this.#retries.next(error, isStarted);
      if (delay === null) throw error;
      if (isStarted) this.#resumes++;
      await options.sleep(delay, signal);
      return undefined;
    }
  }

  #report(): void {
    this.#source.onProgress(this.#prefix.length, this.#version.size, this.#resumes);
  }

  #broken(state: string): ServerUnreachable {
    return new ServerUnreachable(`Cannot download "${redact(this.#url)}": ${state}; ${TRY_AGAIN}`);
  }

  #changed(state: string): ImageIntegrityError {
    return new ImageIntegrityError(
      `Cannot continue downloading "${
        redact(this.#url)
      }" after ${this.#prefix.length} bytes: ${state}; start again`,
      { expected: `the file of the first response`, actual: "another file" },
    );
  }
}

/**
 * Whether a later request may succeed. Before the first byte, a name that does not exist and a certificate that is not
 * trusted are final; after it, the network may have changed.
 */
async function mayPass(error: GlanceError, isStarted: boolean): Promise<boolean> {
  if (!(error instanceof ServerUnreachable)) {
    return error.status !== undefined && isRetryableStatus(error.status);
  }
  if (isStarted) return true;
  const { isServerUnavailable } = await import("../../http/on_demand/outage_policy.ts");
  return isServerUnavailable(error);
}
