/**
 * Sends a request to Keystone, retries it while Keystone is not available, and creates errors from error responses.
 * `keystone.ts` builds the requests and interprets the responses.
 */
import { type ApiServer, parseApiServer } from "../api_server.ts";
import { GlanceError, InvalidConfigurationValue, ServerUnreachable } from "../errors.ts";
import { Deadline } from "../http/deadline.ts";
import { readStart, readText } from "../http/json.ts";
import { backoff, isRetryableStatus, parseRetryAfter } from "../http/retry/retry_policy.ts";
import { send } from "../http/transport.ts";
import type { ResolvedOptions } from "../options.ts";
import type { KeystoneOutage } from "./on_demand/keystone_outage.ts";
import {
  keystoneError,
  type KeystoneRequest,
  parseObject,
  unreachable,
  untrusted,
  unusable,
} from "./keystone_errors.ts";
import { explain, explainTls } from "../http/explain.ts";
import { redact } from "../redact.ts";
import { AUTH_URL } from "../message_parts.ts";

/** A successful response. */
export interface KeystoneResponse {
  readonly headers: Headers;
  readonly document: Readonly<Record<string, unknown>>;
}

/** A failure that may be retried. */
interface RetryableFailure {
  /** Keystone's root. */
  readonly server: string;
  readonly error: GlanceError;
  /** Milliseconds of Keystone's `Retry-After`. */
  readonly retryAfter: number | null;
}

/**
 * Keystone's root, from a configured URL with or without `/v3`.
 *
 * @throws {InvalidConfigurationValue} if the text is not a URL, or contains a user or password.
 */
export function identityServer(authUrl: string): ApiServer {
  const text = typeof authUrl === "string" ? authUrl.trim() : "";
  try {
    return parseApiServer(text);
  } catch {
    throw new InvalidConfigurationValue(
      `Cannot use the auth URL "${
        redact(text)
      }": it is not an http or https URL without user information; set authUrl (OS_AUTH_URL), or auth.auth_url in clouds.yaml, to Keystone's, such as "https://keystone:5000/v3"`,
      { messageParts: [AUTH_URL] },
    );
  }
}

/**
 * Sends a request until Keystone responds, at most `1 + numRetries` times, and during an outage for
 * `outageTimeout`. Each request may be sent twice: it is safe, or revokes a token.
 *
 * @throws {AuthenticationFailed} if Keystone refuses the credentials.
 * @throws {InvalidConfigurationValue} if the server is not a Keystone v3.
 * @throws {GlanceConnectionFailed} if there is no usable response, or the certificate is not trusted.
 */
export async function requestKeystone(
  options: ResolvedOptions,
  request: KeystoneRequest,
): Promise<KeystoneResponse> {
  const failures: GlanceError[] = [];
  const since = options.now();
  let outage: KeystoneOutage | null = null;
  for (;;) {
    const outcome = await attempt(options, request);
    if ("document" in outcome) return outcome;
    failures.push(outcome.error);
    let delay = outcome.retryAfter ?? backoff(failures.length - 1, options.random);
    if (failures.length > options.numRetries) {
      outage ??= await outageOf(options, since, request);
      const wait = outage?.next(outcome);
      if (typeof wait !== "number") {
        throw unreachable(request, failures, wait === null ? options.outageTimeout : undefined);
      }
      delay = wait;
    }
    options.onEvent({
      kind: "retry",
      server: request.server.endpoint,
      attempt: failures.length,
      delay: Math.round(delay),
      isFailover: false,
      cause: outcome.error,
    });
    await options.sleep(delay);
  }
}

/** Loads the code for outages; null if `outageTimeout` is 0, or the code cannot be loaded. */
async function outageOf(
  options: ResolvedOptions,
  since: number,
  { action }: KeystoneRequest,
): Promise<KeystoneOutage | null> {
  if (options.outageTimeout === 0) return null;
  const loaded = await import("./on_demand/keystone_outage.ts").catch(() => null);
  return loaded && new loaded.KeystoneOutage(options, since, action);
}

async function attempt(
  options: ResolvedOptions,
  request: KeystoneRequest,
): Promise<KeystoneResponse | RetryableFailure> {
  const server = request.server.endpoint;
  try {
    const { response, text } = await exchange(options, request);
    if (response.ok) {
      // A token that was revoked has no document.
      const document = response.status === 204 ? {} : documentOf(request, text);
      return { headers: response.headers, document };
    }
    const { status } = response;
    const explained = await explain(text, { status }, request.secrets);
    const error = keystoneError(request, response, text, explained);
    if (!isRetryableStatus(status)) throw error;
    const retryAfter = parseRetryAfter(response.headers.get("retry-after"), options.wallClock());
    return { server, error, retryAfter };
  } catch (error) {
    if (!(error instanceof ServerUnreachable)) throw error;
    const { hint } = await explainTls(error.message);
    if (hint !== undefined) throw untrusted(request, error, hint);
    return { server, error, retryAfter: null };
  }
}

/** Sends a request and reads the whole response, within `requestTimeout`. */
async function exchange(
  options: ResolvedOptions,
  request: KeystoneRequest,
): Promise<{ response: Response; text: string }> {
  const { server, action } = request;
  const { requestTimeout } = options;
  const deadline = new Deadline(options);
  deadline.arm(requestTimeout, () =>
    new ServerUnreachable(
      `Cannot ${action}: Keystone at "${server.endpoint}" did not respond within ${requestTimeout} ms`,
      { server: server.endpoint },
    ));
  try {
    const response = await send(options, server, request.request, deadline.signal);
    const read = response.ok ? readText : readStart;
    return { response, text: await read(response, deadline) };
  } catch (cause) {
    if (deadline.signal.aborted) throw deadline.signal.reason;
    if (cause instanceof GlanceError) throw cause;
    throw new ServerUnreachable(
      `Cannot ${action}: the connection to Keystone at "${server.endpoint}" closed before the response was complete`,
      { cause, server: server.endpoint },
    );
  } finally {
    deadline[Symbol.dispose]();
  }
}

function documentOf(request: KeystoneRequest, text: string): KeystoneResponse["document"] {
  const document = parseObject(text);
  if (document === null) throw unusable(request, "something other than a JSON object");
  return document;
}
