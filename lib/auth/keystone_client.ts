/**
 * One question to Keystone: asked again while Keystone is away, and turned into a typed error where
 * the answer is no. What is asked and what the answer means, `keystone.ts` knows.
 *
 * @module
 */
import { type ApiServer, parseApiServer } from "../api_server.ts";
import { GlanceError, InvalidConfigurationValue, redact, ServerUnreachable } from "../errors.ts";
import { Deadline } from "../http/deadline.ts";
import { readStart, readText } from "../http/json.ts";
import { backoff, isRetryableStatus, parseRetryAfter } from "../http/retry_policy.ts";
import { send } from "../http/transport.ts";
import type { ResolvedOptions } from "../options.ts";
import {
  type KeystoneRequest,
  parseObject,
  refusal,
  unreachable,
  untrusted,
  unusable,
} from "./keystone_errors.ts";
import { trustHint } from "../http/tls_hints.ts";

/** A good answer. */
export interface KeystoneResponse {
  readonly headers: Headers;
  readonly document: Readonly<Record<string, unknown>>;
}

/** A failure after which Keystone may be asked again. */
interface RetryableFailure {
  readonly error: GlanceError;
  /** Milliseconds that Keystone asked for. */
  readonly retryAfter: number | null;
}

/**
 * Keystone's root from its URL as configurations have it, with or without `/v3`.
 *
 * @throws {InvalidConfigurationValue} where it is no URL, or holds a user or password.
 */
export function identityServer(authUrl: string): ApiServer {
  const text = typeof authUrl === "string" ? authUrl.trim() : "";
  try {
    return parseApiServer(text);
  } catch {
    throw new InvalidConfigurationValue(
      `Cannot use the auth URL "${
        redact(text)
      }": it is no http or https URL without user information; set authUrl (OS_AUTH_URL, or auth.auth_url in clouds.yaml) to Keystone's, such as "https://keystone:5000/v3"`,
    );
  }
}

/**
 * Asks until Keystone answers, at most `1 + numRetries` times.
 *
 * @throws {AuthenticationFailed} where Keystone refuses.
 * @throws {InvalidConfigurationValue} where no Keystone v3 is there.
 * @throws {GlanceConnectionFailed} where no answer came, or the server's certificate is not trusted.
 */
export async function askKeystone(
  options: ResolvedOptions,
  question: KeystoneRequest,
): Promise<KeystoneResponse> {
  const failures: GlanceError[] = [];
  for (;;) {
    const outcome = await attempt(options, question);
    if ("document" in outcome) return outcome;
    failures.push(outcome.error);
    if (failures.length > options.numRetries) throw unreachable(question, failures);
    const delay = outcome.retryAfter ?? backoff(failures.length - 1, options.random);
    options.onEvent({
      kind: "retry",
      server: question.server.endpoint,
      attempt: failures.length,
      delay,
      cause: outcome.error,
    });
    await options.sleep(delay);
  }
}

async function attempt(
  options: ResolvedOptions,
  question: KeystoneRequest,
): Promise<KeystoneResponse | RetryableFailure> {
  try {
    const { response, text } = await exchange(options, question);
    if (response.ok) return { headers: response.headers, document: documentOf(question, text) };
    const error = refusal(question, response, text);
    if (!isRetryableStatus(response.status)) throw error;
    const retryAfter = parseRetryAfter(response.headers.get("retry-after"), Date.now());
    return { error, retryAfter };
  } catch (error) {
    if (!(error instanceof ServerUnreachable)) throw error;
    const hint = trustHint(error.message);
    if (hint !== null) throw untrusted(question, error, hint);
    return { error, retryAfter: null };
  }
}

/** The answer with its whole body, both within `requestTimeout`. */
async function exchange(
  options: ResolvedOptions,
  question: KeystoneRequest,
): Promise<{ response: Response; text: string }> {
  const { server, request, action } = question;
  const { requestTimeout } = options;
  const deadline = new Deadline(options);
  deadline.arm(requestTimeout, () =>
    new ServerUnreachable(
      `Cannot ${action}: Keystone at "${server.endpoint}" did not answer in ${requestTimeout} ms`,
      { server: server.endpoint },
    ));
  try {
    const response = await send(options, server, request, deadline.signal);
    const read = response.ok ? readText : readStart;
    return { response, text: await read(response, deadline) };
  } catch (cause) {
    if (deadline.signal.aborted) throw deadline.signal.reason;
    if (cause instanceof GlanceError) throw cause;
    throw new ServerUnreachable(
      `Cannot ${action}: the answer of Keystone at "${server.endpoint}" broke off`,
      { cause, server: server.endpoint },
    );
  } finally {
    deadline[Symbol.dispose]();
  }
}

function documentOf(question: KeystoneRequest, text: string): KeystoneResponse["document"] {
  const document = parseObject(text);
  if (document === null) throw unusable(question, "something else than JSON");
  return document;
}
