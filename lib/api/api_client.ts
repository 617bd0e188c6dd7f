/**
 * `ApiClient`: sends the requests of operations to a pool of servers. `http/retry/retry_loop.ts` retries.
 */
import type { RequestContext } from "../context.ts";
import { type ApiServer, apiServerAt } from "../api_server.ts";
import { type CatalogSource, ServerPools } from "../auth/api_servers.ts";
import { TokenSessions } from "../auth/token_session.ts";
import { abortable } from "../http/deadline.ts";
import type {
  CallPolicy,
  OpenResponse,
  RequestSpec,
  ResponseHandler,
} from "../http/request_spec.ts";
import { newTrace } from "../http/new_trace.ts";
import { request } from "../http/retry/retry_loop.ts";
import { retryBudget } from "../http/retry/token_bucket.ts";
import type { TokenSource } from "../http/token_source.ts";
import { type GlanceOptions, type ResolvedOptions, resolveOptions } from "../options.ts";
import { checkObject } from "../validate.ts";
import { type Operation, specOf, toResult } from "./operation.ts";

/** Options of a client, in addition to {@linkcode GlanceOptions}. */
export interface GlanceClientWrapperOptions extends GlanceOptions {
  /** The context of calls whose own context is null. */
  readonly context?: RequestContext | undefined;
  /** The only server to use, as `host[:port][/prefix]` (default: `apiServers`, else the catalog). */
  readonly netloc?: string | undefined;
  /**
   * Whether `netloc` is reached over https.
   * Default: `false`.
   */
  readonly useSsl?: boolean | undefined;
  /**
   * Major version of the Image API. Only 2 exists.
   * Default: `2`.
   */
  readonly version?: 2 | undefined;
  /**
   * Whether to send no token and to ignore direct URLs, for a server that only an image href names.
   * Default: `false`.
   */
  readonly anonymous?: boolean | undefined;
}

/**
 * A client of the Image API that uses its servers round-robin and retries. It does not hold the table of operations, so
 * a bundler leaves out those that a program does not use.
 *
 * A request is sent up to `1 + numRetries` times, each time to the next server. It is retried after 429,
 * 502, 503, and 504, after a failed connection, and if no headers arrive within `requestTimeout`. A server that was not
 * tried yet is tried without a wait. After all servers have failed, the client waits for `Retry-After`, else for a
 * back-off with full jitter. A request that is not idempotent is retried only if the server did not start it. A 401
 * renews the token once.
 *
 * @example
 * ```ts
 * import { ApiClient } from "@glance-edge/glance";
 * import { assert } from "@std/assert";
 *
 * const client = new ApiClient({ apiServers: ["a.example:9292", "b.example:9292"] });
 * const servers = await client.servers({});
 * assert(servers.length === 2 && client.options.numRetries === 3);
 * ```
 */
export class ApiClient {
  /** All options, with defaults. Frozen. */
  readonly options: ResolvedOptions;
  /** The server of a client with `netloc`; null if the client uses several servers. */
  readonly server: ApiServer | null;
  /** Whether no token is sent and direct URLs are ignored, because only an image href names the server. */
  readonly anonymous: boolean;
  readonly #context: RequestContext;
  readonly #budget = retryBudget();
  readonly #pools: ServerPools;
  readonly #tokens: TokenSessions;
  readonly #shared = new Map<unknown, unknown>();

  /**
   * Creates a client of the servers in its options, or of those in the catalog of each context. Unlike
   * {@linkcode GlanceClientWrapper}, it does not fetch a catalog from Keystone.
   *
   * @param fetchCatalog Fetches the catalog of a context that has none; null to refuse such a context.
   * @throws {InvalidConfigurationValue} if an option has an unusable value.
   */
  constructor(
    options: GlanceClientWrapperOptions = {},
    fetchCatalog: CatalogSource | null = null,
  ) {
    this.options = resolveOptions(options);
    const { context = {}, netloc, useSsl = false, anonymous = false } = options;
    this.server = netloc === undefined ? null : apiServerAt(netloc, useSsl);
    this.#context = context;
    this.anonymous = anonymous;
    this.#pools = new ServerPools(this.options, this.server, fetchCatalog);
    this.#tokens = new TokenSessions(this.options);
  }

  /** The one instance of a class that callers of this client share, such as a cache about its servers. */
  shared<Instance>(type: new (options: ResolvedOptions) => Instance): Instance {
    const known = this.#shared.get(type);
    if (known instanceof type) return known;
    const instance = new type(this.options);
    this.#shared.set(type, instance);
    return instance;
  }

  /**
   * Sends the request of an operation, and returns its result.
   *
   * @throws {Invalid} if an argument cannot be sent.
   * @throws {GlanceConnectionFailed} if no server responds.
   * @throws {GlanceError} for an error status, for example `ImageNotFound`.
   */
  async request<Args extends readonly unknown[], Result>(
    context: RequestContext | null,
    operation: Operation<Args, Result>,
    args: Args,
    policy: CallPolicy = {},
  ): Promise<Result> {
    const spec = { ...specOf(operation, args), isReadWhole: true };
    return await this.send(context, spec, policy, async (opened) => {
      try {
        return await toResult(operation, args, opened);
      } finally {
        opened.deadline[Symbol.dispose]();
      }
    });
  }

  /**
   * Sends the request of an operation and returns the response unread. The caller must consume or cancel
   * the body, and dispose of the deadline, which follows the signal of the call.
   */
  async open<Args extends readonly unknown[], Result>(
    context: RequestContext | null,
    operation: Operation<Args, Result>,
    args: Args,
    policy: CallPolicy = {},
  ): Promise<OpenResponse> {
    return await this.send(context, specOf(operation, args), policy, (opened) => {
      // The deadline was for the headers. The reader of the body has its own.
      opened.deadline.disarm();
      return Promise.resolve(opened);
    });
  }

  /** The servers of a context, in round-robin order. */
  async servers(context: RequestContext | null): Promise<readonly ApiServer[]> {
    return (await this.#pools.of(context ?? this.#context)).servers;
  }

  /** Makes a server cool down, as after a failed request, because it has sent wrong data. */
  async coolDown(context: RequestContext, endpoint: string, cause: unknown): Promise<void> {
    const { servers, health } = await this.#pools.of(context);
    const server = servers.find((each) => each.endpoint === endpoint);
    if (server !== undefined) health.failed(server, cause);
  }

  /** The tokens of a context; none can be renewed if the client sends none. */
  tokens(context: RequestContext): TokenSource {
    const sendsToken = !this.anonymous && this.options.authStrategy !== "noauth";
    return this.#tokens.of(sendsToken ? context : { ...context, renew: undefined });
  }

  /**
   * Sends a request that need not be in the table of operations, and returns the result of `onResponse`, which must
   * consume or cancel the body, and dispose of the deadline.
   *
   * @throws {GlanceConnectionFailed} if no server responds.
   */
  async send<Result>(
    context: RequestContext | null,
    spec: RequestSpec,
    policy: CallPolicy,
    onResponse: ResponseHandler<Result>,
  ): Promise<Result> {
    checkObject("the options of a call", policy);
    policy.signal?.throwIfAborted();
    const caller = context ?? this.#context;
    checkObject("the context of a call", caller);
    const pool = await abortable(this.#pools.of(caller), policy.signal);
    return await request(
      {
        options: this.options,
        pool: policy.excluded === undefined ? pool : pool.without(policy.excluded),
        budget: this.#budget,
        tokens: this.tokens(caller),
        anonymous: this.anonymous,
      },
      spec,
      { trace: newTrace(this.options), ...policy },
      onResponse,
    );
  }
}
