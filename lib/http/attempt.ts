/**
 * One attempt of a request on one server, and what its outcome means for the next attempt.
 *
 * @module
 */
import type { RequestContext } from "../context.ts";
import type { ApiServer } from "../api_server.ts";
import { GlanceError, ServerUnreachable, UnexpectedResponse } from "../errors.ts";
import { abortable, Deadline } from "./deadline.ts";
import {
  type CallPolicy,
  hasData,
  isStream,
  type OpenResponse,
  type RequestSpec,
  type ResponseHandler,
  type Upstream,
} from "./request_spec.ts";
import { errorFromResponse, unexpectedStatus } from "./response_errors.ts";
import { isAmbiguousStatus, parseRetryAfter, verdictOf } from "./retry_policy.ts";
import { credentialHeaders, discard, send, tokensOf } from "./transport.ts";
import { optionTerm } from "../terms.ts";

/** Bytes of progress after which another request costs no retry budget. */
const FREE_RETRY_PROGRESS = 1024 * 1024;

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

/** The input of an attempt. */
export interface AttemptInput<Result> {
  readonly upstream: Upstream;
  readonly spec: RequestSpec;
  readonly policy: CallPolicy;
  readonly server: ApiServer;
  readonly earlier: readonly FailedAttempt[];
  readonly onResponse: ResponseHandler<Result>;
}

/** A 401 for which the token can be renewed; the body is discarded. */
const TOKEN_REFUSED = Symbol("token refused");

/**
 * Sends a request to one server; after a 401, renews the token and sends it once more. The time of a renewal
 * does not count as the server's, and its errors are thrown unchanged.
 */
export async function attempt<Result>(
  input: AttemptInput<Result>,
): Promise<Result | FailedAttempt> {
  const { upstream: { tokens }, policy: { signal } } = input;
  for (;;) {
    const mayRenew = tokens.isRenewable && !isStream(input.spec.request);
    const context = await abortable(tokens.context(), signal);
    const outcome = await attemptAs(context, mayRenew, input);
    if (outcome !== TOKEN_REFUSED) return outcome;
    await abortable(tokens.renewRefused(), signal);
  }
}

async function attemptAs<Result>(
  context: RequestContext,
  mayRenew: boolean,
  input: AttemptInput<Result>,
): Promise<Result | FailedAttempt | typeof TOKEN_REFUSED> {
  const { spec, earlier, onResponse } = input;
  const deadline = startDeadline(input);
  try {
    const response = await sendAs(context, input, deadline.signal);
    const mayBeDone = earlier.some(({ ambiguous }) => ambiguous);
    const { success, alreadyDoneStatus } = spec;
    const facts = { success, alreadyDoneStatus, mayRenew, mayBeDone };
    const verdict = verdictOf(response.status, facts);
    if (verdict === "accepted") return await onResponse(opened(input, response, deadline));
    if (verdict === "alreadyDone") {
      await discard(response);
      return await onResponse(opened(input, new Response(null, { status: 204 }), deadline));
    }
    if (verdict === "tokenRefused") {
      await discard(response);
      deadline[Symbol.dispose]();
      return TOKEN_REFUSED;
    }
    const failure = await failureOf(response, context, input, deadline.signal);
    deadline[Symbol.dispose]();
    if (verdict === "refused") throw failure.error;
    return failure;
  } catch (error) {
    deadline[Symbol.dispose]();
    return brokenAttempt(input, deadline.signal, error);
  }
}

/** Makes the failure of an attempt that threw; rethrows errors that another attempt could not avoid. */
function brokenAttempt(
  { spec, policy, server }: AttemptInput<unknown>,
  { aborted, reason }: AbortSignal,
  error: unknown,
): FailedAttempt {
  if (policy.signal?.aborted) throw policy.signal.reason;
  // Aborted locally, because the source of an upload failed: the server is not at fault.
  if (aborted && !(reason instanceof ServerUnreachable)) throw reason;
  if (error instanceof UnexpectedResponse) return new FailedAttempt(server, error, true, null);
  if (error instanceof GlanceError && !(error instanceof ServerUnreachable)) throw error;
  const cause = aborted ? reason : error;
  if (cause instanceof ServerUnreachable) return new FailedAttempt(server, cause, true, null);
  const message = `Cannot ${spec.action()}: the connection closed before the response was complete`;
  const facts = { cause, server: server.endpoint, imageId: spec.imageId };
  return new FailedAttempt(server, new ServerUnreachable(message, facts), true, null);
}

function opened(
  { upstream: { pool, budget }, server, earlier }: AttemptInput<unknown>,
  response: Response,
  deadline: Deadline,
): OpenResponse {
  return {
    response,
    server,
    deadline,
    attempts: earlier.length + 1,
    reportBreak: (cause, progress) => {
      pool.failed(server, cause);
      return progress >= FREE_RETRY_PROGRESS || budget.spend();
    },
  };
}

/** The deadline of an attempt: armed, unless the policy arms it or image data is sent, whose duration is unknown. */
function startDeadline(
  { upstream: { options }, spec, policy, server }: AttemptInput<unknown>,
): Deadline {
  const deadline = new Deadline(options, policy.signal);
  if (policy.onAttempt !== undefined) {
    policy.onAttempt(deadline, server);
  } else if (spec.success === null || !hasData(spec.request)) {
    const { requestTimeout } = options;
    const { timeout = requestTimeout } = policy;
    // A shorter limit is what is left of the stall timeout of a download.
    const name = timeout < requestTimeout ? "stallTimeout" : "requestTimeout";
    const limit = Math.round(Math.min(timeout, requestTimeout));
    deadline.arm(limit, () =>
      new ServerUnreachable(
        `Cannot ${spec.action()}: the server did not respond within ${limit} ms; raise "${name}" if it is slow`,
        { terms: [optionTerm(name)], server: server.endpoint, imageId: spec.imageId },
      ));
  }
  return deadline;
}

async function sendAs(
  context: RequestContext,
  { upstream: { options, anonymous }, spec: { request }, server }: AttemptInput<unknown>,
  signal: AbortSignal,
): Promise<Response> {
  const credentials = anonymous ? {} : credentialHeaders(options, context);
  const headers = { ...request.headers, ...credentials };
  return await send(options, server, { ...request, headers }, signal);
}

async function failureOf(
  response: Response,
  context: RequestContext,
  { upstream: { options }, spec, server, earlier }: AttemptInput<unknown>,
  signal: AbortSignal,
): Promise<FailedAttempt> {
  const { imageId, namespace, hints, success } = spec;
  const [action, attempts] = [spec.action(), earlier.length + 1];
  const request = { action, imageId, namespace, server: server.endpoint, attempts, hints };
  if (response.status < 400) {
    await discard(response);
    const error = unexpectedStatus(response, request, success ?? []);
    return new FailedAttempt(server, error, true, null);
  }
  const error = await errorFromResponse(response, request, tokensOf(context), signal);
  const retryAfter = parseRetryAfter(response.headers.get("retry-after"), options.wallClock());
  return new FailedAttempt(server, error, isAmbiguousStatus(response.status), retryAfter);
}
