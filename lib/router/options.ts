/** The options of a gateway. */
import type { RequestContext } from "../context.ts";
import type { InspectMode, Verify } from "../transfer/types.ts";
import type { SlotStore } from "../cache/stores/slot_store.ts";
import type { GlanceOptions } from "../options.ts";
import type { OpenTelemetry } from "../tracing/open_telemetry.ts";
import type { RequestLog } from "./observe/access_log.ts";
import type { PageSignIn } from "../page/keystone_sign_in.ts";

/** The web origins that may read responses. */
export interface CorsOptions {
  /** Origins as browsers send them (`https://horizon.example`), or `*` for all. */
  readonly origins: "*" | readonly string[];
  /**
   * Seconds for which browsers may cache a preflight response (`Access-Control-Max-Age`).
   * Default: `600`.
   */
  readonly maxAge?: number | undefined;
}

/** The edge cache: image data that the gateway keeps. */
export interface CacheOptions {
  /** The store: `directoryStore()`, `memoryStore()`, or another one of `@glance-edge/glance/cache`. */
  readonly store: SlotStore;
  /** Maximum size in bytes. The least recently used data is evicted first. */
  readonly size: number;
  /**
   * Size in bytes of a slot, the unit in which data is fetched and stored. Up to 16 slots are in memory while they are
   * fetched. Stored slots are found again only with the same value.
   * Default: 8 MiB.
   */
  readonly slotSize?: number | undefined;
  /**
   * Milliseconds for which Glance's permission to read an image is cached, for one token and one image. With 0, each
   * request is checked with Glance.
   * Default: `5000`.
   */
  readonly authorizationTtl?: number | undefined;
}

/** The web page. */
export interface PageOptions {
  /**
   * How users sign in: `keystoneSignIn`. Not used with `serviceMode`, where no token is needed.
   * Default: none: the page asks for a token if the servers require one.
   */
  readonly signIn?: PageSignIn | undefined;
}

/** A request to authorize. */
export interface GatewayCall {
  /** The request as received. Do not read its body. */
  readonly request: Request;
  /** Name of the operation: `list`, `get`, `data`, `members.create` … */
  readonly operation: string;
  /** Path template: `/v2/images/{image_id}/file`. */
  readonly path: string;
  /**
   * Values of the placeholders, such as `image_id`. Ids are in lower case, however the request spells them.
   * Names (namespaces, tags) are decoded, but not changed: compare them as Glance's database does, which
   * ignores case, accents, and trailing spaces.
   */
  readonly values: Readonly<Record<string, string>>;
}

/** Service mode: the gateway calls Glance with its own credentials, for all clients. */
export interface ServiceMode {
  /**
   * The credentials. A context with `renew` gets a new token before the old one expires. Tokens of clients are
   * not forwarded.
   */
  readonly context: RequestContext;
  /**
   * Whether only `GET` and `HEAD` are allowed. Other methods are rejected with 403.
   * Default: `true`.
   */
  readonly readOnly?: boolean | undefined;
}

/** The options of {@linkcode createImageRouter}, besides those of the client ({@linkcode GlanceOptions}). */
export interface ImageRouterOptions extends GlanceOptions {
  /** The Glance servers. Required unless the context of `serviceMode` has a service catalog. */
  readonly apiServers?: readonly string[] | null | undefined;
  /**
   * Calls Glance with the gateway's own credentials.
   * Default: none: the token of each request is forwarded.
   */
  readonly serviceMode?: ServiceMode | undefined;
  /**
   * Authorizes each request before it is forwarded: `true` allows it, `false` responds with 403, and a `Response`
   * is sent as it is. Any other result is logged and causes a 500.
   * Default: none: all requests are allowed.
   */
  readonly authorize?: (call: GatewayCall) => boolean | Response | Promise<boolean | Response>;
  /**
   * Public URL of the gateway, including the prefix below which it is mounted, for `Location` and the list
   * of versions: `https://images.example/image`. Set it if a proxy in front of the gateway terminates TLS or
   * strips a prefix, or with `app.mount`.
   * Default: the URL of each request.
   */
  readonly publicEndpoint?: string | undefined;
  /**
   * Whether a download that fails after its headers were sent continues from another server. If false, the
   * body of one server is forwarded, provided that its headers describe exactly the requested bytes; a
   * failure resets the connection. On Deno that halves the CPU time, unless `log`, `metrics` or tracing is
   * on or `verify` applies: then every chunk is counted or hashed. Otherwise, `stallTimeout` does not apply.
   * Default: `true`.
   */
  readonly resume?: boolean | undefined;
  /**
   * Whether whole images are hashed while they are sent. If the hash is wrong, the connection is reset before
   * the last chunk. The number of bytes and the `Content-MD5` of the server are always checked.
   * Default: `"off"`.
   */
  readonly verify?: Verify | undefined;
  /**
   * Caches image data, so that it is read once from Glance for many readers. Glance authorizes each reader.
   * Default: none.
   */
  readonly cache?: CacheOptions | undefined;
  /**
   * Maximum size of an upload in bytes. A larger one is rejected with 413.
   * Default: `Infinity`.
   */
  readonly maxUploadSize?: number | undefined;
  /**
   * Which uploads and staged data to refuse with 415, before their first byte is sent to Glance, or their last one if
   * the format stores metadata there (VMDK): `match` refuses what Glance refuses since 2025.1, `safe` only what is
   * unsafe. The record of the image is read with the token of the request. Data that Glance fetches itself is not
   * inspected.
   * Default: `"off"`.
   */
  readonly inspect?: InspectMode | undefined;
  /**
   * Allows web pages of other origins to read responses.
   * Default: none: no other origin may.
   */
  readonly cors?: CorsOptions | undefined;
  /**
   * Host names that requests may use. Others are rejected with 403. `"loopback"` allows `localhost`,
   * 127.0.0.0/8 and `[::1]`. The host of `publicEndpoint` is always allowed. Set it if clients need no token:
   * otherwise a web page can reach the gateway through a name of its own that resolves to the address of the
   * gateway (DNS rebinding).
   *
   * Whatever the value, a write without a token from a page of another site is rejected with 403.
   * Default: `"any"`.
   */
  readonly allowedHosts?: "any" | "loopback" | readonly string[] | undefined;
  /**
   * Whether to serve metrics in Prometheus' text format at `/metrics`, to every client.
   * Default: `false`.
   */
  readonly metrics?: boolean | undefined;
  /**
   * The module `@opentelemetry/api`, to trace requests with.
   * Default: what the program has registered for that module, else requests are not traced.
   */
  readonly tracing?: OpenTelemetry | undefined;
  /**
   * Whether to serve a web page at `/` to browsers. Requests that do not accept `text/html` are not affected.
   * Default: `false`.
   */
  readonly page?: boolean | PageOptions | undefined;
  /**
   * Called once per request, after the response body is finished or canceled.
   * Default: none.
   */
  readonly log?: ((entry: RequestLog) => void) | undefined;
}
