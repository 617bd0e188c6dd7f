/**
 * The loop: one request, as many servers as it takes. It asks `retry_policy.ts` whether to go on and
 * `server_pool.ts` with whom, and waits in between.
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
  spec: RequestSpec,
  caller: TokenSource,
  onResponse: ResponseHandler<Result>,
): Promise<Result> {
  const failures: FailedAttempt[] = [];
  for (let round = 0;;) {
    const server = spec.pool.next(spec.tried, spec.first);
    spec.tried.add(server.endpoint);
    const outcome = await attempt(spec, server, caller, failures, onResponse);
    if (!(outcome instanceof FailedAttempt)) {
      spec.pool.succeeded(server);
      spec.budget.refund();
      return outcome;
    }
    failures.push(outcome);
    spec.pool.failed(server, outcome.error, outcome.retryAfter);
    const end = giveUpReason(spec, failures);
    const isLie = outcome.error instanceof UnexpectedResponse;
    if (isLie && (end !== null || !spec.pool.hasUntried(spec.tried))) throw outcome.error;
    if (end !== null) throw connectionFailed(spec.action(), spec.imageId, failures, end);
    round = await pause(spec, server, failures, round);
  }
}

/**
 * Why the last failure is final, to be said behind the number of attempts, which may be reason enough;
 * null where another attempt may be made.
 */
function giveUpReason(spec: RequestSpec, failures: readonly FailedAttempt[]): string | null {
  const isOpen = failures.at(-1)?.ambiguous === true && !spec.idempotent;
  if (spec.lastWords !== undefined && failures.length > spec.retries) return spec.lastWords;
  if (isStream(spec)) return ", and its data can be read only once, so it is not sent again";
  if (isOpen) return ", and it is open whether it was carried out, so it is not repeated";
  if (failures.length > spec.retries) return "";
  return spec.budget.spend() ? null : ", and the retry budget is used up";
}

/** Waits where every server was tried; gives the number of fruitless rounds. */
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
