/** Hints for errors, by Glance's explanation, the operation, or the status. Pure. */
import type { MessagePart } from "../../message_parts.ts";

/** The request that was refused. */
export interface Refused {
  /** Endpoint root of the server. */
  readonly server?: string | undefined;
  readonly imageId?: string | undefined;
  readonly namespace?: string | undefined;
  /** HTTP status of the response. */
  readonly status?: number | undefined;
  /** Id of the request in the cloud's logs. */
  readonly requestId?: string | undefined;
  /** The hint of the operation for the status. */
  readonly hint?: string | undefined;
}

type CauseHint = string | ((refused: Refused) => MessagePart);

/** Sentences of Glance, of any release, each with a hint. */
const HINTS: readonly (readonly [sentence: RegExp, hint: CauseHint])[] = [
  [/ is protected and cannot be deleted/, ({ namespace }) => ({
    key: namespace === undefined ? "unprotectImage" : "unprotectNamespace",
    text: 'set "protected" to false before you delete it',
    subject: namespace,
  })],
  [/has been deactivated/, () => ({
    key: "reactivate",
    text:
      "the image is deactivated, so only an administrator can read its data; ask one to reactivate it",
  })],
  [/Only shared images have members/, () => ({
    key: "makeShared",
    text: 'set its visibility to "shared" before you share it',
  })],
  [
    /status transition from \S+ to (deactivated|active)/,
    "only an active image can be deactivated, and only a deactivated one reactivated; see its status",
  ],
  [/\blast (location|store)\b/i, "delete the image instead"],
  [/^The image is larger than the limit/, "ask the operator of this server for a higher limit"],
];

const NOT_OFFERED = "ask the operator of the cloud to enable it";

/** Hints for any operation, by status. */
const GENERAL_HINTS: Readonly<Record<number, string>> = {
  401: "the token is missing, invalid, or expired: sign in again",
  403: "ask its owner, or an administrator of the cloud",
  405: NOT_OFFERED,
  413: "free some quota, or ask the operator for more",
  501: NOT_OFFERED,
};

/** The hint for a status, whatever the operation is. */
export function generalHint(status: number | undefined): string | undefined {
  return GENERAL_HINTS[status ?? 0];
}

/**
 * The 404 of a web server, a proxy, or another API. Glance responds with a JSON object with these three keys, and with
 * the header of the request id.
 */
const NOT_GLANCE = /^\s*[^\s{]|^\s*\{\s*"(?!(?:message|code|title)")|\bno route\b/i;

/** A hint for the user; empty if there is none. */
export interface Hint {
  readonly hint?: string | undefined;
  /** The parts of the hint that front ends replace with their own words. */
  readonly messageParts?: readonly MessagePart[] | undefined;
}

function noImageApi(server: string): Hint {
  const part: MessagePart = { key: "imageEndpoint", text: 'set "apiServers" to its URL' };
  return { hint: `there is no Image API at "${server}"; ${part.text}`, messageParts: [part] };
}

/** The most specific hint for an explanation in a body. */
export function hintFor(explanation: string, refused: Refused, body: string): Hint {
  const { server, status, requestId } = refused;
  const isOther = status === 404 && requestId === undefined && NOT_GLANCE.test(body);
  if (isOther && server !== undefined) return noImageApi(server);
  const hint = HINTS.find(([sentence]) => sentence.test(explanation))?.[1];
  if (typeof hint !== "function") return { hint: hint ?? refused.hint ?? generalHint(status) };
  const part = hint(refused);
  return { hint: part.text, messageParts: [part] };
}
