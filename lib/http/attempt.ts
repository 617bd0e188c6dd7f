/**
 * One attempt of a request on one server, and what its outcome means for the next attempt.
 *
 * @module
 */
import type { RequestContext } from "../context.ts";
import type { ApiServer } from "../api_server.ts";
import { GlanceError, ServerUnreachable, UnexpectedResponse } from "../errors.ts";
import type { ResolvedOptions } from "../options.ts";
import { abortable, Deadline } from "./deadline.ts";
import { errorFromResponse, unpromisedAnswer } from "./response_errors.ts";
import {
  isAmbiguousStatus,
  isRetryableStatus,
  parseRetryAfter,
  type RetryBudget,
} from "./retry_policy.ts";
import type { ServerPool } from "./server_pool.ts";
import type { TokenSource } from "./token_source.ts";
import { credentialHeaders, discard, send, tokensOf, type WireRequest } from "./transport.ts";

/** A request, the servers that may get it, and its retry policy. */
export interface RequestSpec {
  readonly options: ResolvedOptions;
  readonly pool: ServerPool;
  readonly budget: RetryBudget;
  readonly request: WireRequest;
  /** The action, for messages: `show image "42"`. */
  readonly action: () => string;
  readonly imageId: string | undefined;
  /** Hints by error status, for statuses whose general hint is not specific enough. */
  readonly hints: Readonly<Record<number, string>>;
  /** Whether the request may be sent again if its outcome is unknown. */
  readonly idempotent: boolean;
  /** Status of a retry if an earlier attempt with unknown outcome did succeed. */
  readonly alreadyDoneStatus: number | undefined;
  /** Statuses of success; null accepts every status that is not retryable. */
  readonly success: readonly number[] | null;
  /** Sends no token. */
  readonly anonymous: boolean;
  /** Maximum number of retries. */
  readonly retries: number;
  /** Why there are no more retries, for the message; by default, the loop finds the reason. */
  readonly lastWords: string | undefined;
  /** Endpoints that were tried in this round; the others come first. The loop adds to it. */
  readonly tried: Set<string>;
  /** Endpoint root to try first, unless it is cooling down. */
  readonly first: string | undefined;
  readonly signal: AbortSignal | undefined;
  /** Arms the deadline of each attempt; by default, `requestTimeout` runs until the headers arrive. */
  readonly onAttempt: ((deadline: Deadline, server: ApiServer) => void) | undefined;
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

/** Bytes of progress after which another request costs no retry budget. */
const FREE_RETRY_PROGRESS = 1024 * 1024;

/** Handles a successful response; if the body breaks meanwhile, the attempt counts as failed. */
export type ResponseHandler<Result> = (answer: OpenResponse) => Promise<Result>;

/** A failed attempt that may be retried. */
export class FailedAttempt {
  constructor(
    readonly server: ApiServer,
    readonly error: GlanceError,
    /** Whether the request may have been carried out nevertheless. */
    readonly ambiguous: boolean,
    /** Milliseconds of the server's `Retry-After`. */
    readonly retryAfter: number | null,
  ) {}
}

/** A 401 for which the token can be renewed; the body is discarded. */
const TOKEN_REFUSED = Symbol("token refused");

/**
 * Sends a request to one server; after a 401, renews the token and sends it once more. The time of a renewal
 * does not count as the server's, and its errors are thrown unchanged.
 */
export async function attempt<Result>(
  spec: RequestSpec,
  server: ApiServer,
  tokens: TokenSource,
  earlier: readonly FailedAttempt[],
  onResponse: ResponseHandler<Result>,
): Promise<Result | FailedAttempt> {
  const mayRenew = !isStream(spec) && tokens.isRenewable;
  const context = await abortable(tokens.context(), spec.signal);
  const outcome = await attemptAs(context, {
    spec,
    server,
    mayRenew,
    earlier,
    onResponse,
  });
  if (outcome !== TOKEN_REFUSED) return outcome;
  await abortable(tokens.renewRefused(), spec.signal);
  return await attempt(spec, server, tokens, earlier, onResponse);
}

/** The input of an attempt, except its context. */
interface AttemptInput<Result> {
  readonly spec: RequestSpec;
  readonly server: ApiServer;
  /** Whether a 401 can lead to a new token. */
  readonly mayRenew: boolean;
  readonly earlier: readonly FailedAttempt[];
  readonly onResponse: ResponseHandler<Result>;
}

async function attemptAs<Result>(
  context: RequestContext,
  input: AttemptInput<Result>,
): Promise<Result | FailedAttempt | typeof TOKEN_REFUSED> {
  const { spec, server, mayRenew, earlier, onResponse } = input;
  const attempts = earlier.length + 1;
  const deadline = startDeadline(spec, server);
  const reportBreak = (cause: unknown, progress: number) => {
    spec.pool.failed(server, cause);
    return progress >= FREE_RETRY_PROGRESS || spec.budget.spend();
  };
  try {
    const response = await sendAs(spec, server, context, deadline.signal);
    const handle = (response: Response) =>
      onResponse({ response, server, deadline, attempts, reportBreak });
    if (spec.success?.includes(response.status)) return await handle(response);
    if (
      response.status === spec.alreadyDoneStatus && earlier.some((failure) => failure.ambiguous)
    ) {
      await discard(response);
      return await handle(new Response(null, { status: 204 }));
    }
    if (response.status === 401 && mayRenew) {
      await discard(response);
      deadline[Symbol.dispose]();
      return TOKEN_REFUSED;
    }
    if (spec.success === null && !isRetryableStatus(response.status)) return await handle(response);
    const failure = await failureOf(response, context, { ...input, signal: deadline.signal });
    deadline[Symbol.dispose]();
    if (response.status >= 400 && !isRetryableStatus(response.status)) throw failure.error;
    return failure;
  } catch (error) {
    deadline[Symbol.dispose]();
    if (spec.signal?.aborted) throw spec.signal.reason;
    const { aborted, reason } = deadline.signal;
    // Aborted locally, because the source of an upload failed: the server is not at fault.
    if (aborted && !(reason instanceof ServerUnreachable)) throw reason;
    if (error instanceof UnexpectedResponse) return new FailedAttempt(server, error, true, null);
    if (error instanceof GlanceError && !(error instanceof ServerUnreachable)) throw error;
    return new FailedAttempt(server, asUnreachable(spec, server, deadline, error), true, null);
  }
}

/** The error of the deadline if it ended the attempt, else one for the broken connection. */
function asUnreachable(
  { action, imageId }: RequestSpec,
  { endpoint: server }: ApiServer,
  { signal }: Deadline,
  error: unknown,
): ServerUnreachable {
  const cause = signal.aborted ? signal.reason : error;
  if (cause instanceof ServerUnreachable) return cause;
  const message = `Cannot ${action()}: the connection closed before the response was complete`;
  return new ServerUnreachable(message, { cause, server, imageId });
}

function startDeadline(spec: RequestSpec, server: ApiServer): Deadline {
  const deadline = new Deadline(spec.options, spec.signal);
  if (spec.onAttempt !== undefined) {
    spec.onAttempt(deadline, server);
  } else if (spec.success === null || !hasData(spec)) {
    const { requestTimeout } = spec.options;
    deadline.arm(requestTimeout, () =>
      new ServerUnreachable(
        `Cannot ${spec.action()}: the server did not answer in ${requestTimeout} ms; raise "requestTimeout" if it is slow`,
        { server: server.endpoint, imageId: spec.imageId },
      ));
  }
  return deadline;
}

async function sendAs(
  spec: RequestSpec,
  server: ApiServer,
  context: RequestContext,
  signal: AbortSignal,
): Promise<Response> {
  const credentials = spec.anonymous ? {} : credentialHeaders(spec.options, context);
  const headers = { ...spec.request.headers, ...credentials };
  return await send(spec.options, server, { ...spec.request, headers }, signal);
}

async function failureOf(
  response: Response,
  context: RequestContext,
  { spec, server, earlier, signal }: AttemptInput<unknown> & { readonly signal: AbortSignal },
): Promise<FailedAttempt> {
  const { imageId, hints, success } = spec;
  const [action, attempts] = [spec.action(), earlier.length + 1];
  const request = { action, imageId, server: server.endpoint, attempts, hints };
  if (response.status < 400) {
    await discard(response);
    const error = unpromisedAnswer(response, request, success ?? []);
    return new FailedAttempt(server, error, true, null);
  }
  const error = await errorFromResponse(response, request, tokensOf(context), signal);
  const retryAfter = parseRetryAfter(response.headers.get("retry-after"), Date.now());
  return new FailedAttempt(server, error, isAmbiguousStatus(response.status), retryAfter);
}

/** Whether the body is a stream, which can be sent only once. */
export function isStream({ request }: RequestSpec): boolean {
  return request.body instanceof ReadableStream;
}

/** Whether the body is image data, whose duration is unknown. The deadline of a forwarded body is armed. */
function hasData({ request }: RequestSpec): boolean {
  return request.body !== undefined && request.body !== null && typeof request.body !== "string";
}
