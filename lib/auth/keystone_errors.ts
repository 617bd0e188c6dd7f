/**
 * A question to Keystone, and what its failures are called: the errors that name the credential, the
 * server and the way out, and no secret. Pure.
 *
 * @module
 */
import type { ApiServer } from "../api_server.ts";
import {
  AuthenticationFailed,
  errorFromAnswer,
  GlanceConnectionFailed,
  type GlanceError,
  InvalidConfigurationValue,
  type ServerUnreachable,
  UnexpectedResponse,
} from "../errors.ts";
import { explanationIn, requestIdOf } from "../http/response_errors.ts";
import { parseJson } from "../http/json.ts";
import type { WireRequest } from "../http/transport.ts";
import { isRecord } from "../validate.ts";

/** What Keystone is asked, and how to speak of it. */
export interface KeystoneRequest {
  /** Keystone's root, without `/v3`. */
  readonly server: ApiServer;
  readonly request: WireRequest;
  /** For messages: `authenticate as user "alice"`. */
  readonly action: string;
  /** What the caller can do when Keystone refuses. */
  readonly hint: string;
  /** What no message may show, even if Keystone repeats it. */
  readonly secrets: readonly string[];
}

/** What Keystone says with every 401: it tells nothing that the status does not. */
const BARE_REFUSAL = "The request you have made requires authentication";

/** The error for an answer that is not the wanted one. */
export function refusal(question: KeystoneRequest, response: Response, text: string): GlanceError {
  const { status } = response;
  const facts = { server: question.server.endpoint, status, requestId: requestIdOf(response) };
  const explanation = explanationIn(text, question.secrets);
  if (isRefusal(status, text)) {
    return new AuthenticationFailed(
      `Cannot ${question.action}: Keystone at "${urlOf(question)}" refused with ${status}${
        explanation === "" || explanation === BARE_REFUSAL ? "" : `, "${explanation}"`
      }; ${hintOf(question, response)}`,
      facts,
    );
  }
  if (status === 404 || status === 300 || status === 405) {
    return new InvalidConfigurationValue(
      `Cannot ${question.action}: no Keystone v3 answers at "${
        urlOf(question)
      }" (status ${status}); set authUrl (OS_AUTH_URL) to Keystone's own URL, such as "https://keystone:5000/v3"`,
      facts,
    );
  }
  return errorFromAnswer({ ...facts, action: question.action, explanation });
}

/** A 404 of Keystone itself is about the credential: unknown, or a token that was revoked. */
function isRefusal(status: number, text: string): boolean {
  if (status === 401 || status === 403) return true;
  return status === 404 && typeof parseObject(text)?.["error"] === "object";
}

/** Keystone hands out a receipt where one factor of several was right (Identity API 3.11). */
function hintOf(question: KeystoneRequest, response: Response): string {
  if (!response.headers.has("openstack-auth-receipt")) return question.hint;
  return "it wants another factor than the password; use an application credential";
}

/** The error for a TLS failure: asking again would not help. */
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

/** The error where every attempt failed. */
export function unreachable(
  question: KeystoneRequest,
  failures: readonly GlanceError[],
): GlanceError {
  const [attempts, s] = [failures.length, failures.length === 1 ? "" : "s"];
  const last = failures.at(-1);
  return new GlanceConnectionFailed(
    `Cannot ${question.action}: Keystone at "${
      urlOf(question)
    }" gave no usable answer in ${attempts} attempt${s}; the last one: ${last?.message}; check authUrl (OS_AUTH_URL) and the way there`,
    {
      cause: new AggregateError(failures, "every attempt failed"),
      server: question.server.endpoint,
      status: last?.status,
      requestId: last?.requestId,
      attempts,
    },
  );
}

/** The error for an answer that means nothing. */
export function unusable(question: KeystoneRequest, state: string): UnexpectedResponse {
  return new UnexpectedResponse(
    `Cannot ${question.action}: "${
      urlOf(question)
    }" answered with ${state}; check that authUrl (OS_AUTH_URL) is Keystone's`,
    { server: question.server.endpoint },
  );
}

function urlOf({ server }: KeystoneRequest): string {
  return `${server.endpoint}/v3`;
}

/** A JSON object; null where the text is none. */
export function parseObject(text: string): Record<string, unknown> | null {
  const document = parseJson(text);
  return isRecord(document) ? document : null;
}
