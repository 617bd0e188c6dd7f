/**
 * Monitors the open body of a reader. If its server becomes slow or silent, the rest is also requested from another
 * server, while the body continues; the reader switches to the body that is ahead.
 */
import type { ServerUnreachable } from "../../errors.ts";
import type { ResolvedOptions } from "../../options.ts";
import type { DeliveredTail } from "../download/overlap.ts";
import type { RangeBody } from "../download/range_body.ts";
import type { RangeSource } from "../download/range_source.ts";
import { Challenge, type SharedCode } from "./challenge.ts";
import {
  type BodyPace,
  delayAfter,
  isRecovered,
  problemOf,
  type ServerProblem,
} from "./rate_policy.ts";
import { RateMonitor } from "./rate_monitor.ts";

/** Options of a race. */
export interface RaceOptions {
  readonly source: RangeSource;
  readonly options: ResolvedOptions;
  /** Whether the hash of the whole image is verified. */
  readonly isHashed: boolean;
  /** Source of ranges of the same image, for the second connection; undefined if there is only one. */
  readonly secondSource?: RangeSource | undefined;
  /** Whether `secondSource` may be used. Default: always. */
  readonly isAlone?: (() => boolean) | undefined;
  readonly tail: DeliveredTail;
  readonly signal: AbortSignal;
}

/** Code that is loaded at the start. */
export interface RaceCode extends SharedCode {
  readonly ServerUnreachable: typeof ServerUnreachable;
}

/** The body that the reader reads. */
export interface CurrentBody {
  readonly body: RangeBody | null;
  /**
   * Offset in the image after the last byte that the reader has received. That of the body may be further, if
   * bytes are on their way to the reader, which drops them when the body is replaced.
   */
  readonly position: number;
  /** Continues with another body. */
  start(body: RangeBody): void;
}

/** Measures the body, and starts challenges. */
export class BodyRace {
  readonly #current: CurrentBody;
  readonly #options: RaceOptions;
  readonly #shared: RaceCode;
  #monitor: RateMonitor | null = null;
  #challenge: Challenge | null = null;
  /** Whether the challenger waits for the next read, since the consumer is busy. */
  #isParked = false;
  /** Number of lost challenges in a row, and the end of the delay after the last one. */
  #losses = 0;
  #notBefore = 0;

  constructor(current: CurrentBody, options: RaceOptions, shared: RaceCode) {
    this.#current = current;
    this.#options = options;
    this.#shared = shared;
  }

  /** Starts to monitor a new body. */
  watch(): void {
    const best = this.#monitor?.best ?? 0;
    this.#monitor?.[Symbol.dispose]();
    this.#monitor = new RateMonitor(
      this.#options.options,
      best,
      (pace, silence) => this.#evaluate(pace, silence),
    );
  }

  /** Records that a read begins. A challenger that is ahead may replace the body first. */
  begin(): void {
    if (this.#isParked) this.#unpark();
    this.#monitor?.begin();
  }

  /** Records that a read has ended. */
  end(bytes: number): void {
    this.#monitor?.end(bytes);
  }

  /** Stops monitoring, and closes the challenger. */
  async close(reason: unknown): Promise<void> {
    this.#monitor?.[Symbol.dispose]();
    await this.#endChallenge()?.close(reason);
  }

  /** Starts or ends a challenge, depending on the last window. */
  #evaluate(pace: BodyPace, silence: number): void {
    const { source: { candidates, identity }, options, secondSource, isAlone = () => true } =
      this.#options;
    const [body, challenge] = [this.#current.body, this.#challenge];
    if (body === null) return;
    if (challenge !== null) {
      if (isRecovered(pace) || challenge.isLate || !isAlone()) this.#lose(challenge);
      return;
    }
    const { server } = body.response;
    const problem = problemOf(pace, silence, candidates.servers.some((name) => name !== server));
    if (problem === null || secondSource === undefined || !isAlone()) return;
    if (options.now() < this.#notBefore) return;
    candidates.recordSlow(server);
    const { imageId } = identity;
    const message = problemMessage(imageId, server, problem, pace, silence);
    const cause = new this.#shared.ServerUnreachable(message, { imageId, server });
    this.#challenge = new Challenge(
      { problem, cause, rate: pace.rate ?? 0 },
      this.#current.position,
      this.#options,
      this.#shared,
    );
    this.#run(this.#challenge, secondSource);
  }

  async #run(challenge: Challenge, secondSource: RangeSource): Promise<void> {
    const { isHashed, tail } = this.#options;
    try {
      await challenge.open(secondSource, { isHashed, canCompare: tail.isDistinctive });
      await this.#receive(challenge);
    } catch {
      // The retry loop has reported the error. The body continues.
      this.#lose(challenge);
    }
  }

  async #receive(challenge: Challenge): Promise<void> {
    for (let hasMore = true; hasMore && challenge === this.#challenge;) {
      hasMore = await challenge.receive();
      if (challenge !== this.#challenge) return;
      this.#isParked = !this.#monitor?.isWaiting;
      if (this.#isParked) return;
      this.#decide(challenge);
    }
  }

  #unpark(): void {
    this.#isParked = false;
    const challenge = this.#challenge;
    if (challenge === null) return;
    this.#decide(challenge);
    this.#receive(challenge).catch(() => this.#lose(challenge));
  }

  /** Switches to the challenger if it is ahead. The reader has delivered all bytes that it has read. */
  #decide(challenge: Challenge): void {
    const body = this.#current.body;
    const offset = this.#current.position;
    const lead = body && challenge.leadAt(offset);
    if (body === null || lead === null) return;
    const { tail, source: { identity: { imageId } }, options } = this.#options;
    if (tail.differsFrom(lead.before, 0)) return this.#lose(challenge);
    this.#endChallenge();
    this.#losses = 0;
    this.#current.start(body.replacedBy(lead.response, offset, lead.ahead));
    const { reason: { problem, cause } } = challenge;
    const { server: from } = body.response;
    // The retry budget is not charged: the other request has been sent already.
    if (problem === "silent") body.response.reportBreak(cause, Infinity);
    options.onEvent({ kind: "move", server: lead.response.server, from, imageId, offset, cause });
    body.response.close(cause);
  }

  #lose(challenge: Challenge): void {
    if (challenge !== this.#challenge) return;
    this.#endChallenge();
    this.#losses++;
    this.#notBefore = this.#options.options.now() + delayAfter(this.#losses);
    challenge.close("another server was not faster");
  }

  #endChallenge(): Challenge | null {
    const challenge = this.#challenge;
    this.#challenge = null;
    this.#isParked = false;
    return challenge;
  }
}

/** The message about a slow or silent server. */
function problemMessage(
  imageId: string,
  server: string,
  problem: ServerProblem,
  { rate, best }: BodyPace,
  silence: number,
): string {
  const perSecond = (bytes: number) => Math.round(1_000 * bytes);
  const what = problem === "silent"
    ? `sent nothing for ${Math.round(silence)} ms`
    : `sends ${perSecond(rate ?? 0)} bytes per second, after ${perSecond(best)}`;
  return `Cannot read image "${imageId}" at the usual rate: the server "${server}" ${what}`;
}
