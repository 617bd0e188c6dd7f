/** Reads import data from a URL, for a cloud that does not support `web-download`. */
import { type Chunk, readerOf } from "../transfer/body_reader.ts";
import { StallTimer } from "../transfer/stall_timer.ts";
import { parseHttpUrl } from "../api_server.ts";
import { GlanceError, Invalid, ServerUnreachable } from "../errors.ts";
import { statusError } from "../http/status_error.ts";
import { Deadline } from "../http/deadline.ts";
import { explainTls } from "../http/explain.ts";
import { discard, reasonOf } from "../http/transport.ts";
import { openUrl, type WebRequest } from "../http/web_request.ts";
import type { ResolvedOptions } from "../options.ts";
import { own } from "../http/owned_memory.ts";
import { inspect } from "../validate.ts";
import { redact } from "../redact.ts";

/**
 * Checks the URL of an import.
 *
 * @throws {Invalid} if it is not an http or https URL.
 */
export function checkUrl(url: string): void {
  if (typeof url === "string" && parseHttpUrl(url) !== null) return;
  throw new Invalid(
    `Cannot import from ${
      inspect(typeof url === "string" ? redact(url) : url)
    }: it is not an http or https URL; pass one, or the data itself`,
  );
}

/** The hint if a web server fails. */
export const TRY_AGAIN = "try again later, or use another mirror";

/** A response of a web server, whose body errors after `stallTimeout` without data. */
export interface WebResponse {
  readonly headers: Headers;
  readonly status: number;
  readonly body: ReadableStream<Uint8Array>;
}

/**
 * Opens the data at a URL, without a token. The body is read when the stream is read.
 *
 * @throws {ServerUnreachable} if no response arrives within `requestTimeout`.
 * @throws {RedirectRefused} if the server redirects from https to http, to another scheme, or in a circle.
 * @throws {GlanceError} for an error status, for example `NotFound`.
 */
export async function openWebData(
  options: ResolvedOptions,
  url: string,
  signal: AbortSignal | undefined,
): Promise<ReadableStream<Uint8Array>> {
  return (await openWebResponse(options, url, signal)).body;
}

/** Does the same with the headers and options of `request`, and returns the response. */
export async function openWebResponse(
  options: ResolvedOptions,
  url: string,
  signal: AbortSignal | undefined,
  request: WebRequest = {},
): Promise<WebResponse> {
  const source = redact(url);
  const deadline = new Deadline(options, signal);
  const { requestTimeout } = options;
  deadline.arm(
    requestTimeout,
    () => broken(source, `it did not respond within ${requestTimeout} ms; ${TRY_AGAIN}`),
  );
  try {
    const response = await openUrl(options, url, deadline.signal, request);
    if (!hasFile(response, request.headers)) throw await httpErrorOf(response, url);
    deadline.disarm();
    const body = withStallTimeout(response.body, source, deadline, options);
    return { headers: response.headers, status: response.status, body };
  } catch (error) {
    const reason = deadline.signal.aborted ? deadline.signal.reason : error;
    deadline[Symbol.dispose]();
    if (signal?.aborted) throw signal.reason;
    throw reason instanceof GlanceError ? reason : await unreachable(source, reason);
  }
}

/**
 * Whether a response has the requested bytes. A 206 without a range request is not the whole file, and a 202 means that
 * the file is not available yet.
 */
function hasFile(
  response: Response,
  requested: Readonly<Record<string, string>> = {},
): response is Response & { readonly body: ReadableStream<Chunk> } {
  const { status, body } = response;
  const isPart = status === 206 && "range" in requested;
  return body !== null && (status === 200 || status === 203 || isPart);
}

/** Bytes per read: each chunk costs a decoder and the streams about as much as 100 KiB of data. */
const READ_SIZE = 256 * 1024;

/** A body that errors after `stallTimeout` without data. Its errors name the URL. */
function withStallTimeout(
  body: ReadableStream<Chunk>,
  source: string,
  deadline: Deadline,
  options: ResolvedOptions,
): ReadableStream<Uint8Array> {
  const { stallTimeout } = options;
  const silent = () => broken(source, `it sent no data for ${stallTimeout} ms; ${TRY_AGAIN}`);
  const timer = new StallTimer(deadline, options, silent);
  const reader = readerOf(body, deadline.signal);
  let memory: Chunk = new Uint8Array(READ_SIZE);
  const end = () => {
    timer[Symbol.dispose]();
    deadline[Symbol.dispose]();
  };
  return new ReadableStream({
    async pull(controller) {
      timer.begin();
      try {
        const chunk = await reader.read(memory);
        timer.end();
        deadline.signal.throwIfAborted();
        if (chunk === null) {
          controller.close();
          return end();
        }
        const isInMemory = memory.byteLength === 0;
        // A small chunk must not keep all of the memory.
        const isSmall = isInMemory && chunk.byteLength < READ_SIZE / 4;
        if (isInMemory && !isSmall) own(chunk.buffer, chunk.byteLength);
        controller.enqueue(isSmall ? chunk.slice() : chunk);
        if (isInMemory) {
          memory = new Uint8Array(isSmall ? chunk.buffer : new ArrayBuffer(READ_SIZE));
        }
      } catch (error) {
        end();
        if (deadline.signal.aborted) throw deadline.signal.reason;
        throw broken(source, `the connection broke; ${TRY_AGAIN}`, error);
      }
    },
    cancel(reason) {
      end();
      return reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
}

/** Hints by status. The general hints concern clouds and tokens. */
const STATUS_HINTS: Readonly<Record<number, string>> = {
  401: "the URL must be readable without signing in, or contain what is needed for it",
  403: "the URL must be readable without signing in, and may have expired",
  404: "check the URL",
  410: "check the URL",
};

async function httpErrorOf(response: Response, url: string): Promise<GlanceError> {
  await discard(response);
  const { status } = response;
  return statusError({
    action: `download "${redact(url)}"`,
    server: new URL(url).origin,
    attempts: 1,
    status,
    explanation: "",
    hint: STATUS_HINTS[status] ?? TRY_AGAIN,
  });
}

/** The error of a failed fetch, with its reason, such as an unknown host or certificate. */
async function unreachable(source: string, error: unknown): Promise<ServerUnreachable> {
  const reason = reasonOf(error);
  const { hint = "check the URL" } = await explainTls(reason);
  return broken(source, `${reason}; ${hint}`, error);
}

function broken(source: string, state: string, cause?: unknown): ServerUnreachable {
  return new ServerUnreachable(`Cannot download "${source}": ${state}`, { cause });
}
