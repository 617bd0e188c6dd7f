/** The session of a job. */
import { Session } from "../api/session.ts";
import type { RequestContext } from "../context.ts";
import { Invalid } from "../errors.ts";
import type { CallOptions } from "../http/request_spec.ts";
import type { GlanceImageService } from "../images/service.ts";
import { inspect } from "../validate.ts";

/**
 * Binds the client of a service to the context of a job.
 *
 * @throws {Invalid} if `service` is not a service, for example because the arguments are in the wrong order.
 */
export function sessionOf(
  service: GlanceImageService,
  context: RequestContext,
  options: Pick<CallOptions, "signal"> = {},
): Session {
  const client = service?.client;
  if (typeof client?.request === "function") return new Session(client, context, options);
  throw new Invalid(
    `Cannot use ${inspect(service)} as the image service: pass it before the context`,
  );
}
