/**
 * The retry loop: sends a request to one server after another, as `retry_policy.ts` and `server_pool.ts`
 * decide, and waits between the rounds.
 *
 * @module
 */
import type { ApiServer } from "../api_server.ts";
import { UnexpectedResponse } from "../errors.ts";
import { attempt, FailedAttempt } from "./attempt.ts";
import {
  type CallPolicy,
  isStream,
  type RequestSpec,
  type ResponseHandler,
  type Upstream,
} from "./request_spec.ts";
import { connectionFailed } from "./response_errors.ts";
import { backoff } from "./retry_policy.ts";

/**
 * Sends a request until a server responds, and returns the result of `onResponse`.
 *
 * After a response that violates the API, the server cools down, and an idempotent request is sent to the
 * servers that were not tried yet.
 *
 * @throws {GlanceConnectionFailed} if no server gave a usable response.
 * @throws {UnexpectedResponse} if the response of the last server violates the API.
 * @throws {GlanceError} if a server responded with an error status that is not retryable.
 */
export async function request<Result>(
  upstream: Upstream,
  spec: RequestSpec,
  policy: CallPolicy,
  onResponse: ResponseHandler<Result>,
): Promise<Result> {
  const { pool, budget } = upstream;
  const { tried = new Set(), first } = policy;
  const failures: FailedAttempt[] = [];
  for (let round = 0;;) {
    const server = pool.next(tried, first);
    tried.add(server.endpoint);
    const input = { upstream, spec, policy, server, earlier: failures, onResponse };
    const outcome = await attempt(input);
    if (!(outcome instanceof FailedAttempt)) {
      pool.succeeded(server);
      budget.refund();
      return outcome;
    }
    failures.push(outcome);
    pool.failed(server, outcome.error, outcome.retryAfter);
    const isRoundOver = !pool.hasUntried(tried);
    const reason = giveUpReason(upstream, spec, policy, failures);
    const { retryAfter } = outcome;
    if (reason !== null && isRoundOver && policy.timeout !== undefined && retryAfter !== null) {
      // The caller asks again, but not before the time that the server has stated.
      await upstream.options.sleep(Math.min(retryAfter, policy.timeout), policy.signal);
    }
    const isInvalid = outcome.error instanceof UnexpectedResponse;
    if (isInvalid && (reason !== null || isRoundOver)) throw outcome.error;
    if (reason !== null) throw connectionFailed(spec.action(), spec.imageId, failures, reason);
    const wait = retryAfter ?? backoff(round, upstream.options.random);
    const delay = isRoundOver ? Math.min(wait, policy.timeout ?? Infinity) : 0;
    reportRetry(upstream, server, failures, delay, !isRoundOver);
    if (!isRoundOver) continue;
    tried.clear();
    await upstream.options.sleep(delay, policy.signal);
    round++;
  }
}

/**
 * Why there is no other attempt, as the message says it after the number of attempts; empty if that number
 * is the reason. Null if there may be another attempt.
 */
function giveUpReason(
  { options, budget }: Upstream,
  { request, idempotent }: RequestSpec,
  { retries = options.numRetries, finalReason }: CallPolicy,
  failures: readonly FailedAttempt[],
): string | null {
  const isUnsafe = failures.at(-1)?.ambiguous === true && !idempotent;
  if (finalReason !== undefined && failures.length > retries) return finalReason;
  if (isStream(request)) return ", and its data can be read only once, so it is not sent again";
  if (isUnsafe) return ", the outcome is unknown, and the request is not safe to retry";
  if (failures.length > retries) return "";
  return budget.spend() ? null : ", and the retry budget is used up";
}

function reportRetry(
  { options: { onEvent } }: Upstream,
  { endpoint: server }: ApiServer,
  failures: readonly FailedAttempt[],
  delay: number,
  isFailover: boolean,
): void {
  onEvent({
    kind: "retry",
    server,
    attempt: failures.length,
    delay: Math.round(delay),
    isFailover,
    cause: failures.at(-1)?.error,
  });
}
