/**
 * The context of a request: the user's token and the facts that Keystone sent with it. Plain, immutable
 * data.
 */

/** An endpoint in a service catalog: Keystone v3's shape, or v2's with one key per interface. */
export interface CatalogEndpoint {
  /** v3: `public`, `internal`, or `admin`. */
  readonly interface?: string | undefined;
  /** Region, by its older name. */
  readonly region?: string | null | undefined;
  /** v3: region. */
  readonly region_id?: string | null | undefined;
  /** v3: URL of the service, with or without a version at its end. */
  readonly url?: string | undefined;
  /** v2: URL for all clients. */
  readonly publicURL?: string | undefined;
  /** v2: URL for clients within the cloud. */
  readonly internalURL?: string | undefined;
  /** v2: URL for administrators. */
  readonly adminURL?: string | undefined;
  /** Other members that Keystone sends. */
  readonly [key: string]: unknown;
}

/** A service of Keystone's catalog with its endpoints. */
export interface CatalogEntry {
  /** Type of the service: `image`, `identity` … */
  readonly type: string;
  /** Name that the operator chose, often `glance`. */
  readonly name?: string | undefined;
  /** One endpoint for each region and interface. */
  readonly endpoints: readonly CatalogEndpoint[];
  /** Other members that Keystone sends. */
  readonly [key: string]: unknown;
}

/**
 * The user of a request, with the token. An empty object is an anonymous user.
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
  readonly authToken?: string | undefined;
  /** Token of the calling service, sent as `X-Service-Token` in addition to the user's token. */
  readonly serviceToken?: string | undefined;
  /** Id of the user. */
  readonly userId?: string | undefined;
  /** Id of the project to which the token is scoped. */
  readonly projectId?: string | undefined;
  /** Names of the roles in that project. */
  readonly roles?: readonly string[] | undefined;
  /** Whether the user sees the images of all projects. */
  readonly isAdmin?: boolean | undefined;
  /** Keystone's catalog, in the v3 or the v2 shape. */
  readonly serviceCatalog?: readonly CatalogEntry[] | undefined;
  /** `req-…`, at most 64 characters; sent as `X-OpenStack-Request-ID`. */
  readonly globalRequestId?: string | undefined;
  /**
   * W3C Trace Context, sent as `traceparent` and `tracestate`. `traceHeadersOf` of `@glance-edge/glance/tracing` reads
   * it from a request.
   * Default: each call begins a trace that is not recorded, except in browsers and in programs with OpenTelemetry.
   */
  readonly trace?: { readonly traceparent: string; readonly tracestate?: string } | undefined;
  /** When the token expires. With `renew`, it is renewed two minutes earlier. */
  readonly expiresAt?: Date | undefined;
  /**
   * Returns a context with a new token. Called before the token expires, and once after a 401. Calls on an
   * old context are cheap: while the newest token is valid, they return it without a request.
   */
  readonly renew?: (() => Promise<RequestContext>) | undefined;
}
