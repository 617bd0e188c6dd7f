/**
 * The retry loop: sends a request to one server after another, as `retry_policy.ts` and `server_pool.ts`
 * decide, and waits between the rounds.
 *
 * @module
 */
import type { ApiServer } from "../api_server.ts";
import { UnexpectedResponse } from "../errors.ts";
import {
  attempt,
  FailedAttempt,
  isStream,
  type RequestSpec,
  type ResponseHandler,
} from "./attempt.ts";
import { connectionFailed } from "./response_errors.ts";
import { backoff } from "./retry_policy.ts";
import type { TokenSource } from "./token_source.ts";

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
export async function exchange<Result>(
  spec: RequestSpec,
  tokens: TokenSource,
  onResponse: ResponseHandler<Result>,
): Promise<Result> {
  const failures: FailedAttempt[] = [];
  for (let round = 0;;) {
    const server = spec.pool.next(spec.tried, spec.first);
    spec.tried.add(server.endpoint);
    const outcome = await attempt(spec, server, tokens, failures, onResponse);
    if (!(outcome instanceof FailedAttempt)) {
      spec.pool.succeeded(server);
      spec.budget.refund();
      return outcome;
    }
    failures.push(outcome);
    spec.pool.failed(server, outcome.error, outcome.retryAfter);
    const end = giveUpReason(spec, failures);
    const isInvalid = outcome.error instanceof UnexpectedResponse;
    if (isInvalid && (end !== null || !spec.pool.hasUntried(spec.tried))) throw outcome.error;
    if (end !== null) throw connectionFailed(spec.action(), spec.imageId, failures, end);
    round = await pause(spec, server, failures, round);
  }
}

/**
 * Why there is no other attempt, as the message says it after the number of attempts; empty if that number
 * is the reason. Null if there may be another attempt.
 */
function giveUpReason(spec: RequestSpec, failures: readonly FailedAttempt[]): string | null {
  const isUnsafe = failures.at(-1)?.ambiguous === true && !spec.idempotent;
  if (spec.lastWords !== undefined && failures.length > spec.retries) return spec.lastWords;
  if (isStream(spec)) return ", and its data can be read only once, so it is not sent again";
  if (isUnsafe) return ", the outcome is unknown, and the request is not safe to retry";
  if (failures.length > spec.retries) return "";
  return spec.budget.spend() ? null : ", and the retry budget is used up";
}

/** Waits if every server was tried in this round; returns the number of failed rounds. */
async function pause(
  spec: RequestSpec,
  server: ApiServer,
  failures: readonly FailedAttempt[],
  round: number,
): Promise<number> {
  const { options, pool, tried, signal } = spec;
  const last = failures.at(-1);
  const isRoundOver = !pool.hasUntried(tried);
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
