/**
 * `GlanceClientWrapper`: calls operations on a pool of servers. `http/retry_loop.ts` retries.
 *
 * @module
 */
import type { RequestContext } from "../context.ts";
import { type ApiServer, apiServerAt } from "../api_server.ts";
import { Invalid } from "../errors.ts";
import { actionOf, imageIdOf, toRequest, toResult } from "./operation.ts";
import {
  type OperationArgs,
  type OperationName,
  operationNamed,
  type OperationResult,
} from "./operations.ts";
import { type GlanceOptions, type ResolvedOptions, resolveOptions } from "../options.ts";
import { checkRecord, inspect } from "../validate.ts";
import { listApiServers } from "../auth/api_servers.ts";
import { ServerPool } from "../http/server_pool.ts";
import { abortable, type Deadline } from "../http/deadline.ts";
import { TokenSession } from "../auth/token_session.ts";
import type { OpenResponse, RequestSpec, ResponseHandler } from "../http/attempt.ts";
import { exchange } from "../http/retry_loop.ts";
import { RetryBudget } from "../http/retry_policy.ts";
import type { WireRequest } from "../http/transport.ts";

export type { WireRequest } from "../http/transport.ts";

/** Options of a client, in addition to {@linkcode GlanceOptions}. */
export interface GlanceClientWrapperOptions extends GlanceOptions {
  /** The context of calls whose own context is null. */
  readonly context?: RequestContext;
  /** The only server to use, as `host[:port][/prefix]` (default: `apiServers`, else the catalog). */
  readonly netloc?: string;
  /**
   * Whether `netloc` is reached over https.
   * @default {false}
   */
  readonly useSsl?: boolean;
  /**
   * Major version of the Image API. Only 2 exists.
   * @default {2}
   */
  readonly version?: 2;
  /**
   * Whether to send no token and to ignore direct URLs, for a server that only an image href names.
   * @default {false}
   */
  readonly anonymous?: boolean;
}

/** Options of one call. */
export interface CallOptions {
  /** Aborts the call, including its waits, with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of one exchange. */
export interface ExchangeOptions extends CallOptions {
  /** Maximum number of retries (default: `numRetries`). */
  readonly retries?: number;
  /** Why the last failure is final, for messages (default: taken from the request and the retry budget). */
  readonly lastWords?: string;
  /** Endpoints of servers that were tried; others come first. The loop adds to the set. */
  readonly tried?: Set<string>;
  /** Endpoints of servers to avoid, unless no other is configured. */
  readonly excluded?: ReadonlySet<string>;
  /** Endpoint of the server to try first, if it is healthy. */
  readonly first?: string | undefined;
  /** Sets the deadline of each attempt (default: `requestTimeout` until the headers arrive). */
  readonly onAttempt?: (deadline: Deadline, server: ApiServer) => void;
}

/** A request that is not in the table of operations, and whether it is safe to retry. */
export interface ForwardedRequest extends WireRequest {
  /** What it does, for messages: `list images`. */
  readonly action: string;
  /** Id of the image that it is about, if any. */
  readonly imageId?: string | undefined;
  /** Whether it is safe to retry if its outcome is unknown. */
  readonly idempotent: boolean;
  /** The status of a retry if the first request succeeded and its response was lost. */
  readonly alreadyDoneStatus?: number | undefined;
}

/**
 * A client of the Image API that cycles through its servers and retries.
 *
 * A request is sent up to `1 + numRetries` times, each time to the next server. It is retried after 429,
 * 502, 503, and 504, after a failed connection, and if no headers arrive within `requestTimeout`. A server
 * that was not tried yet is tried at once. After all servers have failed, the client waits for
 * `Retry-After`, else for a back-off with full jitter. A request that is not idempotent is retried only if
 * the server did not start it. A 401 renews the token once.
 *
 * @example
 * ```ts
 * import { GlanceClientWrapper } from "@glance-edge/glance";
 * import { createEmbeddedGlance } from "@glance-edge/glance/embedded";
 * import { assert } from "@std/assert";
 *
 * const glance = createEmbeddedGlance();
 * const client = new GlanceClientWrapper({
 *   netloc: "glance.example:9292",
 *   fetch: (input, init) => glance.fetch(new Request(input, init)),
 * });
 * const { id } = await client.call({}, "create", { name: "cirros" });
 * assert((await client.call({}, "get", id)).name === "cirros");
 * ```
 */
export class GlanceClientWrapper {
  /** All options, with defaults. Frozen. */
  readonly options: ResolvedOptions;
  /** The server of a client with `netloc`; null if the client cycles through servers. */
  readonly server: ApiServer | null;
  /** Whether no token is sent and direct URLs are ignored, because only an image href names the server. */
  readonly anonymous: boolean;
  readonly #context: RequestContext;
  readonly #budget = new RetryBudget();
  readonly #pools = new Map<string, ServerPool>();
  readonly #poolOfCatalog = new WeakMap<object, ServerPool>();

  /**
   * Creates a client of the servers in its options, or of those in the catalog of each context.
   *
   * @throws {InvalidConfigurationValue} if an option has an unusable value.
   */
  constructor(options: GlanceClientWrapperOptions = {}) {
    this.options = resolveOptions(options);
    const { context = {}, netloc, useSsl = false, anonymous = false } = options;
    this.server = netloc === undefined ? null : apiServerAt(netloc, useSsl);
    this.#context = context;
    this.anonymous = anonymous;
  }

  /**
   * Calls an operation by its name.
   *
   * @throws {Invalid} if there is no such operation, or an argument cannot be sent.
   * @throws {GlanceConnectionFailed} if no server responds.
   * @throws {GlanceError} for an error status, for example `ImageNotFound`.
   */
  call<M extends OperationName>(
    context: RequestContext | null,
    method: M,
    ...args: OperationArgs<M>
  ): Promise<OperationResult<M>> {
    return this.run(context, method, args);
  }

  /** Does the same as {@linkcode GlanceClientWrapper.call}, with options. */
  async run<M extends OperationName>(
    context: RequestContext | null,
    method: M,
    args: OperationArgs<M>,
    options: ExchangeOptions = {},
  ): Promise<OperationResult<M>> {
    const operation = operationNamed(method);
    return await this.#request(context, method, args, options, async (answer) => {
      try {
        return await toResult(operation, args, answer);
      } finally {
        answer.deadline[Symbol.dispose]();
      }
    });
  }

  /**
   * Sends the request of an operation and returns the response unread. The caller must consume or cancel
   * the body, and dispose of the deadline, which follows the signal of the call.
   */
  exchange<M extends OperationName>(
    context: RequestContext | null,
    method: M,
    args: OperationArgs<M>,
    options: ExchangeOptions = {},
  ): Promise<OpenResponse> {
    return this.#request(context, method, args, options, (answer) => {
      // The deadline was for the headers. The reader of the body has its own.
      answer.deadline.disarm();
      return Promise.resolve(answer);
    });
  }

  /**
   * Sends a request that is not in the table of operations, and returns what `onResponse` makes of the
   * response. Only retryable failures are errors; any other status is passed on. `onResponse` must
   * consume or cancel the body, and dispose of the deadline.
   *
   * @throws {GlanceConnectionFailed} if no server responds.
   */
  async forward<Result>(
    context: RequestContext | null,
    request: ForwardedRequest,
    options: ExchangeOptions,
    onResponse: ResponseHandler<Result>,
  ): Promise<Result> {
    options.signal?.throwIfAborted();
    const { action, imageId, idempotent, alreadyDoneStatus, ...wire } = request;
    const policy = { action: () => action, imageId, hints: {}, idempotent, alreadyDoneStatus };
    const caller = context ?? this.#context;
    const spec = await this.#specFor(caller, { ...policy, request: wire, success: null }, options);
    return await exchange(spec, this.#callerOf(caller), onResponse);
  }

  async #request<M extends OperationName, Result>(
    context: RequestContext | null,
    method: M,
    args: OperationArgs<M>,
    options: ExchangeOptions,
    onResponse: ResponseHandler<Result>,
  ): Promise<Result> {
    checkRecord("the options of a call", options);
    options.signal?.throwIfAborted();
    const operation = operationNamed(method);
    if (!Array.isArray(args)) {
      throw new Invalid(
        `Cannot call "${method}": its arguments are ${inspect(args)} and must be a list`,
      );
    }
    const caller = context ?? this.#context;
    const spec = await this.#specFor(caller, {
      request: toRequest(operation, args),
      action: () => actionOf(operation, args),
      imageId: imageIdOf(operation, args),
      hints: operation.hints,
      idempotent: operation.idempotent,
      alreadyDoneStatus: operation.alreadyDoneStatus,
      success: operation.success,
    }, options);
    return await exchange(spec, this.#callerOf(caller), onResponse);
  }

  /** The servers of a context, in round-robin order. */
  async servers(context: RequestContext | null): Promise<readonly ApiServer[]> {
    return (await this.#poolFor(context ?? this.#context)).servers;
  }

  async #specFor(
    caller: RequestContext,
    request: Pick<
      RequestSpec,
      "request" | "action" | "imageId" | "hints" | "idempotent" | "alreadyDoneStatus" | "success"
    >,
    options: ExchangeOptions,
  ): Promise<RequestSpec> {
    checkRecord("the context of a call", caller);
    const pool = await abortable(this.#poolFor(caller), options.signal);
    return {
      ...request,
      options: this.options,
      pool: pool.without(options.excluded ?? new Set()),
      budget: this.#budget,
      anonymous: this.anonymous,
      retries: options.retries ?? this.options.numRetries,
      lastWords: options.lastWords,
      tried: options.tried ?? new Set(),
      first: options.first,
      signal: options.signal,
      onAttempt: options.onAttempt,
    };
  }

  /** The token session of a context. If no token is sent, none is renewed. */
  #callerOf(context: RequestContext): TokenSession {
    const sendsToken = !this.anonymous && this.options.authStrategy !== "noauth";
    const { renew: _, ...fixed } = context;
    return new TokenSession(sendsToken ? context : fixed, this.options);
  }

  /**
   * The pool of servers of a context. Contexts with the same servers share one pool, and with it the
   * health of the servers.
   */
  async #poolFor(context: RequestContext): Promise<ServerPool> {
    const key = this.server !== null || this.options.apiServers !== null
      ? this
      : context.serviceCatalog ?? context;
    const known = this.#poolOfCatalog.get(key);
    if (known !== undefined) return known;
    const servers = this.server === null
      ? await listApiServers(context, this.options)
      : [this.server];
    const name = servers.map((server) => server.endpoint).join(" ");
    const pool = this.#pools.get(name) ?? new ServerPool(servers, this.options);
    this.#pools.set(name, pool);
    this.#poolOfCatalog.set(key, pool);
    return pool;
  }
}
