/**
 * Callers who take nothing: each of them holds a connection to a server, and what the runtime has read from
 * it ahead. Only so many may: who has rested longest gives his back first. Where many come at once, they
 * take turns, until of each it is known whether he takes anything.
 *
 * @module
 */
import type { ResolvedOptions } from "../../options.ts";
import { STRETCH } from "./chunk_size.ts";

/** Milliseconds for which a caller may take nothing before his connection can be given back. */
export const PATIENCE = 500;

/** The same for a newcomer while others wait for their turn. */
export const HURRY = 50;

/** Milliseconds after which the first of those who wait has his turn in any case. */
export const LONGEST_WAIT = 100;

/** A connection to a server, or what can take its place. */
export interface UpstreamConnection {
  /** Whether the download could go on behind it, if it were given back. Never fails. */
  canReopen(): Promise<boolean>;
  /** Gives it back. Never fails. */
  release(): Promise<void>;
}

/** Who rests, and on what. */
interface IdleUpstream {
  readonly since: number;
  readonly connection: UpstreamConnection;
}

/** A download that has begun, whose it is, and the bytes that it has taken. */
interface Newcomer {
  readonly owner: unknown;
  readonly bytes: number;
}

/** A download that has not begun. */
interface Waiting {
  readonly owner: unknown;
  readonly begin: () => void;
}

/** The callers of a gateway who download. Any object stands for one, from his turn to his leave. */
export class SlowCallers {
  readonly #limit: number;
  readonly #options: Pick<ResolvedOptions, "now" | "timer">;
  /** Bytes that each has taken who has not taken a stretch yet, and not rested long. */
  readonly #newcomers = new Map<object, Newcomer>();
  /** When each began to rest, the first one first. */
  readonly #resting = new Map<object, IdleUpstream>();
  /** Those who have not had their turn. */
  readonly #waiting = new Map<object, Waiting>();
  /** When the first of those who wait became the first. */
  #firstSince = 0;
  #alarm: { readonly at: number; readonly stop: () => void } | null = null;
  #isReleasing = false;

  /**
   * `limit` is how many connections may be held for those who rest, and as many for newcomers. Without
   * one, nobody waits and nobody is remembered.
   */
  constructor(limit: number, options: Pick<ResolvedOptions, "now" | "timer">) {
    this.#limit = limit;
    this.#options = options;
  }

  /**
   * Waits until a newcomer may be served, or leaves. Of several that wait, the next is one whose `owner` has
   * the fewest that have begun, so that many downloads of one owner delay its own alone.
   */
  async turn(caller: object, signal?: AbortSignal, owner: unknown = caller): Promise<void> {
    if (this.#limit === Infinity) return;
    if (this.#waiting.size === 0 && this.#hasRoom()) {
      this.#newcomers.set(caller, { owner, bytes: 0 });
      return;
    }
    const leave = () => this.leave(caller);
    signal?.addEventListener("abort", leave, { once: true });
    await new Promise<void>((resolve) => {
      if (this.#waiting.size === 0) this.#firstSince = this.#options.now();
      this.#waiting.set(caller, { owner, begin: resolve });
      this.#look();
    });
    signal?.removeEventListener("abort", leave);
  }

  /** So many bytes were handed over: the caller rests until he wants more. */
  rest(caller: object, bytes: number, connection: UpstreamConnection): void {
    if (this.#limit === Infinity) return;
    this.#resting.set(caller, { since: this.#options.now(), connection });
    const taken = this.#newcomers.get(caller);
    if (taken !== undefined && taken.bytes + bytes < STRETCH) {
      this.#newcomers.set(caller, { ...taken, bytes: taken.bytes + bytes });
    } else this.#newcomers.delete(caller);
    this.#look();
  }

  /** More is wanted. */
  wake(caller: object): void {
    this.#resting.delete(caller);
    this.#look();
  }

  /** Nothing will be wanted any more. */
  leave(caller: object): void {
    this.#newcomers.delete(caller);
    this.#resting.delete(caller);
    this.#waiting.get(caller)?.begin();
    this.#waiting.delete(caller);
    this.#look();
  }

  #hasRoom(): boolean {
    return this.#newcomers.size < Math.max(1, this.#limit);
  }

  #admitFirst(): void {
    const begun = new Map<unknown, number>();
    for (const { owner } of this.#newcomers.values()) {
      begun.set(owner, (begun.get(owner) ?? 0) + 1);
    }
    let [next, fewest] = [null as object | null, Infinity];
    for (const [caller, { owner }] of this.#waiting) {
      const count = begun.get(owner) ?? 0;
      if (count < fewest) [next, fewest] = [caller, count];
      if (fewest === 0) break;
    }
    const waiting = next === null ? undefined : this.#waiting.get(next);
    if (next === null || waiting === undefined) return;
    this.#waiting.delete(next);
    this.#newcomers.set(next, { owner: waiting.owner, bytes: 0 });
    this.#firstSince = this.#options.now();
    waiting.begin();
  }

  /** Admits whom there is room for, and sets the alarm for what time alone will change. */
  #look(): void {
    while (this.#waiting.size > 0 && this.#hasRoom()) this.#admitFirst();
    const at = this.#nextAt();
    // One that rings too early costs less than to set it anew for each chunk.
    if (this.#alarm !== null && this.#alarm.at <= at && at < Infinity) return;
    this.#alarm?.stop();
    this.#alarm = null;
    if (at === Infinity) return;
    const ms = Math.max(0, at - this.#options.now());
    this.#alarm = { at, stop: this.#options.timer(ms, () => this.#ring()) };
  }

  /** When somebody will have rested or waited long enough, as things stand. */
  #nextAt(): number {
    const isCrowded = this.#waiting.size > 0;
    let at = isCrowded ? this.#firstSince + LONGEST_WAIT : Infinity;
    if (this.#isReleasing || !isCrowded && this.#resting.size <= this.#limit) return at;
    for (const [caller, { since }] of this.#resting) {
      if (since + (isCrowded ? HURRY : PATIENCE) >= at) break;
      at = Math.min(at, since + this.#patienceWith(caller));
    }
    return at;
  }

  /** Milliseconds for which a caller may rest, as things stand. */
  #patienceWith(caller: object): number {
    if (this.#waiting.size > 0 && this.#newcomers.has(caller)) return HURRY;
    return this.#resting.size > this.#limit ? PATIENCE : Infinity;
  }

  #ring(): void {
    this.#alarm = null;
    if (this.#options.now() - this.#firstSince >= LONGEST_WAIT) this.#admitFirst();
    if (!this.#isReleasing) this.#releaseOldest();
    this.#look();
  }

  /** One after the other: what the first one learns of the store spares the next ones a question. */
  async #releaseOldest(): Promise<void> {
    this.#isReleasing = true;
    for (const [caller, rest] of this.#resting) {
      if (this.#options.now() - rest.since < this.#patienceWith(caller)) continue;
      const canReopen = await rest.connection.canReopen();
      if (this.#resting.get(caller) !== rest) continue;
      this.#resting.delete(caller);
      // Nobody has to wait for a connection that must stay.
      this.#newcomers.delete(caller);
      if (canReopen) await rest.connection.release();
    }
    this.#isReleasing = false;
    this.#look();
  }
}
