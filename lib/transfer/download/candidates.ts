/**
 * Server selection for one download: records how each server has failed, and decides which servers receive
 * the next request, for a range or for the whole image. It sends no requests.
 */
import { GlanceConnectionFailed, type GlanceError } from "../../errors.ts";
import type { ServerFailure } from "./resume_policy.ts";

/** Range requests of a server that may fail without a byte before the whole image is requested instead. */
const RANGE_STRIKES = 2;

/** Size in bytes below which a part that is shorter than requested counts as short. */
const SHORT_PART = 1024 * 1024;

/** Short parts of a server after which the whole image is requested instead. */
const SHORT_PARTS = 16;

/** The kind of the next request, and the servers that may receive it. */
export interface NextRequest {
  readonly kind: "range" | "whole";
  /** Servers that must not be used. */
  readonly excluded: ReadonlySet<string>;
  /** Servers that are used after the others. */
  readonly tried: ReadonlySet<string>;
}

/** The servers of one download and their failures. */
export class Candidates {
  #servers: readonly string[] = [];
  readonly #denials = new Map<string, GlanceError>();
  /** Number of range requests of each server that failed without a byte. */
  readonly #strikes = new Map<string, number>();
  readonly #shortParts = new Map<string, number>();
  /** Servers that failed since the last delivered byte, most recent last. */
  readonly #failed = new Set<string>();
  /** Servers among them that sent no response. */
  readonly #unresponsive = new Set<string>();
  #lastUsed: readonly string[] = [];

  /** Endpoint roots of the servers. */
  get servers(): readonly string[] {
    return this.#servers;
  }

  /**
   * The next request: a range if a server is left that supports ranges, else the whole image. Ranges are
   * preferred since they transfer no byte twice, unless none of their servers responds and another one may.
   */
  next(servers: readonly string[], supportsRanges: (server: string) => boolean): NextRequest {
    this.#servers = servers;
    const available = servers.filter((server) => !this.#denials.has(server));
    const ranged = available.filter((server) =>
      supportsRanges(server) && (this.#strikes.get(server) ?? 0) < RANGE_STRIKES
    );
    const isResponding = (server: string) => !this.#unresponsive.has(server);
    const isRange = ranged.length > 0 &&
      (ranged.some(isResponding) || !available.some(isResponding));
    const usable = isRange ? ranged : available;
    this.#lastUsed = usable;
    const failed = [...this.#failed].filter((server) => usable.includes(server));
    return {
      kind: isRange ? "range" : "whole",
      excluded: new Set(servers.filter((server) => !usable.includes(server))),
      // If each has failed, the one with the oldest failure comes first.
      tried: new Set(failed.length < usable.length ? failed : failed.slice(1)),
    };
  }

  /** Stops range requests to a server. */
  refuseRange(server: string): void {
    this.#strikes.set(server, RANGE_STRIKES);
  }

  /** Records that a server is slow: it is used after the others. */
  recordSlow(server: string): void {
    this.#failed.delete(server);
    this.#failed.add(server);
  }

  /** Records a part with fewer bytes than requested. */
  recordShortPart(server: string, bytes: number): void {
    if (bytes >= SHORT_PART) return;
    const count = (this.#shortParts.get(server) ?? 0) + 1;
    this.#shortParts.set(server, count);
    if (count >= SHORT_PARTS) this.refuseRange(server);
  }

  /**
   * Records a failure.
   *
   * @param hasProgress whether bytes were delivered since the previous failure
   * @returns the error that ends the download if no server is left, else null
   */
  recordFailure(
    failure: ServerFailure,
    hasProgress: boolean,
    hasBegun: boolean,
  ): GlanceError | null {
    if (hasProgress) {
      // Time has passed: a server that denied the image may have it now.
      for (const memory of [this.#failed, this.#unresponsive, this.#denials]) memory.clear();
    }
    const { error } = failure;
    const server = error.server ?? "";
    this.recordSlow(server);
    if (failure.kind === "no range") this.refuseRange(server);
    if (failure.kind === "denied") this.#denials.set(server, error);
    if (failure.kind === "broken" && failure.isRange && !hasProgress) {
      this.#strikes.set(server, (this.#strikes.get(server) ?? 0) + 1);
    }
    const hasNoResponse = error instanceof GlanceConnectionFailed;
    if (hasNoResponse) { for (const name of this.#lastUsed) this.#unresponsive.add(name); }
    const available = this.#servers.filter((name) => !this.#denials.has(name));
    const [denial] = this.#denials.values();
    if (available.length === 0 && denial !== undefined) return denial;
    const isAllSilent = available.every((name) => this.#unresponsive.has(name));
    return hasNoResponse && isAllSilent && !hasBegun ? error : null;
  }
}
