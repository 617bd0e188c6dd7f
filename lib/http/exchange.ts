/**
 * The loop: one request, as many servers as it takes. It asks `retry.ts` whether to go on and
 * `api_servers.ts` with whom, and waits in between.
 *
 * @module
 */
import type { RequestContext } from "../context.ts";
import type { ApiServer } from "../endpoint.ts";
import { GlanceError, ServerUnreachable, UnexpectedResponse } from "../errors.ts";
import type { ResolvedOptions } from "../options.ts";
import { connectionFailed, errorFromResponse, unpromisedAnswer } from "./answer.ts";
import type { ServerRing } from "./api_servers.ts";
import type { Caller } from "./caller.ts";
import { abortable, Deadline } from "./deadline.ts";
import {
  backoff,
  isAmbiguousStatus,
  isRetryableStatus,
  parseRetryAfter,
  type RetryBudget,
} from "./retry.ts";
import { credentialHeaders, discard, send, tokensOf, type WireRequest } from "./transport.ts";

/** What is asked, of whom, and how stubbornly. */
export interface Ask {
  readonly options: ResolvedOptions;
  readonly ring: ServerRing;
  readonly budget: RetryBudget;
  readonly request: WireRequest;
  /** What is attempted, for messages: `show image "42"`. */
  readonly action: () => string;
  readonly imageId: string | undefined;
  /** What helps against each status of failure, where there is more to say than of it anywhere. */
  readonly waysOut: Readonly<Record<number, string>>;
  /** Whether it may be made again when it is open whether it was carried out. */
  readonly idempotent: boolean;
  /** The status that answers a repeat after the first request was carried out unseen. */
  readonly repeat: number | undefined;
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
  readonly watch: ((deadline: Deadline, server: ApiServer) => void) | undefined;
}

/** An answer whose body has not been read, with the deadline that still watches it. */
export interface Exchange {
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
  readonly broke: (cause: unknown, progress: number) => boolean;
}

/** Bytes of a body that pay for the request that goes on behind them. */
const PAYING_PROGRESS = 1024 * 1024;

/** What is made of a good answer; a body that breaks while it is read counts as a failed attempt. */
export type Take<Result> = (answer: Exchange) => Promise<Result>;

/** An attempt that may be followed by another. */
class Failure {
  constructor(
    readonly server: ApiServer,
    readonly error: GlanceError,
    /** Whether the request may have been carried out all the same. */
    readonly ambiguous: boolean,
    /** Milliseconds that the server asked for. */
    readonly retryAfter: number | null,
  ) {}
}

/**
 * Asks until there is an answer, and gives what `take` makes of it.
 *
 * An answer that is not what was promised is a fault of its server: it cools down, and what is idempotent
 * is asked of the servers that were not tried yet.
 *
 * @throws {GlanceConnectionFailed} where no server gave one.
 * @throws {UnexpectedResponse} where the last server gave one that is not what was promised.
 * @throws {GlanceError} the error of a status that is an answer, though not the wanted one.
 */
export async function exchange<Result>(
  ask: Ask,
  caller: Caller,
  take: Take<Result>,
): Promise<Result> {
  const failures: Failure[] = [];
  for (let round = 0;;) {
    const server = ask.ring.next(ask.tried, ask.first);
    ask.tried.add(server.endpoint);
    const outcome = await attempt(ask, server, caller, failures, take);
    if (!(outcome instanceof Failure)) {
      ask.ring.succeeded(server);
      ask.budget.refund();
      return outcome;
    }
    failures.push(outcome);
    ask.ring.failed(server, outcome.error, outcome.retryAfter);
    const end = endOf(ask, failures);
    const isLie = outcome.error instanceof UnexpectedResponse;
    if (isLie && (end !== null || !ask.ring.hasUntried(ask.tried))) throw outcome.error;
    if (end !== null) throw connectionFailed(ask.action(), ask.imageId, failures, end);
    round = await pause(ask, server, failures, round);
  }
}

/** An answer that a new token may turn into another; its body was given up. */
const REFUSED = Symbol("refused");

/**
 * One server, asked once; twice where its 401 led to a new token. Renewing is nobody's attempt: its time
 * does not count as this server's, and its errors are thrown as they are.
 */
async function attempt<Result>(
  ask: Ask,
  server: ApiServer,
  caller: Caller,
  earlier: readonly Failure[],
  take: Take<Result>,
): Promise<Result | Failure> {
  const mayRenew = !isStream(ask) && caller.isRenewable;
  const context = await abortable(caller.context(), ask.signal);
  const outcome = await askAs(context, { ask, server, mayRenew, earlier, take });
  if (outcome !== REFUSED) return outcome;
  await abortable(caller.renewRefused(), ask.signal);
  return await attempt(ask, server, caller, earlier, take);
}

/** One request, and all that it depends on but who asks. */
interface Request<Result> {
  readonly ask: Ask;
  readonly server: ApiServer;
  /** Whether a 401 can lead to a new token. */
  readonly mayRenew: boolean;
  readonly earlier: readonly Failure[];
  readonly take: Take<Result>;
}

async function askAs<Result>(
  context: RequestContext,
  request: Request<Result>,
): Promise<Result | Failure | typeof REFUSED> {
  const { ask, server, mayRenew, earlier, take } = request;
  const attempts = earlier.length + 1;
  const deadline = startDeadline(ask, server);
  const broke = (cause: unknown, progress: number) => {
    ask.ring.failed(server, cause);
    return progress >= PAYING_PROGRESS || ask.budget.spend();
  };
  try {
    const response = await sendAs(ask, server, context, deadline.signal);
    const hand = (answer: Response) =>
      take({ response: answer, server, deadline, attempts, broke });
    if (ask.success?.includes(response.status)) return await hand(response);
    if (response.status === ask.repeat && earlier.some((failure) => failure.ambiguous)) {
      await discard(response);
      return await hand(new Response(null, { status: 204 }));
    }
    if (response.status === 401 && mayRenew) {
      await discard(response);
      deadline[Symbol.dispose]();
      return REFUSED;
    }
    if (ask.success === null && !isRetryableStatus(response.status)) return await hand(response);
    const failure = await failureOf(response, context, { ...request, signal: deadline.signal });
    deadline[Symbol.dispose]();
    if (response.status >= 400 && !isRetryableStatus(response.status)) throw failure.error;
    return failure;
  } catch (error) {
    deadline[Symbol.dispose]();
    if (ask.signal?.aborted) throw ask.signal.reason;
    const { aborted, reason } = deadline.signal;
    // Ended by ourselves, for a source that failed: no server is to blame.
    if (aborted && !(reason instanceof ServerUnreachable)) throw reason;
    if (error instanceof UnexpectedResponse) return new Failure(server, error, true, null);
    if (error instanceof GlanceError && !(error instanceof ServerUnreachable)) throw error;
    return new Failure(server, asUnreachable(ask, server, deadline, error), true, null);
  }
}

/** The clock's verdict where it ended the attempt, else what broke. */
function asUnreachable(
  { action, imageId }: Ask,
  { endpoint: server }: ApiServer,
  { signal }: Deadline,
  error: unknown,
): ServerUnreachable {
  const cause = signal.aborted ? signal.reason : error;
  if (cause instanceof ServerUnreachable) return cause;
  const message = `Cannot ${action()}: the answer of the server broke off`;
  return new ServerUnreachable(message, { cause, server, imageId });
}

function startDeadline(ask: Ask, server: ApiServer): Deadline {
  const deadline = new Deadline(ask.options, ask.signal);
  if (ask.watch !== undefined) {
    ask.watch(deadline, server);
  } else if (ask.success === null || !hasData(ask)) {
    const { requestTimeout } = ask.options;
    deadline.arm(requestTimeout, () =>
      new ServerUnreachable(
        `Cannot ${ask.action()}: the server did not answer in ${requestTimeout} ms; raise "requestTimeout" if it is slow`,
        { server: server.endpoint, imageId: ask.imageId },
      ));
  }
  return deadline;
}

async function sendAs(
  ask: Ask,
  server: ApiServer,
  context: RequestContext,
  signal: AbortSignal,
): Promise<Response> {
  const credentials = ask.anonymous ? {} : credentialHeaders(ask.options, context);
  const headers = { ...ask.request.headers, ...credentials };
  return await send(ask.options, server, { ...ask.request, headers }, signal);
}

async function failureOf(
  response: Response,
  context: RequestContext,
  { ask, server, earlier, signal }: Request<unknown> & { readonly signal: AbortSignal },
): Promise<Failure> {
  const { imageId, waysOut, success } = ask;
  const [action, attempts] = [ask.action(), earlier.length + 1];
  const asked = { action, imageId, server: server.endpoint, attempts, waysOut };
  if (response.status < 400) {
    await discard(response);
    return new Failure(server, unpromisedAnswer(response, asked, success ?? []), true, null);
  }
  const error = await errorFromResponse(response, asked, tokensOf(context), signal);
  const retryAfter = parseRetryAfter(response.headers.get("retry-after"), Date.now());
  return new Failure(server, error, isAmbiguousStatus(response.status), retryAfter);
}

/**
 * Why the last failure is final, to be said behind the number of attempts, which may be reason enough;
 * null where another attempt may be made.
 */
function endOf(ask: Ask, failures: readonly Failure[]): string | null {
  const isOpen = failures.at(-1)?.ambiguous === true && !ask.idempotent;
  if (ask.lastWords !== undefined && failures.length > ask.retries) return ask.lastWords;
  if (isStream(ask)) return ", and its data can be read only once, so it is not sent again";
  if (isOpen) return ", and it is open whether it was carried out, so it is not repeated";
  if (failures.length > ask.retries) return "";
  return ask.budget.spend() ? null : ", and the retry budget is used up";
}

/** Waits where every server was tried; gives the number of fruitless rounds. */
async function pause(
  ask: Ask,
  server: ApiServer,
  failures: readonly Failure[],
  round: number,
): Promise<number> {
  const { options, ring, tried, signal } = ask;
  const last = failures.at(-1);
  const isRoundOver = !ring.hasUntried(tried);
  const delay = isRoundOver ? last?.retryAfter ?? backoff(round, options.random) : 0;
  options.onEvent({
    kind: "retry",
    server: server.endpoint,
    attempt: failures.length,
    delay,
    cause: last?.error,
  });
  if (!isRoundOver) return round;
  tried.clear();
  await options.sleep(delay, signal);
  return round + 1;
}

function isStream({ request }: Ask): boolean {
  return request.body instanceof ReadableStream;
}

/** Whether a body of image data is sent, whose time nobody can tell beforehand. A forwarded one is watched. */
function hasData({ request }: Ask): boolean {
  return request.body !== undefined && request.body !== null && typeof request.body !== "string";
}
