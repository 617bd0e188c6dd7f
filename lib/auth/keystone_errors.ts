/**
 * A request to Keystone, and the errors of its failures. They name the credentials and the server, and never
 * show a secret. Pure.
 */
import type { ApiServer } from "../api_server.ts";
import {
  AuthenticationFailed,
  GlanceConnectionFailed,
  type GlanceError,
  InvalidConfigurationValue,
  type ServerUnreachable,
  UnexpectedResponse,
} from "../errors.ts";
import { requestIdOf } from "../http/response_errors.ts";
import { parseJson } from "../http/json.ts";
import type { WireRequest } from "../http/request_spec.ts";
import { isObject } from "../validate.ts";
import type { Explained } from "../http/explain.ts";
import { statusError } from "../http/status_error.ts";
import { AUTH_URL, optionPart } from "../message_parts.ts";

/** A request to Keystone, with its description for messages. */
export interface KeystoneRequest {
  /** Keystone's root, without `/v3`. */
  readonly server: ApiServer;
  readonly request: WireRequest;
  /** The action, for messages: `authenticate as user "alice"`. */
  readonly action: string;
  /** The hint if Keystone refuses the credentials. */
  readonly hint: string;
  /** Texts that no message may show, even if Keystone repeats them. */
  readonly secrets: readonly string[];
}

/** Keystone's text for every 401, which adds nothing to the status. */
const GENERIC_REJECTION = "The request you have made requires authentication";

/** The error of a response with an error status, whose body is `text`. */
export function keystoneError(
  request: KeystoneRequest,
  response: Response,
  text: string,
  { explanation, hint }: Explained,
): GlanceError {
  const { status } = response;
  const facts = { server: request.server.endpoint, status, requestId: requestIdOf(response) };
  if (isRejection(status, text)) {
    return new AuthenticationFailed(
      `Cannot ${request.action}: Keystone at "${urlOf(request)}" refused with ${status}${
        explanation === "" || explanation === GENERIC_REJECTION ? "" : `, "${explanation}"`
      }; ${hintOf(request, response)}`,
      facts,
    );
  }
  if (status === 404 || status === 300 || status === 405) {
    return new InvalidConfigurationValue(
      `Cannot ${request.action}: "${
        urlOf(request)
      }" is not a Keystone v3 endpoint (status ${status}); set authUrl (OS_AUTH_URL) to Keystone's own URL, such as "https://keystone:5000/v3"`,
      { ...facts, messageParts: [AUTH_URL] },
    );
  }
  return statusError({ ...facts, action: request.action, explanation, hint });
}

/** A 404 with Keystone's error document means that the credential is unknown or the token was revoked. */
function isRejection(status: number, text: string): boolean {
  if (status === 401 || status === 403) return true;
  return status === 404 && typeof parseObject(text)?.["error"] === "object";
}

/** Keystone sends a receipt if one of several required factors was correct (Identity API 3.11). */
function hintOf(request: KeystoneRequest, response: Response): string {
  if (!response.headers.has("openstack-auth-receipt")) return request.hint;
  return "it requires another factor besides the password; use an application credential";
}

/** The error for a TLS failure, which a retry does not fix. */
export function untrusted(
  { action, server }: KeystoneRequest,
  cause: ServerUnreachable,
  hint: string,
): GlanceConnectionFailed {
  return new GlanceConnectionFailed(
    `Cannot ${action}: the TLS handshake with "${server.endpoint}" failed; ${hint}`,
    { cause, server: server.endpoint, attempts: 1 },
  );
}

/** The error if every attempt failed; `limit` is the outage timeout if it has passed. */
export function unreachable(
  request: KeystoneRequest,
  failures: readonly GlanceError[],
  limit?: number,
): GlanceError {
  const [attempts, s] = [failures.length, failures.length === 1 ? "" : "s"];
  const last = failures.at(-1);
  const timeout = optionPart("outageTimeout");
  const end = limit === undefined
    ? ""
    : ` within ${limit} ms; raise ${timeout.text} to wait longer`;
  return new GlanceConnectionFailed(
    `Cannot ${request.action}: Keystone at "${
      urlOf(request)
    }" gave no usable response in ${attempts} attempt${s}${end}; last error: ${last?.message}; check authUrl (OS_AUTH_URL) and the network`,
    {
      messageParts: limit === undefined ? [AUTH_URL] : [AUTH_URL, timeout],
      cause: new AggregateError(failures, "every attempt failed"),
      server: request.server.endpoint,
      status: last?.status,
      requestId: last?.requestId,
      attempts,
    },
  );
}

/** The error for a successful response with an unusable body. */
export function unusable(request: KeystoneRequest, state: string): UnexpectedResponse {
  return new UnexpectedResponse(
    `Cannot ${request.action}: "${
      urlOf(request)
    }" returned ${state}; check that authUrl (OS_AUTH_URL) is Keystone's`,
    { messageParts: [AUTH_URL], server: request.server.endpoint },
  );
}

function urlOf({ server }: KeystoneRequest): string {
  return `${server.endpoint}/v3`;
}

/** Parses a JSON object; null if the text is not one. */
export function parseObject(text: string): Record<string, unknown> | null {
  const document = parseJson(text);
  return isObject(document) ? document : null;
}
