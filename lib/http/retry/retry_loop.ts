/**
 * The retry loop: sends a request to one server after another, according to `retry_policy.ts` and `server_pool.ts`, and
 * waits between the rounds.
 */
import type { ApiServer } from "../../api_server.ts";
import { GlanceConnectionFailed, UnexpectedResponse } from "../../errors.ts";
import { optionPart } from "../../message_parts.ts";
import type { ExhaustedRequest, OutageWait } from "../on_demand/outage.ts";
import { FailedAttempt } from "./attempt.ts";
import {
  type CallPolicy,
  isStream,
  type RequestSpec,
  type ResponseHandler,
  type Upstream,
} from "../request_spec.ts";
import { Race } from "./race.ts";
import { backoff } from "./retry_policy.ts";

/** Code that is passed to `outage.ts`. */
const OUTAGE_CODE = { GlanceConnectionFailed, optionPart };

/**
 * Sends a request until a server responds, and returns the result of `onResponse`.
 *
 * After a response that violates the API, the server cools down, and an idempotent request is sent to the
 * servers that were not tried yet.
 *
 * @throws {GlanceConnectionFailed} if no server gave a usable response.
 * @throws {UnexpectedResponse} if the response of the last server violates the API.
 * @throws {GlanceError} if a server responded with an error status that is not retryable.
 * @throws the reason of the policy's signal, unchanged, after it is aborted.
 */
export async function request<Result>(
  upstream: Upstream,
  spec: RequestSpec,
  policy: CallPolicy,
  onResponse: ResponseHandler<Result>,
): Promise<Result> {
  const { pool, budget, options } = upstream;
  const { tried = new Set(), first, keepsServer, retries = options.numRetries } = policy;
  const race = new Race({ upstream, spec, policy, onResponse, tried, limit: 1 + retries });
  const { failures } = race;
  let outage: OutageWait | undefined;
  try {
    race.start(pool.next(tried, first, race.isHedgeable, keepsServer));
    for (let round = 0;;) {
      const outcome = await race.next();
      if (!(outcome instanceof FailedAttempt)) {
        budget.refund();
        return outcome;
      }
      failures.push(outcome);
      const { server, error, retryAfter, sentAt } = outcome;
      pool.health.failed(server, error, { retryAfter, sentAt });
      const isRoundOver = !pool.hasUntried(tried);
      if (isRoundOver && race.open.size > 0) continue;
      const reason = giveUpReason(upstream, spec, policy, race);
      if (reason !== null && race.open.size > 0) continue;
      if (
        reason !== null && isRoundOver && policy.maxRetryAfter !== undefined && retryAfter !== null
      ) {
        // The caller repeats the request, but not before the `Retry-After` of the server.
        await options.sleep(Math.min(retryAfter, policy.maxRetryAfter), policy.signal);
      }
      const isInvalid = error instanceof UnexpectedResponse;
      if (isInvalid && (reason !== null || isRoundOver)) throw error;
      let wait = retryAfter ?? backoff(round, options.random);
      if (reason !== null) {
        outage ??= await outageOf(race);
        wait = outage.nextDelay(isRoundOver, reason);
      }
      const delay = isRoundOver ? Math.min(wait, policy.maxRetryAfter ?? Infinity) : 0;
      reportRetry(upstream, server, failures, delay, !isRoundOver);
      if (isRoundOver) {
        tried.clear();
        await options.sleep(delay, policy.signal);
        round++;
      }
      race.start(pool.next(tried, first, race.isHedgeable, keepsServer));
    }
  } finally {
    race.cancel();
  }
}

/**
 * Loads the code for the end of the retries.
 *
 * @throws the error of the last attempt if the code cannot be loaded, because the network has failed
 */
async function outageOf(request: ExhaustedRequest): Promise<OutageWait> {
  try {
    const { OutageWait } = await import("../on_demand/outage.ts");
    return new OutageWait(request, OUTAGE_CODE);
  } catch {
    throw request.failures.at(-1)?.error;
  }
}

/**
 * The reason why there is no other attempt: a key of `END_TEXTS`, or text. Null if there may be another attempt;
 * its retry budget is spent then.
 */
function giveUpReason<Result>(
  { options, budget }: Upstream,
  { request, idempotent }: RequestSpec,
  { retries = options.numRetries, finalReason }: CallPolicy,
  { failures, sent }: Race<Result>,
): string | null {
  const isUnsafe = failures.at(-1)?.ambiguous === true && !idempotent;
  if (finalReason !== undefined && sent > retries) return finalReason;
  if (isStream(request)) return "stream";
  if (isUnsafe) return "unsafe";
  if (sent > retries) return "";
  return budget.spend() ? null : "budget";
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
