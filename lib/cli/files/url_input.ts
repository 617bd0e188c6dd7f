/** Reads parts of a file on the web. */
import { parseHttpUrl } from "../../api_server.ts";
import type { ReadableRegions } from "../../formats/inspect_regions.ts";
import { formatRange, lengthOf, parseContentRange } from "../../http/byte_range.ts";
import { GlanceError, RedirectRefused } from "../../errors.ts";
import { Deadline } from "../../http/deadline.ts";
import { explainTls } from "../../http/explain.ts";
import { reasonOf } from "../../http/transport.ts";
import { openUrl } from "../../http/web_request.ts";
import { pageFault } from "../../jobs/from_url/source_version.ts";
import { type ResolvedOptions, resolveOptions } from "../../options.ts";
import { redact, redactUrls } from "../../redact.ts";
import { CommandFailed } from "../system/errors.ts";
import type { System } from "../system/system.ts";
import { readBytes } from "./read_bytes.ts";

/** Bytes of the first request: as many as an inspection needs first. */
const FIRST_BYTES = 64 * 1024;

/** Milliseconds in which all parts must arrive. */
const TIME_LIMIT = 60_000;

/** A file on the web: any part of it, or a stream if the server has no ranges. */
export interface WebFile {
  /** Size in bytes; null if the server does not state it. */
  readonly size: number | null;
  readonly data: ReadableStream<Uint8Array> | ReadableRegions;
}

/**
 * Opens a file on the web.
 *
 * @param use reads it, and cancels a stream that it does not read to its end; the time limit ends with it
 * @throws {CommandFailed} if the file cannot be read, or changes while it is read.
 * @throws {RedirectRefused} if the server redirects from https to http, to another scheme, or in a circle.
 */
export async function withWebFile<T>(
  { ports = {}, signal }: Pick<System, "ports" | "signal">,
  url: string,
  use: (file: WebFile, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const options = resolveOptions(ports);
  const deadline = new Deadline(options, signal);
  const fail = (cause: string, error?: unknown) =>
    new CommandFailed(`Cannot read "${redact(url)}": ${cause}`, error);
  deadline.arm(TIME_LIMIT, () => fail(`no response within ${TIME_LIMIT / 1000} s; try again`));
  try {
    if (parseHttpUrl(url) === null) throw fail("it is not a valid http or https URL; correct it");
    const requests = new WebRequests(options, url, deadline.signal, fail);
    return await use(await openFile(requests), deadline.signal);
  } catch (error) {
    if (deadline.signal.aborted) throw deadline.signal.reason;
    if (error instanceof CommandFailed || error instanceof RedirectRefused) throw error;
    if (error instanceof GlanceError) throw fail(redactUrls(error.message), error);
    const { hint = "check the URL" } = await explainTls(reasonOf(error));
    throw fail(`${redactUrls(reasonOf(error))}; ${hint}`, error);
  } finally {
    deadline[Symbol.dispose]();
  }
}

async function openFile(requests: WebRequests): Promise<WebFile> {
  const response = await requests.send({ start: 0, end: FIRST_BYTES - 1 });
  const { status, headers } = response;
  if (status !== 206) return wholeFile(response);
  const total = parseContentRange(headers.get("content-range"))?.total ?? null;
  if (total !== null) return { size: total, data: new WebRegions(requests, response, total) };
  await response.body?.cancel();
  return wholeFile(await requests.send(null));
}

/** The response of a server without ranges. */
function wholeFile({ headers, body }: Response): WebFile {
  const length = headers.get("content-length");
  const isEncoded = headers.has("content-encoding");
  if (body === null) return { size: 0, data: new Blob([]).stream() };
  return { size: isEncoded ? null : lengthOf(length), data: body };
}

/** Sends the requests for parts of a file. */
class WebRequests {
  readonly fail: (cause: string) => CommandFailed;
  readonly #options: ResolvedOptions;
  readonly #url: string;
  readonly #signal: AbortSignal;

  constructor(
    options: ResolvedOptions,
    url: string,
    signal: AbortSignal,
    fail: (cause: string) => CommandFailed,
  ) {
    this.#options = options;
    this.#url = url;
    this.#signal = signal;
    this.fail = fail;
  }

  /** A response with bytes of the file, or without a body if the file is empty. */
  async send(range: { readonly start: number; readonly end: number } | null): Promise<Response> {
    const headers = range === null ? {} : { range: formatRange(range) };
    const request = { headers, action: "read" };
    const response = await openUrl(this.#options, this.#url, this.#signal, request);
    const fault = this.#faultOf(response, range !== null);
    if (fault === null) return response;
    await response.body?.cancel();
    if (fault === "empty") return new Response(null, { status: 204 });
    throw this.fail(fault);
  }

  #faultOf({ status, headers }: Response, isRange: boolean): string | null {
    if (status === 416 && headers.get("content-range") === "bytes */0") return "empty";
    const hasFile = [200, 203, 204].includes(status) || (status === 206 && isRange);
    return hasFile ? pageFault(headers) : `the server responded with ${status}; check the URL`;
  }
}

/** The parts of a file, all of the version that the first response has. */
class WebRegions implements ReadableRegions {
  readonly size: number;
  readonly #requests: WebRequests;
  readonly #version: string;
  #first: Response | null;

  constructor(requests: WebRequests, first: Response, size: number) {
    this.#requests = requests;
    this.#first = first;
    this.#version = versionOf(first);
    this.size = size;
  }

  async read(start: number, end: number): Promise<Uint8Array> {
    const response = this.#first ?? await this.#requests.send({ start, end: end - 1 });
    this.#first = null;
    const range = parseContentRange(response.headers.get("content-range"));
    const fault = response.status !== 206 || versionOf(response) !== this.#version
      ? "it changed while it was read; try again"
      : range?.start !== start || range.end !== end - 1
      ? "the server sent other bytes than requested; download the file, and inspect that"
      : null;
    if (response.body !== null && fault === null) {
      const bytes = await readBytes(response.body, end - start);
      if (bytes.byteLength === end - start) return bytes;
    }
    await response.body?.cancel().catch(() => {});
    throw this.#requests.fail(fault ?? "the connection closed before the end; try again");
  }
}

/** What the server states about the version of a file. */
function versionOf({ headers }: Response): string {
  const total = parseContentRange(headers.get("content-range"))?.total ?? "";
  return [total, headers.get("etag"), headers.get("last-modified")].join();
}
