/**
 * `Session`: a client with the context and the abort signal of its calls, bound once.
 *
 * @module
 */
import type { RequestContext } from "../context.ts";
import { checkRecord } from "../validate.ts";
import type { CallOptions, CallPolicy, GlanceClientWrapper } from "./client.ts";
import type { OpenResponse } from "../http/request_spec.ts";
import type { OperationArgs, OperationName, OperationResult } from "./operations.ts";

/** Options of one call of a session, which has its own signal. */
export type SessionCallOptions = Omit<CallPolicy, "signal">;

/** A client, and whose calls it sends. Immutable. */
export class Session {
  /** The client that sends the requests. */
  readonly client: GlanceClientWrapper;
  /** The caller. */
  readonly context: RequestContext;
  /** Aborts every call of the session. */
  readonly signal: AbortSignal | undefined;

  /** @throws {Invalid} if the options are not an object. */
  constructor(client: GlanceClientWrapper, context: RequestContext, options: CallOptions = {}) {
    checkRecord("the options of a call", options);
    this.client = client;
    this.context = context;
    this.signal = options.signal;
  }

  /** The session of another caller, with the same client and signal. */
  as(context: RequestContext): Session {
    return new Session(this.client, context, this);
  }

  /** The session without the signal, for what must be done even after an abort. */
  unabortable(): Session {
    return new Session(this.client, this.context);
  }

  /** Calls an operation: {@linkcode GlanceClientWrapper.call}. */
  call<M extends OperationName>(
    method: M,
    ...args: OperationArgs<M>
  ): Promise<OperationResult<M>> {
    return this.run(method, args);
  }

  /** Calls an operation with options: {@linkcode GlanceClientWrapper.run}. */
  run<M extends OperationName>(
    method: M,
    args: OperationArgs<M>,
    options: SessionCallOptions = {},
  ): Promise<OperationResult<M>> {
    return this.client.run(this.context, method, args, { ...options, signal: this.signal });
  }

  /** Returns the response of an operation unread: {@linkcode GlanceClientWrapper.exchange}. */
  exchange<M extends OperationName>(
    method: M,
    args: OperationArgs<M>,
    options: SessionCallOptions = {},
  ): Promise<OpenResponse> {
    return this.client.exchange(this.context, method, args, { ...options, signal: this.signal });
  }
}
