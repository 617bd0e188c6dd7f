/**
 * One attempt: a request to one server, and what its outcome means for the next.
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

/** What is asked, of whom, and how stubbornly. */
export interface RequestSpec {
  readonly options: ResolvedOptions;
  readonly pool: ServerPool;
  readonly budget: RetryBudget;
  readonly request: WireRequest;
  /** What is attempted, for messages: `show image "42"`. */
  readonly action: () => string;
  readonly imageId: string | undefined;
  /** What helps against each status of failure, where there is more to say than of it anywhere. */
  readonly hints: Readonly<Record<number, string>>;
  /** Whether it may be made again when it is open whether it was carried out. */
  readonly idempotent: boolean;
  /** The status that answers a repeat after the first request was carried out unseen. */
  readonly alreadyDoneStatus: number | undefined;
  /** The statuses of success; null hands over an answer of any status, unless it asks for another try. */
  readonly success: readonly number[] | null;
  /** Sends no token. */
  readonly anonymous: boolean;
  /** Requests that are made again after the first failed. */
  readonly retries: number;
  /** Why the last failure is final, for messages; found out by the loop if absent. */
  readonly lastWords: string | undefined;
  /** Servers that were tried already: others come first. Grows as the loop goes. */
  readonly tried: Set<string>;
  /** Endpoint root of the server that is asked first, if it is well. */
  readonly first: string | undefined;
  readonly signal: AbortSignal | undefined;
  /** Takes over the clock of each attempt; without it, `requestTimeout` runs until the headers. */
  readonly onAttempt: ((deadline: Deadline, server: ApiServer) => void) | undefined;
}

/** An answer whose body has not been read, with the deadline that still watches it. */
export interface OpenResponse {
  /** The answer; its body is unread. */
  readonly response: Response;
  /** Who has answered. */
  readonly server: ApiServer;
  /** Follows the caller's signal; whoever takes the body disposes it. */
  readonly deadline: Deadline;
  /** Requests that were made. */
  readonly attempts: number;
  /**
   * Notes that the body broke after `progress` bytes, so that the server cools down. False where the
   * retry budget has nothing left for another request; a mebibyte of progress pays for it.
   */
  readonly reportBreak: (cause: unknown, progress: number) => boolean;
}

/** Bytes of a body that pay for the request that goes on behind them. */
const PAYING_PROGRESS = 1024 * 1024;

/** What is made of a good answer; a body that breaks while it is read counts as a failed attempt. */
export type ResponseHandler<Result> = (answer: OpenResponse) => Promise<Result>;

/** An attempt that may be followed by another. */
export class FailedAttempt {
  constructor(
    readonly server: ApiServer,
    readonly error: GlanceError,
    /** Whether the request may have been carried out all the same. */
    readonly ambiguous: boolean,
    /** Milliseconds that the server asked for. */
    readonly retryAfter: number | null,
  ) {}
}

/** An answer that a new token may turn into another; its body was given up. */
const TOKEN_REFUSED = Symbol("refused");

/**
 * One server, asked once; twice where its 401 led to a new token. Renewing is nobody's attempt: its time
 * does not count as this server's, and its errors are thrown as they are.
 */
export async function attempt<Result>(
  spec: RequestSpec,
  server: ApiServer,
  caller: TokenSource,
  earlier: readonly FailedAttempt[],
  onResponse: ResponseHandler<Result>,
): Promise<Result | FailedAttempt> {
  const mayRenew = !isStream(spec) && caller.isRenewable;
  const context = await abortable(caller.context(), spec.signal);
  const outcome = await askAs(context, {
    spec,
    server,
    mayRenew,
    earlier,
    onResponse,
  });
  if (outcome !== TOKEN_REFUSED) return outcome;
  await abortable(caller.renewRefused(), spec.signal);
  return await attempt(spec, server, caller, earlier, onResponse);
}

/** One request, and all that it depends on but who asks. */
interface AttemptInput<Result> {
  readonly spec: RequestSpec;
  readonly server: ApiServer;
  /** Whether a 401 can lead to a new token. */
  readonly mayRenew: boolean;
  readonly earlier: readonly FailedAttempt[];
  readonly onResponse: ResponseHandler<Result>;
}

async function askAs<Result>(
  context: RequestContext,
  request: AttemptInput<Result>,
): Promise<Result | FailedAttempt | typeof TOKEN_REFUSED> {
  const { spec, server, mayRenew, earlier, onResponse } = request;
  const attempts = earlier.length + 1;
  const deadline = startDeadline(spec, server);
  const reportBreak = (cause: unknown, progress: number) => {
    spec.pool.failed(server, cause);
    return progress >= PAYING_PROGRESS || spec.budget.spend();
  };
  try {
    const response = await sendAs(spec, server, context, deadline.signal);
    const hand = (answer: Response) =>
      onResponse({ response: answer, server, deadline, attempts, reportBreak });
    if (spec.success?.includes(response.status)) return await hand(response);
    if (
      response.status === spec.alreadyDoneStatus && earlier.some((failure) => failure.ambiguous)
    ) {
      await discard(response);
      return await hand(new Response(null, { status: 204 }));
    }
    if (response.status === 401 && mayRenew) {
      await discard(response);
      deadline[Symbol.dispose]();
      return TOKEN_REFUSED;
    }
    if (spec.success === null && !isRetryableStatus(response.status)) return await hand(response);
    const failure = await failureOf(response, context, { ...request, signal: deadline.signal });
    deadline[Symbol.dispose]();
    if (response.status >= 400 && !isRetryableStatus(response.status)) throw failure.error;
    return failure;
  } catch (error) {
    deadline[Symbol.dispose]();
    if (spec.signal?.aborted) throw spec.signal.reason;
    const { aborted, reason } = deadline.signal;
    // Ended by ourselves, for a source that failed: no server is to blame.
    if (aborted && !(reason instanceof ServerUnreachable)) throw reason;
    if (error instanceof UnexpectedResponse) return new FailedAttempt(server, error, true, null);
    if (error instanceof GlanceError && !(error instanceof ServerUnreachable)) throw error;
    return new FailedAttempt(server, asUnreachable(spec, server, deadline, error), true, null);
  }
}

/** The clock's verdict where it ended the attempt, else what broke. */
function asUnreachable(
  { action, imageId }: RequestSpec,
  { endpoint: server }: ApiServer,
  { signal }: Deadline,
  error: unknown,
): ServerUnreachable {
  const cause = signal.aborted ? signal.reason : error;
  if (cause instanceof ServerUnreachable) return cause;
  const message = `Cannot ${action()}: the answer of the server broke off`;
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
  const asked = { action, imageId, server: server.endpoint, attempts, hints };
  if (response.status < 400) {
    await discard(response);
    return new FailedAttempt(server, unpromisedAnswer(response, asked, success ?? []), true, null);
  }
  const error = await errorFromResponse(response, asked, tokensOf(context), signal);
  const retryAfter = parseRetryAfter(response.headers.get("retry-after"), Date.now());
  return new FailedAttempt(server, error, isAmbiguousStatus(response.status), retryAfter);
}

export function isStream({ request }: RequestSpec): boolean {
  return request.body instanceof ReadableStream;
}

/** Whether a body of image data is sent, whose time nobody can tell beforehand. A forwarded one is watched. */
function hasData({ request }: RequestSpec): boolean {
  return request.body !== undefined && request.body !== null && typeof request.body !== "string";
}
