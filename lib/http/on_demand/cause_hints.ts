/** Hints for errors whose cause is in Glance's explanation but not in the status. Pure. */
import type { Term } from "../../terms.ts";

/** The request that was refused. */
export interface Refused {
  readonly imageId?: string | undefined;
  readonly namespace?: string | undefined;
  /** HTTP status of the response. */
  readonly status?: number | undefined;
  /** Id of the request in the cloud's logs. */
  readonly requestId?: string | undefined;
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

/** The 404 of a web server or proxy. Glance answers JSON, with the id of the request. */
const NON_GLANCE_PAGE = /^\s*<|^404 page not found/i;

/** What the user can do; empty if that is not known. */
export interface FoundHint {
  readonly hint?: string | undefined;
  /** The parts of the hint that front ends word themselves. */
  readonly terms?: readonly Term[] | undefined;
}

/** The hint for an explanation in a body. */
export function hintForCause(explanation: string, refused: Refused, body: string): FoundHint {
  const { status, requestId } = refused;
  const isNonGlancePage = status === 404 && requestId === undefined && NON_GLANCE_PAGE.test(body);
  if (isNonGlancePage) return { hint: "check that the endpoint is an Image API" };
  const hint = HINTS.find(([sentence]) => sentence.test(explanation))?.[1];
  if (typeof hint !== "function") return { hint };
  const term = hint(refused);
  return { hint: term.text, terms: [term] };
}
