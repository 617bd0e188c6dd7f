/** The public form of `status_error.ts`, for programs that send requests themselves. */
import type { GlanceError } from "../errors.ts";
import { generalHint } from "./on_demand/cause_hints.ts";
import { type ErrorResponse, statusError } from "./status_error.ts";

/**
 * The error for a response with an error status: an image error if the request was about one image, else a
 * general one, as in Cinder. Without a `hint`, it has the general one for the status, if there is one.
 *
 * @example
 * ```ts
 * import { ImageNotFound } from "@glance-edge/glance";
 * import { errorFromStatus } from "@glance-edge/glance/api";
 * import { assert } from "@std/assert";
 *
 * const request = { action: 'show image "42"', imageId: "42" };
 * const error = errorFromStatus({ ...request, status: 404, explanation: "No image found" });
 * assert(error instanceof ImageNotFound && error.message.includes("No image found"));
 * ```
 */
export function errorFromStatus(response: ErrorResponse): GlanceError {
  return statusError({ ...response, hint: response.hint ?? generalHint(response.status) });
}
