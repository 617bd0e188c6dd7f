/**
 * The target of the contract: an Image API v2 endpoint, three identities, and the properties in
 * which correct clouds may differ.
 */

/** The identities: two members with projects of their own, and an administrator. */
export type Who = "alice" | "bob" | "admin";

/** Configuration of the cloud. */
export interface Facts {
  /** Newest Image API version, for example "2.15". */
  readonly version: string;
  /** Writable stores, the default first. */
  readonly stores: readonly string[];
  /** A read-only store. */
  readonly readOnlyStore: string | null;
  readonly importMethods: readonly string[];
  readonly imageSizeCap: number;
  readonly memberQuota: number;
  readonly showDirectUrl: boolean;
  readonly showLocations: boolean;
  /** Whether `/v2/cache` is available. */
  readonly imageCache: boolean;
  /** Number of servers of the endpoint, each with its own cache. */
  readonly servers: number;
  /** Whether unforeseen input is rejected with 500, as by the real Glance. */
  readonly crashes: boolean;
  /** False if the store does not support ranges (Ceph, for example). */
  readonly supportsRanges: boolean;
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
  /** Publishes bytes at a URL that the cloud may import, until disposed. */
  readonly publish: (bytes: string) => Publication;
}

/** Bytes at a URL. */
export interface Publication extends AsyncDisposable {
  readonly url: string;
}

/** True if version `a` is `b` or newer. */
export function isAtLeast(a: string, b: string): boolean {
  return minorOf(a) >= minorOf(b);
}

function minorOf(version: string): number {
  return Number(version.split(".")[1]);
}
