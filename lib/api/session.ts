/** `Session`: a client with the context and the abort signal of its calls, bound once. */
import type { RequestContext } from "../context.ts";
import { checkObject } from "../validate.ts";
import type { CallPolicy, OpenResponse } from "../http/request_spec.ts";
import { newTrace } from "../http/new_trace.ts";
import type { ApiClient } from "./api_client.ts";
import type { Operation } from "./operation.ts";

/** Options of one call of a session, which has its own signal. */
export type SessionCallOptions = Omit<CallPolicy, "signal" | "trace">;

/** A client that is bound to the context of a caller. Immutable. */
export class Session {
  /** The client that sends the requests. */
  readonly client: ApiClient;
  /** The caller. */
  readonly context: RequestContext;
  /** Aborts every call of the session. */
  readonly signal: AbortSignal | undefined;
  /** The trace of all calls, if the context has none. */
  readonly trace: CallPolicy["trace"];

  /** @throws {Invalid} if the options are not an object. */
  constructor(
    client: ApiClient,
    context: RequestContext,
    options: Pick<CallPolicy, "signal" | "trace"> = {},
  ) {
    checkObject("the options of a call", options);
    this.client = client;
    this.context = context;
    this.signal = options.signal;
    this.trace = options.trace ?? newTrace(client.options);
  }

  /** Calls an operation: {@linkcode ApiClient.request}. */
  call<Args extends readonly unknown[], Result>(
    operation: Operation<Args, Result>,
    ...args: Args
  ): Promise<Result> {
    return this.request(operation, args);
  }

  /** Calls an operation with options: {@linkcode ApiClient.request}. */
  request<Args extends readonly unknown[], Result>(
    operation: Operation<Args, Result>,
    args: Args,
    options: SessionCallOptions = {},
  ): Promise<Result> {
    return this.client.request(this.context, operation, args, {
      ...options,
      signal: this.signal,
      trace: this.trace,
    });
  }

  /** Returns the response of an operation unread: {@linkcode ApiClient.open}. */
  open<Args extends readonly unknown[], Result>(
    operation: Operation<Args, Result>,
    args: Args,
    options: SessionCallOptions = {},
  ): Promise<OpenResponse> {
    return this.client.open(this.context, operation, args, {
      ...options,
      signal: this.signal,
      trace: this.trace,
    });
  }
}
