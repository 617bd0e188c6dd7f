/** Reads the head of the next request from a connection, in bounded time. */
import type { ClientLimits } from "./client_limits.ts";
import {
  canBegin,
  headEnd,
  leadingBlank,
  MAX_HEAD_BYTES,
  parseHead,
  ProtocolError,
  type RequestHead,
  type UrlScheme,
} from "./request_head.ts";
import type { SocketReader } from "./socket_reader.ts";
import { TimeLimitExceeded, type TimeLimits } from "./time_limit.ts";

/** The message for bytes that are not HTTP. */
const NOT_HTTP: Readonly<Record<UrlScheme, string>> = {
  http: "This server supports only HTTP/1.1 without TLS.",
  https: "This server supports only HTTP/1.1.",
};

/**
 * Returns a function that reads the head of the next request; null if the client sends none. It rejects with a
 * `ProtocolError` if the head is malformed, too large or late, and with `TimeLimitExceeded` if the client sends
 * nothing.
 */
export function headReader(
  reader: SocketReader,
  limits: Pick<ClientLimits, "head" | "idle">,
  time: TimeLimits,
  scheme: UrlScheme,
): () => Promise<RequestHead | null> {
  /** Held bytes that do not contain the end of the head. */
  let searched = 0;

  /** Skips empty lines before a request. Whether a byte of the request is held. */
  const hasByte = (): boolean => {
    const { held } = reader;
    const blank = leadingBlank(held);
    reader.use(blank);
    return blank < held.byteLength;
  };

  const firstByte = async (): Promise<boolean> => {
    while (await reader.fill()) {
      if (hasByte()) return true;
    }
    return false;
  };

  const rest = async (): Promise<RequestHead | null> => {
    while (await reader.fill()) {
      const head = take();
      if (head !== null) return head;
    }
    return null;
  };

  /** Takes the head from the held bytes; null if it is incomplete. */
  const take = (): RequestHead | null => {
    const { held } = reader;
    const end = headEnd(held, Math.max(0, searched - 3));
    if ((end < 0 ? held.byteLength : end) > MAX_HEAD_BYTES) {
      throw new ProtocolError(431, "The header fields are too large.");
    }
    if (end >= 0) {
      const head = parseHead(held.subarray(0, end), scheme);
      reader.use(end);
      return head;
    }
    if (!canBegin(held)) {
      throw new ProtocolError(400, NOT_HTTP[scheme]);
    }
    searched = held.byteLength;
    return null;
  };

  return async () => {
    if (!hasByte() && !await time.within(firstByte(), limits.idle)) return null;
    searched = 0;
    // Most heads arrive at once.
    return take() ?? await time.within(rest(), limits.head).catch((error) => {
      if (!(error instanceof TimeLimitExceeded)) throw error;
      throw new ProtocolError(408, "The header fields did not arrive in time.");
    });
  };
}
