/**
 * `GlanceClientWrapper`: servers x retries x credentials x transport; the loop is in `retry_loop.ts`.
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

/** What a client is made of; see {@linkcode GlanceOptions} for the rest. */
export interface GlanceClientWrapperOptions extends GlanceOptions {
  /** Who asks, for calls that name nobody. */
  readonly context?: RequestContext;
  /** The one server to use, as `host[:port][/prefix]`; without it, `apiServers` or the catalog. */
  readonly netloc?: string;
  /**
   * Whether `netloc` is reached by https.
   * @default {false}
   */
  readonly useSsl?: boolean;
  /**
   * Major version of the Image API. There is no other.
   * @default {2}
   */
  readonly version?: 2;
  /**
   * Sends no token, and reads no direct URL: for a server that only an image href has named.
   * @default {false}
   */
  readonly anonymous?: boolean;
}

/** What one call may be told beyond its arguments. */
export interface CallOptions {
  /** Ends the call, and any wait in it, with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** How an exchange differs from a plain call. */
export interface ExchangeOptions extends CallOptions {
  /** Requests that are made again after the first failed; by default, `numRetries`. */
  readonly retries?: number;
  /** Why the last failure is final, for messages; by default, what request and retry budget tell. */
  readonly lastWords?: string;
  /** Servers that were tried already: others come first. Grows as the loop goes. */
  readonly tried?: Set<string>;
  /** Servers that are not asked, unless no other is configured. */
  readonly excluded?: ReadonlySet<string>;
  /** Endpoint root of the server that is asked first, if it is well. */
  readonly first?: string | undefined;
  /** Takes over the clock of each attempt; by default, `requestTimeout` runs until the headers. */
  readonly onAttempt?: (deadline: Deadline, server: ApiServer) => void;
}

/** A request that the table does not make, and how it may be repeated. */
export interface ForwardedRequest extends WireRequest {
  /** What it attempts, for messages: `list images`. */
  readonly action: string;
  /** Id of the image that it is about, if it is about one. */
  readonly imageId?: string | undefined;
  /** Whether it may be made again when it is open whether it was carried out. */
  readonly idempotent: boolean;
  /** The status that answers a repeat after the first request was carried out unseen. */
  readonly alreadyDoneStatus?: number | undefined;
}

/**
 * A client of the Image API that cycles through its servers and tries again.
 *
 * A request is made up to `1 + numRetries` times, each on the next server: after 429, 502, 503 and 504,
 * a failed connection, or headers that did not come in `requestTimeout`. A server that was not tried
 * yet is tried at once; after a whole fruitless round the client waits as long as the server asks for
 * with `Retry-After`, else with full jitter. What is not idempotent is made again only where a server
 * said that it had not begun. A 401 renews the token once.
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
  /** The options, complete and frozen. */
  readonly options: ResolvedOptions;
  /** The one server of a client that was made with `netloc`; null where it cycles. */
  readonly server: ApiServer | null;
  /** Whether no token is sent, because only an image href names the server; its direct URLs are ignored, too. */
  readonly anonymous: boolean;
  readonly #context: RequestContext;
  readonly #budget = new RetryBudget();
  readonly #rings = new Map<string, ServerPool>();
  readonly #ringOfCatalog = new WeakMap<object, ServerPool>();

  /**
   * A client of the servers that its options name, or of those in the catalog of each context.
   *
   * @throws {InvalidConfigurationValue} where an option is unusable.
   */
  constructor(options: GlanceClientWrapperOptions = {}) {
    this.options = resolveOptions(options);
    const { context = {}, netloc, useSsl = false, anonymous = false } = options;
    this.server = netloc === undefined ? null : apiServerAt(netloc, useSsl);
    this.#context = context;
    this.anonymous = anonymous;
  }

  /**
   * Calls an operation of the table by its name.
   *
   * @throws {Invalid} where there is no such operation, or an argument cannot be sent.
   * @throws {GlanceConnectionFailed} where no server gave an answer.
   * @throws {GlanceError} the error of the answer's status, for example `ImageNotFound`.
   */
  call<M extends OperationName>(
    context: RequestContext | null,
    method: M,
    ...args: OperationArgs<M>
  ): Promise<OperationResult<M>> {
    return this.run(context, method, args);
  }

  /** {@linkcode GlanceClientWrapper.call} with options. */
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
   * Makes the request of an operation and gives the answer unread. Its body, and the deadline that
   * still follows the caller's signal, are for the caller to end.
   */
  exchange<M extends OperationName>(
    context: RequestContext | null,
    method: M,
    args: OperationArgs<M>,
    options: ExchangeOptions = {},
  ): Promise<OpenResponse> {
    return this.#request(context, method, args, options, (answer) => {
      // The clock ran for the headers; how long a body may be silent is its reader's affair.
      answer.deadline.disarm();
      return Promise.resolve(answer);
    });
  }

  /**
   * Makes a request that the table does not make, and gives what `take` makes of its answer, whatever
   * the status: only what asks for another try is tried again, and is an error in the end. `take` ends
   * the body and the deadline.
   *
   * @throws {GlanceConnectionFailed} where no server gave an answer.
   */
  async forward<Result>(
    context: RequestContext | null,
    request: ForwardedRequest,
    options: ExchangeOptions,
    onResponse: ResponseHandler<Result>,
  ): Promise<Result> {
    options.signal?.throwIfAborted();
    const { action, imageId, idempotent, alreadyDoneStatus, ...wire } = request;
    const row = { action: () => action, imageId, hints: {}, idempotent, alreadyDoneStatus };
    const caller = context ?? this.#context;
    const spec = await this.#specFor(caller, { ...row, request: wire, success: null }, options);
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

  /** The servers that a context may use, in the order in which they take turns. */
  async servers(context: RequestContext | null): Promise<readonly ApiServer[]> {
    return (await this.#ringFor(context ?? this.#context)).servers;
  }

  /** What is asked, together with who may answer it and how often it may be asked. */
  async #specFor(
    caller: RequestContext,
    asked: Pick<
      RequestSpec,
      "request" | "action" | "imageId" | "hints" | "idempotent" | "alreadyDoneStatus" | "success"
    >,
    options: ExchangeOptions,
  ): Promise<RequestSpec> {
    checkRecord("the context of a call", caller);
    const pool = await abortable(this.#ringFor(caller), options.signal);
    return {
      ...asked,
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

  /** Who asks; where no token is sent, none is renewed either. */
  #callerOf(context: RequestContext): TokenSession {
    const isToldWho = !this.anonymous && this.options.authStrategy !== "noauth";
    const { renew: _, ...silent } = context;
    return new TokenSession(isToldWho ? context : silent, this.options);
  }

  /**
   * The servers of a context. Contexts with the same servers share one ring, and with it what is known
   * of their health; a context with another catalog gets its own servers.
   */
  async #ringFor(context: RequestContext): Promise<ServerPool> {
    const key = this.server !== null || this.options.apiServers !== null
      ? this
      : context.serviceCatalog ?? context;
    const known = this.#ringOfCatalog.get(key);
    if (known !== undefined) return known;
    const servers = this.server === null
      ? await listApiServers(context, this.options)
      : [this.server];
    const name = servers.map((server) => server.endpoint).join(" ");
    const pool = this.#rings.get(name) ?? new ServerPool(servers, this.options);
    this.#rings.set(name, pool);
    this.#ringOfCatalog.set(key, pool);
    return pool;
  }
}
