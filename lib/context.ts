/**
 * Who is asking: the token and the facts that came with it. Plain data, one object per caller,
 * never changed after it was made.
 *
 * @module
 */

/** An endpoint of a service: Keystone v3's shape, or the v2 shape with one key an interface. */
export interface CatalogEndpoint {
  readonly interface?: string;
  readonly region?: string | null;
  readonly region_id?: string | null;
  readonly url?: string;
  readonly publicURL?: string;
  readonly internalURL?: string;
  readonly adminURL?: string;
  readonly [key: string]: unknown;
}

/** A service of Keystone's catalog with its endpoints. */
export interface CatalogEntry {
  readonly type: string;
  readonly name?: string;
  readonly endpoints: readonly CatalogEndpoint[];
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
  readonly userId?: string;
  readonly projectId?: string;
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
