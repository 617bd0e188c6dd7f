/**
 * Who is asking: the token and the facts that came with it. Plain data, one object per caller,
 * never changed after it was made.
 *
 * @module
 */

/** An endpoint of a service: Keystone v3's shape, or the v2 shape with one key an interface. */
export interface CatalogEndpoint {
  /** v3: `public`, `internal` or `admin`. */
  readonly interface?: string;
  /** Region, by its older name. */
  readonly region?: string | null;
  /** v3: region. */
  readonly region_id?: string | null;
  /** v3: where the service is; a version may stand at its end. */
  readonly url?: string;
  /** v2: the same for everybody. */
  readonly publicURL?: string;
  /** v2: the same within the cloud. */
  readonly internalURL?: string;
  /** v2: the same for administrators. */
  readonly adminURL?: string;
  /** What else Keystone says. */
  readonly [key: string]: unknown;
}

/** A service of Keystone's catalog with its endpoints. */
export interface CatalogEntry {
  /** Type of the service: `image`, `identity` … */
  readonly type: string;
  /** Name that the operator has given it, often `glance`. */
  readonly name?: string;
  /** Where it is, by region and interface. */
  readonly endpoints: readonly CatalogEndpoint[];
  /** What else Keystone says. */
  readonly [key: string]: unknown;
}

/**
 * Who is asking. An empty object is a caller without a token.
 *
 * @example
 * ```ts
 * import type { RequestContext } from "@glance-edge/glance";
 * import { assert } from "@std/assert";
 *
 * const context: RequestContext = { authToken: "gAAAA…", projectId: "7f1c…" };
 * assert(context.authToken !== undefined);
 * ```
 */
export interface RequestContext {
  /** Keystone token, sent as `X-Auth-Token` to trusted servers only. */
  readonly authToken?: string;
  /** Token of the calling service, sent as `X-Service-Token` beside the user's. */
  readonly serviceToken?: string;
  /** Id of the user. */
  readonly userId?: string;
  /** Id of the project that the token is for. */
  readonly projectId?: string;
  /** Names of the roles in that project. */
  readonly roles?: readonly string[];
  /** Sees every image, whoever owns it. */
  readonly isAdmin?: boolean;
  /** Keystone's catalog, in the v3 or the v2 shape. */
  readonly serviceCatalog?: readonly CatalogEntry[];
  /** `req-…`, at most 64 characters; sent as `X-OpenStack-Request-ID`. */
  readonly globalRequestId?: string;
  /** When the token ends; it is renewed two minutes earlier where `renew` is there. */
  readonly expiresAt?: Date;
  /**
   * Gives a context with a fresh token. Called before the token ends, and once after a 401.
   * A caller that holds an old context may call it as often as it likes: while the newest token is
   * good, it is given without asking Keystone.
   */
  renew?(): Promise<RequestContext>;
}
