/** Sends a request to one server, and classifies the outcome. */
import type { RequestContext } from "../../context.ts";
import type { ApiServer } from "../../api_server.ts";
import { GlanceError, ServerUnreachable, UnexpectedResponse } from "../../errors.ts";
import { abortable, type Deadline } from "../deadline.ts";
import {
  type CallPolicy,
  hasData,
  isStream,
  type OpenResponse,
  type RequestSpec,
  type ResponseHandler,
  type Upstream,
} from "../request_spec.ts";
import { errorFromResponse, unexpectedStatus } from "../response_errors.ts";
import {
  classifyStatus,
  isAmbiguousStatus,
  parseRetryAfter,
  type StatusClass,
} from "./retry_policy.ts";
import { credentialHeaders, discard, send, tokensOf } from "../transport.ts";
import { optionPart } from "../../message_parts.ts";

/** Bytes of progress after which another request costs no retry budget. */
const FREE_RETRY_PROGRESS = 1024 * 1024;

/** A failed attempt that may be retried. */
export class FailedAttempt {
  constructor(
    readonly server: ApiServer,
    readonly error: GlanceError,
    /** Time at which the request was sent. */
    readonly sentAt: number,
    /** Whether the server sent no complete response within the time limit. */
    readonly isTimeout = false,
    /** Whether the server may have executed the request. */
    readonly ambiguous = true,
    /** Milliseconds of the server's `Retry-After`. */
    readonly retryAfter: number | null = null,
  ) {}
}

/** The timer for a hedged request. */
export interface HedgeTimer {
  /** Milliseconds without headers. */
  readonly after: number;
  /** Hedges the request if that is allowed; returns the milliseconds until the next call. */
  readonly call: () => number;
}

/** The input of an attempt. */
export interface AttemptInput<Result> {
  readonly upstream: Upstream;
  readonly spec: RequestSpec;
  readonly policy: CallPolicy;
  readonly server: ApiServer;
  /** Aborts the attempt. It is disposed when the attempt fails. */
  readonly deadline: Deadline;
  /** Number of requests sent so far, and the attempts that have failed. */
  readonly race: { readonly sent: number; readonly failures: readonly FailedAttempt[] };
  /** Whether another attempt may have been executed. */
  readonly mayBeDone: () => boolean;
  /** Called with a response that may decide the request. It aborts the attempts that are not needed. */
  readonly decide: (
    sentAt: number,
    statusClass: Exclude<StatusClass, "failed">,
  ) => Promise<void> | undefined;
  /** Hedges the request while there are no headers; undefined if it runs on one server at a time. */
  readonly hedge: HedgeTimer | undefined;
  readonly onResponse: ResponseHandler<Result>;
}

/** A 401 for which the token can be renewed; the body is discarded, and the time limit stopped. */
const TOKEN_REFUSED = Symbol("token refused");

/**
 * Sends a request to one server; after a 401, renews the token and repeats the request once. The time of a renewal does
 * not count for the server, and its errors are thrown unchanged.
 */
export async function attempt<Result>(
  input: AttemptInput<Result>,
): Promise<Result | FailedAttempt> {
  const { upstream: { tokens }, policy: { signal }, deadline } = input;
  try {
    for (;;) {
      const mayRenew = tokens.isRenewable && !isStream(input.spec.request);
      const context = await abortable(tokens.context(), signal);
      const outcome = await attemptAs(context, mayRenew, input);
      if (outcome instanceof FailedAttempt) deadline[Symbol.dispose]();
      if (outcome !== TOKEN_REFUSED) return outcome;
      await abortable(tokens.renewRefused(), signal);
    }
  } catch (error) {
    deadline[Symbol.dispose]();
    throw error;
  }
}

async function attemptAs<Result>(
  context: RequestContext,
  mayRenew: boolean,
  input: AttemptInput<Result>,
): Promise<Result | FailedAttempt | typeof TOKEN_REFUSED> {
  const { upstream: { options, pool }, spec, server, deadline, onResponse } = input;
  const sentAt = options.now();
  arm(input);
  try {
    const response = await sendAs(context, input);
    const { success, alreadyDoneStatus } = spec;
    const facts = { success, alreadyDoneStatus, mayRenew, mayBeDone: input.mayBeDone() };
    const statusClass = classifyStatus(response.status, facts);
    const isOpen = statusClass === "failed" || (statusClass === "accepted" && spec.isReadWhole);
    if (!isOpen && !deadline.signal.aborted) await input.decide(sentAt, statusClass);
    if (deadline.signal.aborted) {
      await discard(response);
      throw deadline.signal.reason;
    }
    if (statusClass === "accepted") {
      const result = await onResponse(opened(input, response));
      if (isOpen) await input.decide(sentAt, statusClass);
      return result;
    }
    if (statusClass === "alreadyDone") {
      await discard(response);
      return await onResponse(opened(input, new Response(null, { status: 204 })));
    }
    if (statusClass === "tokenRefused") {
      deadline.disarm();
      await discard(response);
      return TOKEN_REFUSED;
    }
    const failure = await failureOf(response, context, input, sentAt);
    if (statusClass !== "refused") return failure;
    if (response.status < 500) pool.health.succeeded(server);
    throw failure.error;
  } catch (error) {
    return brokenAttempt(input, error, sentAt);
  }
}

/** Creates the failure of an attempt that threw; rethrows errors that another attempt could not avoid. */
function brokenAttempt(
  { spec, policy, server, deadline: { signal } }: AttemptInput<unknown>,
  error: unknown,
  sentAt: number,
): FailedAttempt {
  const { aborted, reason } = signal;
  if (policy.signal?.aborted) throw policy.signal.reason;
  // Aborted locally, because the source of an upload failed: the server is not at fault.
  if (aborted && !(reason instanceof ServerUnreachable)) throw reason;
  const failed = (error: GlanceError) => new FailedAttempt(server, error, sentAt, aborted);
  if (error instanceof UnexpectedResponse) return failed(error);
  if (error instanceof GlanceError && !(error instanceof ServerUnreachable)) throw error;
  const cause = aborted ? reason : error;
  if (cause instanceof ServerUnreachable) return failed(cause);
  const message = `Cannot ${spec.action()}: the connection closed before the response was complete`;
  const facts = { cause, server: server.endpoint, imageId: spec.imageId };
  return failed(new ServerUnreachable(message, facts));
}

function opened(
  { upstream: { pool, budget }, server, deadline, race }: AttemptInput<unknown>,
  response: Response,
): OpenResponse {
  return {
    response,
    server,
    deadline,
    attempts: race.sent,
    reportBreak: (cause, progress) => {
      pool.health.failed(server, cause);
      return progress >= FREE_RETRY_PROGRESS || budget.spend();
    },
  };
}

/**
 * Starts the time limit, unless the policy sets it or image data is sent, whose transfer time is unknown. A forwarded
 * request (`success` is null) has the limit although its JSON body is sent as bytes.
 */
function arm(
  { upstream: { options }, spec, policy, server, deadline, race, hedge }: AttemptInput<unknown>,
): void {
  if (policy.onAttempt !== undefined) {
    policy.onAttempt(deadline, server);
  } else if (spec.success === null || !hasData(spec.request)) {
    const { requestTimeout, numRetries } = options;
    const { retries = numRetries } = policy;
    // After a timeout, all later attempts at the same server take as long together, so that a request to a
    // single silent server takes two limits, and not one for each retry.
    const isRepeated = race.failures.some((failure) =>
      failure.isTimeout && failure.server === server
    );
    const limit = Math.round(requestTimeout / (isRepeated && retries || 1));
    const expired = () =>
      new ServerUnreachable(
        `Cannot ${spec.action()}: the server did not respond within ${limit} ms; raise "requestTimeout" if it is slow`,
        {
          messageParts: [optionPart("requestTimeout")],
          server: server.endpoint,
          imageId: spec.imageId,
        },
      );
    deadline.arm(limit, expired, hedge);
  }
}

async function sendAs(
  context: RequestContext,
  { upstream: { options, anonymous }, spec: { request }, policy, server, deadline }: AttemptInput<
    unknown
  >,
): Promise<Response> {
  const own = !anonymous && credentialHeaders(options, context, policy.trace);
  const headers = { ...request.headers, ...own };
  return await send(options, server, { ...request, headers }, deadline.signal);
}

async function failureOf(
  response: Response,
  context: RequestContext,
  { upstream: { options }, spec, server, deadline, race }: AttemptInput<unknown>,
  sentAt: number,
): Promise<FailedAttempt> {
  const { imageId, namespace, hint, success } = spec;
  const [action, attempts] = [spec.action(), race.sent];
  const request = { action, imageId, namespace, server: server.endpoint, attempts, hint };
  if (response.status < 400) {
    await discard(response);
    const error = unexpectedStatus(response, request, success ?? []);
    return new FailedAttempt(server, error, sentAt);
  }
  const error = await errorFromResponse(response, request, tokensOf(context), deadline.signal);
  const retryAfter = parseRetryAfter(response.headers.get("retry-after"), options.wallClock());
  const ambiguous = isAmbiguousStatus(response.status);
  return new FailedAttempt(server, error, sentAt, false, ambiguous, retryAfter);
}
