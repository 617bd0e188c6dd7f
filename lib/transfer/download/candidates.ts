/**
 * The servers of one download: how each has failed it, which one is asked next, and whether for a range or
 * for the whole image. It makes no request itself.
 *
 * @module
 */
import { GlanceConnectionFailed, type GlanceError } from "../../errors.ts";
import type { Break } from "./resume_policy.ts";

/** Failures of a range without a byte after which the server is asked for the whole image instead. */
const RANGE_STRIKES = 2;

/** Bytes below which a part that is shorter than requested is not worth its request. */
const SHORT_PART = 1024 * 1024;

/** Such parts after which the server is asked for the whole image instead. */
const SHORT_PARTS = 16;

/** What to ask next, and of whom. */
export interface Question {
  readonly kind: "range" | "whole";
  /** Servers that may not be asked. */
  readonly excluded: ReadonlySet<string>;
  /** Servers that are asked after the others. */
  readonly tried: ReadonlySet<string>;
}

/** The servers of one download and how they have failed it. What failed once is not asked again. */
export class Candidates {
  #servers: readonly string[] = [];
  readonly #denials = new Map<string, GlanceError>();
  /** Fruitless ranges of each server. */
  readonly #strikes = new Map<string, number>();
  readonly #shortParts = new Map<string, number>();
  /** Servers that failed since the last delivered byte, the last one last. */
  readonly #failed = new Set<string>();
  /** Those of them that gave no answer at all. */
  readonly #silent = new Set<string>();
  #asked: readonly string[] = [];

  /** Endpoint roots of the servers. */
  get servers(): readonly string[] {
    return this.#servers;
  }

  /**
   * What to ask next: a range if a server is left that gives them, else the whole image. Ranges first,
   * since they send no byte twice; but no longer if none of these servers answers and another might.
   */
  next(servers: readonly string[], givesRanges: (server: string) => boolean): Question {
    this.#servers = servers;
    const willing = servers.filter((server) => !this.#denials.has(server));
    const ranged = willing.filter((server) =>
      givesRanges(server) && (this.#strikes.get(server) ?? 0) < RANGE_STRIKES
    );
    const isHeard = (server: string) => !this.#silent.has(server);
    const isRange = ranged.length > 0 && (ranged.some(isHeard) || !willing.some(isHeard));
    const asked = isRange ? ranged : willing;
    this.#asked = asked;
    const failed = [...this.#failed].filter((server) => asked.includes(server));
    return {
      kind: isRange ? "range" : "whole",
      excluded: new Set(servers.filter((server) => !asked.includes(server))),
      // When each has failed, the one whose failure is oldest comes first.
      tried: new Set(failed.length < asked.length ? failed : failed.slice(1)),
    };
  }

  /** This server is not asked for a range again. */
  refuseRange(server: string): void {
    this.#strikes.set(server, RANGE_STRIKES);
  }

  /** A server gave fewer bytes than requested. */
  gaveShortPart(server: string, bytes: number): void {
    if (bytes >= SHORT_PART) return;
    const count = (this.#shortParts.get(server) ?? 0) + 1;
    this.#shortParts.set(server, count);
    if (count >= SHORT_PARTS) this.refuseRange(server);
  }

  /**
   * Notes a failure.
   *
   * @param hasProgress whether bytes were delivered since the failure before
   * @returns the error that ends the download if no server is left to ask, else null
   */
  note(
    broke: Exclude<Break, { readonly kind: "final" }>,
    hasProgress: boolean,
    hasBegun: boolean,
  ): GlanceError | null {
    if (hasProgress) {
      // Time has passed: what a server denied then, it may have by now.
      for (const memory of [this.#failed, this.#silent, this.#denials]) memory.clear();
    }
    const { error } = broke;
    const server = error.server ?? "";
    this.#failed.delete(server);
    this.#failed.add(server);
    if (broke.kind === "no range") this.refuseRange(server);
    if (broke.kind === "denied") this.#denials.set(server, error);
    if (broke.kind === "broken" && broke.isRange && !hasProgress) {
      this.#strikes.set(server, (this.#strikes.get(server) ?? 0) + 1);
    }
    const isUnanswered = error instanceof GlanceConnectionFailed;
    if (isUnanswered) { for (const asked of this.#asked) this.#silent.add(asked); }
    const willing = this.#servers.filter((name) => !this.#denials.has(name));
    const [denial] = this.#denials.values();
    if (willing.length === 0 && denial !== undefined) return denial;
    const isAlone = willing.every((name) => this.#silent.has(name));
    return isUnanswered && isAlone && !hasBegun ? error : null;
  }
}
