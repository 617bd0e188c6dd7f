/** Forwards requests: Glance's response is returned whatever its status is, unless the status is retryable. */
import type { ApiClient } from "../../api/api_client.ts";
import type { RequestContext } from "../../context.ts";
import type { CallPolicy, ResponseHandler, WireRequest } from "../../http/request_spec.ts";

/** A request, and whether it is safe to retry. */
export interface ForwardedRequest extends WireRequest {
  /** What it does, for messages: `list images`. */
  readonly action: string;
  /** Id of the image, if the request concerns one. */
  readonly imageId?: string | undefined;
  /** Whether it is safe to retry if its outcome is unknown. */
  readonly idempotent: boolean;
  /** The status of a retry if the first request succeeded and its response was lost. */
  readonly alreadyDoneStatus?: number | undefined;
}

/**
 * Sends a request, and returns the result of `onResponse`, which gets a response of any status that is not
 * retryable. `onResponse` must consume or cancel the body, and dispose of the deadline.
 *
 * @throws {GlanceConnectionFailed} if no attempt gets such a response.
 */
export async function forward<Result>(
  client: ApiClient,
  context: RequestContext,
  forwarded: ForwardedRequest,
  policy: CallPolicy,
  onResponse: ResponseHandler<Result>,
): Promise<Result> {
  const { action, imageId, idempotent, alreadyDoneStatus, ...request } = forwarded;
  const meaning = { imageId, idempotent, alreadyDoneStatus, success: null };
  return await client.send(
    context,
    { request, action: () => action, ...meaning },
    policy,
    onResponse,
  );
}
