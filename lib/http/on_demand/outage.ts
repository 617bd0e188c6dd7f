/**
 * Handles the end of the retries: during an outage, an idempotent request continues for `outageTimeout`; otherwise it
 * fails. Imported on demand.
 */
import type { GlanceConnectionFailed, GlanceError } from "../../errors.ts";
import type { ResolvedOptions } from "../../options.ts";
import type { optionPart } from "../../message_parts.ts";
import type { CallPolicy, RequestSpec, Upstream } from "../request_spec.ts";
import type { FailedAttempt } from "../retry/attempt.ts";
import { connectionFailed } from "./connection_failed.ts";
import { isServerUnavailable, outageDelay } from "./outage_policy.ts";

/** Milliseconds of an outage after which it is reported. */
const NOTICE_AFTER = 2_000;

/** Why there is no other retry, as the message says it after the number of attempts. */
const END_TEXTS: Readonly<Record<string, string>> = {
  stream: ", and its data can be read only once",
  unsafe: ", the outcome is unknown, and the request is not safe to retry",
  budget: ", and the retry budget is used up",
};

/** A request whose retries are used up. */
export interface ExhaustedRequest {
  readonly input: {
    readonly upstream: Upstream;
    readonly spec: RequestSpec;
    readonly policy: CallPolicy;
    /** Endpoints of the servers that were tried in this round. */
    readonly tried: ReadonlySet<string>;
  };
  /** Whether the request is idempotent, and its body can be sent again. */
  readonly isHedgeable: boolean;
  readonly failures: readonly FailedAttempt[];
}

/** Code that is loaded at the start. */
export interface OutageCode {
  readonly GlanceConnectionFailed: typeof GlanceConnectionFailed;
  readonly optionPart: typeof optionPart;
}

/** A failed attempt during an outage. */
export interface OutageFailure {
  /** Endpoint root of the server. */
  readonly server: string;
  readonly error: GlanceError;
  /** Milliseconds of the server's `Retry-After`. */
  readonly retryAfter: number | null;
}

/** Whether an outage was reported. It is shared by the requests to the same servers, so that one of them reports it. */
export interface OutageReport {
  isReported: boolean;
}

/** The delays between the requests of an outage, for at most `outageTimeout`. */
export class OutageDelays {
  readonly #options: ResolvedOptions;
  readonly #since: number;
  readonly #report: OutageReport;
  #delayed = 0;

  /** `since` is the time of the first attempt. */
  constructor(options: ResolvedOptions, since: number, report: OutageReport) {
    this.#options = options;
    this.#since = since;
    this.#report = report;
  }

  /** Milliseconds until the next request; null if the time is over. Reports the outage once. */
  next({ server, error: cause, retryAfter }: OutageFailure): number | null {
    const { outageTimeout: limit, now, random, onEvent } = this.#options;
    const elapsed = now() - this.#since;
    const delay = outageDelay({ limit, elapsed, delayed: this.#delayed, retryAfter }, random);
    if (delay === null) return null;
    const waited = Math.max(elapsed, this.#delayed);
    this.#delayed += delay;
    if (!this.#report.isReported && waited + delay >= NOTICE_AFTER) {
      this.#report.isReported = true;
      onEvent({ kind: "outage", server, left: Math.max(0, Math.round(limit - waited)), cause });
    }
    return delay;
  }
}

/** The outage that a request waits for. */
export class OutageWait {
  readonly #request: ExhaustedRequest;
  readonly #code: OutageCode;
  #delays: OutageDelays | null = null;

  constructor(request: ExhaustedRequest, code: OutageCode) {
    this.#request = request;
    this.#code = code;
  }

  /**
   * The delay before the next request, in milliseconds; it does not apply within a round.
   *
   * @param end the reason why there is no other retry: a key of {@linkcode END_TEXTS}, or text for the message.
   * @throws {GlanceConnectionFailed} if this is not an outage, or the time is over.
   */
  nextDelay(isRoundOver: boolean, end: string): number {
    const { input, isHedgeable, failures } = this.#request;
    const { upstream: { options, pool }, policy: { retries }, tried } = input;
    const { outageTimeout: limit } = options;
    const last = failures.at(-1);
    const isOutage = limit > 0 && isHedgeable && retries === undefined &&
      failures.slice(-tried.size).some(({ error }) => isServerUnavailable(error));
    if (!isOutage || last === undefined) throw this.#failed(end);
    if (!isRoundOver) return 0;
    const since = failures[0]?.sentAt ?? Infinity;
    this.#delays ??= new OutageDelays(options, since, pool.health);
    const delay = this.#delays.next({ ...last, server: last.server.endpoint });
    if (delay !== null) return delay;
    const part = this.#code.optionPart("outageTimeout");
    throw this.#failed(` within ${limit} ms; raise ${part.text} to wait longer`, [part]);
  }

  #failed(end: string, messageParts: Parameters<typeof connectionFailed>[0]["messageParts"] = []) {
    const { input: { spec }, failures } = this.#request;
    const facts = { action: spec.action(), imageId: spec.imageId, failures, messageParts };
    return connectionFailed(
      { ...facts, end: END_TEXTS[end] ?? end },
      this.#code.GlanceConnectionFailed,
    );
  }
}
