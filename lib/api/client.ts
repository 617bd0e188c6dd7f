/** `GlanceClientWrapper`: a client that calls operations by their names. */
import type { RequestContext } from "../context.ts";
import { fetchCatalog } from "../auth/keystone.ts";
import { Invalid } from "../errors.ts";
import type { CallPolicy, OpenResponse } from "../http/request_spec.ts";
import { inspect } from "../validate.ts";
import { ApiClient, type GlanceClientWrapperOptions } from "./api_client.ts";
import {
  type OperationArgs,
  type OperationName,
  operationNamed,
  type OperationResult,
} from "./operations.ts";

/**
 * A client of the Image API that uses its servers round-robin and retries. It calls operations by their names.
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
export class GlanceClientWrapper extends ApiClient {
  /**
   * Creates a client of the servers in its options, or of those in the catalog of each context. The catalog of
   * a context without one is fetched from Keystone at `authUrl`.
   *
   * @throws {InvalidConfigurationValue} if an option has an unusable value.
   */
  constructor(options: GlanceClientWrapperOptions = {}) {
    super(options, fetchCatalog);
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
    policy: CallPolicy = {},
  ): Promise<OperationResult<M>> {
    const operation = operationNamed(method);
    checkArguments(method, args);
    return await this.request(context, operation, args, policy);
  }

  /**
   * Sends the request of an operation and returns the response unread. The caller must consume or cancel
   * the body, and dispose of the deadline, which follows the signal of the call.
   */
  async exchange<M extends OperationName>(
    context: RequestContext | null,
    method: M,
    args: OperationArgs<M>,
    policy: CallPolicy = {},
  ): Promise<OpenResponse> {
    const operation = operationNamed(method);
    checkArguments(method, args);
    return await this.open(context, operation, args, policy);
  }
}

function checkArguments(method: OperationName, args: unknown): void {
  if (Array.isArray(args)) return;
  throw new Invalid(
    `Cannot call "${method}": its arguments are ${inspect(args)} and must be a list`,
  );
}
