/**
 * Creates errors from error responses, with the server's explanation, which is read up to a limit.
 */
import { type GlanceError, UnexpectedResponse } from "../errors.ts";
import { readStart } from "./json.ts";
import { explain } from "./explain.ts";
import { statusError } from "./status_error.ts";

/** The request of an error response, for its message. */
export interface FailedRequest {
  readonly action: string;
  readonly server: string;
  readonly imageId?: string | undefined;
  /** Name of the metadata namespace, if the request concerns one. */
  readonly namespace?: string | undefined;
  readonly attempts: number;
  /** The hint for an error status that is more specific than the general one. */
  readonly hint?: ((status: number) => Promise<string | undefined>) | undefined;
}

/**
 * The error for a response with an error status; its body is consumed. `secrets` are removed from the
 * explanation, in case the server repeats one.
 */
export async function errorFromResponse(
  response: Response,
  request: FailedRequest,
  secrets: readonly string[] = [],
  signal?: AbortSignal,
): Promise<GlanceError> {
  const text = await readStart(response, { signal }).catch(() => "");
  const { status } = response;
  const requestId = requestIdOf(response);
  const refused = { ...request, status, requestId, hint: await request.hint?.(status) };
  return statusError({ ...refused, ...await explain(text, refused, secrets) });
}

/**
 * The error for a response with a status below 400 that the operation does not define. Glance responds with
 * 300 and its list of versions to any request for an unknown path.
 */
export function unexpectedStatus(
  response: Pick<Response, "status" | "headers">,
  request: FailedRequest,
  expected: readonly number[],
): GlanceError {
  const { server } = request;
  const { status } = response;
  return status === 300
    ? unexpected(
      response,
      request,
      `"${server}" returned a list of versions (300) instead of a response`,
      "check the path of the endpoint",
    )
    : unexpected(
      response,
      request,
      `"${server}" returned the status ${status} instead of ${expected.join(" or ") || "an error"}`,
    );
}

/** The error for a successful response with an unusable body; `state` describes the body. */
export function unusableResponse(
  response: Response,
  request: FailedRequest,
  state: string,
): GlanceError {
  return unexpected(response, request, `the response of "${request.server}" ${state}`);
}

function unexpected(
  response: Pick<Response, "status" | "headers">,
  request: FailedRequest,
  problem: string,
  hint = "check that the endpoint is an Image API",
): GlanceError {
  const requestId = requestIdOf(response);
  const facts = { ...request, status: response.status, requestId };
  return new UnexpectedResponse(`Cannot ${request.action}: ${problem}; ${hint}`, facts);
}

/** The id of the request in the cloud's logs. */
export function requestIdOf(response: Pick<Response, "headers">): string | undefined {
  return response.headers.get("x-openstack-request-id") ?? undefined;
}
