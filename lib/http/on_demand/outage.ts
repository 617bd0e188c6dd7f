/**
 * What follows after the last retry, imported on demand: during an outage, an idempotent request continues for
 * `outageTimeout`; else it fails.
 */
import type { GlanceConnectionFailed } from "../../errors.ts";
import type { optionTerm } from "../../terms.ts";
import type { CallPolicy, RequestSpec, Upstream } from "../request_spec.ts";
import type { FailedAttempt } from "../retry/attempt.ts";
import { connectionFailed } from "./connection_failed.ts";
import { isAway, outageDelay } from "./outage_policy.ts";

/** Milliseconds of an outage after which it is reported. */
const NOTICE_AFTER = 2_000;

/** A request whose retries are used up. */
export interface ExhaustedRequest {
  readonly input: {
    readonly upstream: Upstream;
    readonly spec: RequestSpec;
    readonly policy: CallPolicy;
    /** Endpoints of the servers that were asked in this round. */
    readonly tried: ReadonlySet<string>;
  };
  /** Whether the request is idempotent, and its body can be sent again. */
  readonly isHedgeable: boolean;
  readonly failures: readonly FailedAttempt[];
}

/** Code that is loaded at the start. */
export interface OutageCode {
  readonly GlanceConnectionFailed: typeof GlanceConnectionFailed;
  readonly optionTerm: typeof optionTerm;
}

/** The outage that a request waits for. */
export class OutageWait {
  readonly #request: ExhaustedRequest;
  readonly #code: OutageCode;
  #delayed = 0;
  #isReported = false;

  constructor(request: ExhaustedRequest, code: OutageCode) {
    this.#request = request;
    this.#code = code;
  }

  /**
   * The delay before the next request, in milliseconds; it does not apply within a round.
   *
   * @param end Why there is no other retry, for the message.
   * @throws {GlanceConnectionFailed} if no server is away, or the time is over.
   */
  nextDelay(isRoundOver: boolean, end: string): number {
    const { input, isHedgeable, failures } = this.#request;
    const { upstream: { options }, policy: { retries }, tried } = input;
    const limit = options.outageTimeout;
    const isOutage = limit > 0 && isHedgeable && retries === undefined &&
      failures.slice(-tried.size).some(({ error }) => isAway(error));
    if (!isOutage) throw this.#failed(end);
    if (!isRoundOver) return 0;
    const elapsed = options.now() - (failures[0]?.sentAt ?? Infinity);
    const retryAfter = failures.at(-1)?.retryAfter ?? null;
    const state = { limit, elapsed, delayed: this.#delayed, retryAfter };
    const delay = outageDelay(state, options.random);
    if (delay === null) {
      const term = this.#code.optionTerm("outageTimeout");
      throw this.#failed(` within ${limit} ms; raise ${term.text} to wait longer`, [term]);
    }
    this.#delayed += delay;
    this.#report(Math.max(elapsed, this.#delayed - delay), delay);
    return delay;
  }

  #report(elapsed: number, delay: number): void {
    if (this.#isReported || elapsed + delay < NOTICE_AFTER) return;
    this.#isReported = true;
    const { input: { upstream: { options } }, failures } = this.#request;
    const left = Math.max(0, Math.round(options.outageTimeout - elapsed));
    const last = failures.at(-1);
    options.onEvent({
      kind: "outage",
      server: last?.server.endpoint ?? "",
      left,
      cause: last?.error,
    });
  }

  #failed(end: string, terms: Parameters<typeof connectionFailed>[0]["terms"] = []) {
    const { input: { spec }, failures } = this.#request;
    const facts = { action: spec.action(), imageId: spec.imageId, failures, end, terms };
    return connectionFailed(facts, this.#code.GlanceConnectionFailed);
  }
}
