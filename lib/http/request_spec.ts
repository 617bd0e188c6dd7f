/**
 * The parts of a request: what to send, how it is retried, and the servers to which it may be sent.
 */
import type { ApiServer } from "../api_server.ts";
import type { RequestContext } from "../context.ts";
import type { ResolvedOptions } from "../options.ts";
import type { Deadline } from "./deadline.ts";
import type { TokenBucket } from "./retry/token_bucket.ts";
import type { ServerPool } from "./retry/server_pool.ts";
import type { TokenSource } from "./token_source.ts";

/** A request relative to an endpoint root. */
export interface WireRequest {
  /** HTTP method. */
  readonly method: string;
  /** Encoded path with its query, from the endpoint root: `/v2/images?limit=1`. */
  readonly path: string;
  /** Headers by lower-case name, without the credentials. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The body; a stream can be sent only once. */
  readonly body?: RequestInit["body"] | undefined;
}

/** What to send, and what its responses mean. */
export interface RequestSpec {
  /** The request. */
  readonly request: WireRequest;
  /** The action, for messages: `show image "42"`. */
  readonly action: () => string;
  /** Id of the image, if the request concerns one. */
  readonly imageId: string | undefined;
  /** Name of the metadata namespace, if the request concerns one. */
  readonly namespace?: string | undefined;
  /** Whether a response is used only after its whole body was read; until then, the request may be hedged. */
  readonly isReadWhole?: boolean;
  /** Whether the request may be sent again if its outcome is unknown. */
  readonly idempotent: boolean;
  /** Status of a retry if an earlier attempt with unknown outcome did succeed. */
  readonly alreadyDoneStatus: number | undefined;
  /** Statuses of success; null accepts every status that is not retryable. */
  readonly success: readonly number[] | null;
  /** The hint for an error status that is more specific than the general one. */
  readonly hint?: ((status: number) => Promise<string | undefined>) | undefined;
}

/** Options of one call. */
export interface CallOptions {
  /** Aborts the call, including its waits, with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** How one call is retried. */
export interface CallPolicy extends CallOptions {
  /** The trace if the context has none (default: a new one). */
  readonly trace?: RequestContext["trace"];
  /** Maximum number of retries (default: `numRetries`). */
  readonly retries?: number | undefined;
  /**
   * Maximum milliseconds to wait because of a `Retry-After`, for callers that repeat the request themselves. The wait
   * also follows the last retry.
   */
  readonly maxRetryAfter?: number | undefined;
  /** The reason why the last failure is final, for messages (default: from the request and the retry budget). */
  readonly finalReason?: string | undefined;
  /** Endpoints of servers that were tried in this round; others come first. The loop adds to the set. */
  readonly tried?: Set<string> | undefined;
  /** Endpoints of servers to avoid, unless no other is configured. */
  readonly excluded?: ReadonlySet<string> | undefined;
  /** Endpoint of the server to try first, if it is healthy. */
  readonly first?: string | undefined;
  /**
   * Whether the next request is sent to the same server. With plain round-robin, one of two servers would get all
   * requests for records, and the other one all requests for data.
   */
  readonly keepsServer?: boolean | undefined;
  /**
   * Milliseconds to wait for the response of a started attempt after an abort (default: 0). Other waits end at once, and
   * no further attempt starts.
   */
  readonly abortDelay?: number | undefined;
  /** Sets the deadline of each attempt (default: `requestTimeout` until the headers arrive). */
  readonly onAttempt?: ((deadline: Deadline, server: ApiServer) => void) | undefined;
}

/** The servers of a call, and what is sent to each of them. */
export interface Upstream {
  readonly options: ResolvedOptions;
  readonly pool: ServerPool;
  readonly budget: TokenBucket;
  readonly tokens: TokenSource;
  /** Whether no token is sent. */
  readonly anonymous: boolean;
}

/** A response with an unread body, and the deadline of its request. */
export interface OpenResponse {
  /** The response; its body is unread. */
  readonly response: Response;
  /** The server that responded. */
  readonly server: ApiServer;
  /** Follows the caller's signal. The consumer of the body must dispose it. */
  readonly deadline: Deadline;
  /** Number of requests sent. */
  readonly attempts: number;
  /**
   * Reports that the body broke after `progress` bytes; the server cools down. Returns whether the retry
   * budget allows another request; after a mebibyte of progress, one is free.
   */
  readonly reportBreak: (cause: unknown, progress: number) => boolean;
}

/** Handles a successful response; if the body breaks meanwhile, the attempt counts as failed. */
export type ResponseHandler<Result> = (opened: OpenResponse) => Promise<Result>;

/** Whether the body is a stream, which can be sent only once. */
export function isStream({ body }: WireRequest): boolean {
  return body instanceof ReadableStream;
}

/** Whether the body is not text, and so may be image data, whose transfer time is unknown. */
export function hasData({ body }: WireRequest): boolean {
  return body !== undefined && body !== null && typeof body !== "string";
}
