/** Reads the first bytes of a file on the web. */
import { parseHttpUrl } from "../../api_server.ts";
import { abortable, Deadline } from "../../http/deadline.ts";
import { resolveOptions } from "../../options.ts";
import { redact, redactUrls } from "../../redact.ts";
import { messageOf } from "../../validate.ts";
import { CommandFailed } from "../system/errors.ts";
import type { System } from "../system/system.ts";

/** Bytes that are requested. */
const HEAD_BYTES = 256 * 1024;

/** Milliseconds in which they must arrive. */
const TIME_LIMIT = 60_000;

/** The start of a file. */
export interface WebHead {
  readonly stream: ReadableStream<Uint8Array>;
  /** Size of the file in bytes; null if the server does not state it. */
  readonly size: number | null;
}

/**
 * Reads the first 256 KiB of a file, or all of it if the server ignores ranges: cancel the stream then.
 *
 * @param use reads the stream; the time limit ends with it
 * @throws {CommandFailed} if the file cannot be read.
 */
export async function withWebHead<T>(
  { ports = {}, signal }: Pick<System, "ports" | "signal">,
  url: string,
  use: (head: WebHead, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const options = resolveOptions(ports);
  const deadline = new Deadline(options, signal);
  const fail = (cause: string, error?: unknown) =>
    new CommandFailed(`Cannot read "${redact(url)}": ${cause}`, error);
  deadline.arm(TIME_LIMIT, () => fail(`no answer within ${TIME_LIMIT / 1000} s; try again`));
  try {
    if (parseHttpUrl(url) === null) throw fail("it is not a valid http or https URL; correct it");
    const headers = { "range": `bytes=0-${HEAD_BYTES - 1}`, "accept-encoding": "identity" };
    const pending = options.fetch(url, { headers, signal: deadline.signal });
    const response = await abortable(pending, deadline.signal, ({ body }) => body?.cancel());
    const head = headOf(response);
    if (head !== null) return await use(head, deadline.signal);
    await response.body?.cancel();
    throw fail(`the server answered ${response.status}; check the URL`);
  } catch (error) {
    if (deadline.signal.aborted) throw deadline.signal.reason;
    if (error instanceof CommandFailed) throw error;
    throw fail(redactUrls(messageOf(error)), error);
  } finally {
    deadline[Symbol.dispose]();
  }
}

/** The start of the file in a response; null for an error. */
function headOf({ status, headers, body }: Response): WebHead | null {
  const total = /^bytes (?:\*|0-\d+)\/(\d+)$/.exec(headers.get("content-range") ?? "")?.[1];
  // 416: the file is empty.
  const isEmpty = status === 204 || (status === 416 && total === "0");
  if (isEmpty) return { stream: new Response("").body ?? new ReadableStream(), size: 0 };
  if (body === null || ![200, 206].includes(status)) return null;
  if (status === 206) return { stream: body, size: total === undefined ? null : Number(total) };
  const length = headers.get("content-length");
  const isEncoded = headers.has("content-encoding");
  return { stream: body, size: length === null || isEncoded ? null : Number(length) };
}
