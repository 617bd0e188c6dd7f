/** Hints for errors, by Glance's explanation, the operation, or the status. Pure. */
import type { Term } from "../../terms.ts";

/** The request that was refused. */
export interface Refused {
  readonly imageId?: string | undefined;
  readonly namespace?: string | undefined;
  /** HTTP status of the response. */
  readonly status?: number | undefined;
  /** Id of the request in the cloud's logs. */
  readonly requestId?: string | undefined;
  /** The hint of the operation for the status. */
  readonly hint?: string | undefined;
}

type CauseHint = string | ((refused: Refused) => Term);

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

/** The 404 of a web server or proxy. Glance answers JSON, with the id of the request. */
const NON_GLANCE_PAGE = /^\s*<|^404 page not found/i;

/** What the user can do; empty if that is not known. */
export interface FoundHint {
  readonly hint?: string | undefined;
  /** The parts of the hint that front ends word themselves. */
  readonly terms?: readonly Term[] | undefined;
}

/** The most specific hint for an explanation in a body. */
export function hintFor(explanation: string, refused: Refused, body: string): FoundHint {
  const { status, requestId } = refused;
  const isNonGlancePage = status === 404 && requestId === undefined && NON_GLANCE_PAGE.test(body);
  if (isNonGlancePage) return { hint: "check that the endpoint is an Image API" };
  const hint = HINTS.find(([sentence]) => sentence.test(explanation))?.[1];
  if (typeof hint !== "function") return { hint: hint ?? refused.hint ?? generalHint(status) };
  const term = hint(refused);
  return { hint: term.text, terms: [term] };
}
