/**
 * The network between a client and the servers of a cluster: bandwidth, latency, and black holes, which change
 * over time.
 */
import { NEVER, type SimulatedClock } from "./clock.ts";

/** A change of a link. Omitted properties do not change. */
export interface LinkChange {
  /**
   * Time of the change in milliseconds of the cluster's clock.
   * Default: `0`.
   */
  readonly at?: number;
  /**
   * Index of the server to which the link leads.
   * Default: the client's own link, which all servers share.
   */
  readonly server?: number;
  /**
   * Bytes per second, shared by the bodies on the link.
   * Default: `Infinity`.
   */
  readonly bandwidth?: number;
  /**
   * Milliseconds until a response begins.
   * Default: a random number from 1 to 20.
   */
  readonly latency?: number;
  /**
   * Whether nothing passes the link: requests get no response, and bodies fall silent. Both continue when the
   * black hole ends.
   * Default: `false`.
   */
  readonly blackHole?: boolean;
}

/** The state of a link; `server` is undefined for that of the client. */
type LinkState = Omit<LinkChange, "at">;

/** Milliseconds that a chunk occupies a link at most, so that a change takes effect soon. */
const LONGEST_CHUNK = 100;

/** The links between a client and its servers. A server is given by its index. */
export class Links {
  readonly #clock: SimulatedClock;
  /** The changes, earliest first. */
  readonly #changes: readonly LinkChange[];
  /** When each link has sent its last chunk. */
  readonly #busyUntil = new Map<number | undefined, number>();

  constructor(clock: SimulatedClock, changes: readonly LinkChange[]) {
    this.#clock = clock;
    this.#changes = changes.toSorted((a, b) => (a.at ?? 0) - (b.at ?? 0));
  }

  /** Waits for the latency of a response, or for `usual` milliseconds if none is set. */
  async awaitResponse(server: number, usual: number, signal: AbortSignal): Promise<void> {
    const latencies = this.#path(server).flatMap(({ latency }) => latency ?? []);
    const latency = latencies.length === 0 ? usual : latencies.reduce((sum, ms) => sum + ms);
    await this.#clock.sleep(latency, signal);
    await this.#awaitEndOfBlackHole(server, signal);
  }

  /** The length in bytes of the longest chunk that a body sends. */
  chunkLimit(server: number, limit: number): number {
    const bandwidths = this.#path(server).map(({ bandwidth = Infinity }) => bandwidth);
    const bytes = Math.min(...bandwidths) * LONGEST_CHUNK / 1_000;
    return Math.max(1, Math.min(limit, Math.floor(bytes)));
  }

  /** Waits until a chunk that is sent at `since` has passed all links. */
  async transfer(
    server: number,
    bytes: number,
    since: number,
    signal: AbortSignal,
  ): Promise<void> {
    let arrival = since;
    for (const { server: link, bandwidth = Infinity } of this.#path(server)) {
      if (bandwidth === Infinity) continue;
      const end = Math.max(since, this.#busyUntil.get(link) ?? 0) + 1_000 * bytes / bandwidth;
      this.#busyUntil.set(link, end);
      arrival = Math.max(arrival, end);
    }
    const left = arrival - this.#clock.now();
    if (left > 0) await this.#clock.sleep(left, signal);
    await this.#awaitEndOfBlackHole(server, signal);
  }

  async #awaitEndOfBlackHole(server: number, signal: AbortSignal): Promise<void> {
    while (this.#path(server).some(({ blackHole }) => blackHole)) {
      const now = this.#clock.now();
      const next = this.#changes.find(({ at = 0 }) => at > now)?.at ?? NEVER;
      await this.#clock.sleep(next - now, signal);
    }
  }

  /** The current states of the client's link and the server's. */
  #path(server: number): readonly LinkState[] {
    if (this.#changes.length === 0) return [];
    const now = this.#clock.now();
    return [undefined, server].map((link) => {
      const past = this.#changes.filter(({ at = 0, ...change }) =>
        at <= now && change.server === link
      );
      return Object.assign({ server: link }, ...past);
    });
  }
}
