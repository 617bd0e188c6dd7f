/**
 * What the contract is checked against: an Image API v2 endpoint, three callers, and the facts in
 * which two correct clouds may differ.
 */

/** The callers: two ordinary users with projects of their own, and an administrator. */
export type Who = "alice" | "bob" | "admin";

/** What a cloud's operator decides. */
export interface Facts {
  /** Newest Image API version, for example "2.15". */
  readonly version: string;
  /** Stores that take uploads, the default one first. */
  readonly stores: readonly string[];
  /** A store that takes no uploads. */
  readonly readOnlyStore: string | null;
  readonly importMethods: readonly string[];
  readonly imageSizeCap: number;
  readonly memberQuota: number;
  readonly showDirectUrl: boolean;
  readonly showLocations: boolean;
  /** Whether `/v2/cache` is offered. */
  readonly imageCache: boolean;
  /** Servers that take turns; each has a cache of its own. */
  readonly servers: number;
  /** Whether input that Glance does not foresee is answered with 500, as the real one does. */
  readonly crashes: boolean;
  /** False for a store that reads only from the start, such as Ceph. */
  readonly ranges: boolean;
}

/** A cloud to check. */
export interface Target {
  /** `http://host:port`, without a path. */
  readonly endpoint: string;
  readonly tokens: Readonly<Record<Who, string>>;
  /** Project ids. */
  readonly projects: Readonly<Record<Who, string>>;
  readonly fetch: typeof fetch;
  readonly facts: Facts;
  /** Puts bytes where the cloud may import them from, until disposed. */
  readonly publish: (bytes: string) => Publication;
}

/** Bytes at a URL. */
export interface Publication extends AsyncDisposable {
  readonly url: string;
}

/** True where version `a` is at least version `b`. */
export function isAtLeast(a: string, b: string): boolean {
  return minorOf(a) >= minorOf(b);
}

function minorOf(version: string): number {
  return Number(version.split(".")[1]);
}
