/** The faults that a simulated cluster can produce. */
import { between, pick } from "./seed.ts";

/**
 * A fault of one request for data. `at` is its position in the body, from 0 to 1.
 *
 * - `refuse`, `silence`: the connection is refused, or there is no response;
 * - `status`: a response with that status, and with `Retry-After` if `retryAfter` is set;
 * - `expiredToken`: the token expires with this request;
 * - `cut`, `cleanEnd`, `stall`: the body breaks, ends early as if it were complete, or stalls;
 * - `trickle`: every chunk is delayed;
 * - `wrongStart`, `wrongEnd`, `wrongTotal`, `noContentRange`: a part with a wrong or missing `Content-Range`;
 * - `wholeAs206`: the whole image in response to a range, with the `Content-Range` of the part;
 * - `startsEarlier`, `endsEarlier`, `labeledWhole`: a part that starts before the requested byte, one that
 *   is shorter than requested, and the whole image, each with its correct `Content-Range`;
 * - `partAs200`, `unlabeledRest`: the requested part with status 200, with its `Content-Range` or without;
 * - `multipart`: the requested part as `multipart/byteranges`;
 * - `denied`: that status from one server, as if it did not have the image or refused to send it;
 * - `flippedBit`, `extraBytes`, `gzip`: wrong bytes, too many bytes, or an encoded body;
 * - `replaced`: the data of the image is replaced with this request;
 * - `foreignRedirect`: a redirect to another origin.
 */
export type Fault =
  | { readonly kind: "refuse" }
  | { readonly kind: "silence" }
  | {
    readonly kind: "status";
    readonly status: 429 | 500 | 502 | 503 | 504;
    readonly retryAfter?: string;
  }
  | { readonly kind: "expiredToken" }
  | { readonly kind: "cut"; readonly at: number }
  | { readonly kind: "cleanEnd"; readonly at: number }
  | { readonly kind: "stall"; readonly at: number }
  | { readonly kind: "trickle" }
  | { readonly kind: "wrongStart" }
  | { readonly kind: "wrongEnd" }
  | { readonly kind: "wrongTotal" }
  | { readonly kind: "noContentRange" }
  | { readonly kind: "wholeAs206" }
  | { readonly kind: "startsEarlier" }
  | { readonly kind: "endsEarlier"; readonly at: number }
  | { readonly kind: "labeledWhole" }
  | { readonly kind: "partAs200" }
  | { readonly kind: "unlabeledRest" }
  | { readonly kind: "multipart" }
  | { readonly kind: "denied"; readonly status: 400 | 403 | 404 | 409 | 410 | 416 }
  | { readonly kind: "flippedBit"; readonly at: number }
  | { readonly kind: "extraBytes" }
  | { readonly kind: "gzip" }
  | { readonly kind: "replaced" }
  | { readonly kind: "foreignRedirect" };

/**
 * An outage of all servers of a cluster, in milliseconds of its clock: from `from` up to, but not including, `until`.
 */
export interface Outage {
  /** Start of the outage. */
  readonly from: number;
  /** End of the outage. */
  readonly until: number;
}

/** Whether one of the outages covers a time. */
export function isDuringOutage(outages: readonly Outage[], now: number): boolean {
  return outages.some(({ from, until }) => from <= now && now < until);
}

/** The name of a fault. */
export type FaultKind = Fault["kind"];

/** Faults that a download recovers from if another server or another request succeeds. */
export const RECOVERABLE: ReadonlySet<FaultKind> = new Set<FaultKind>([
  "refuse",
  "silence",
  "status",
  "expiredToken",
  "cut",
  "cleanEnd",
  "stall",
  "trickle",
  "wrongStart",
  "wrongEnd",
  "wrongTotal",
  "noContentRange",
  "wholeAs206",
  "startsEarlier",
  "endsEarlier",
  "labeledWhole",
  "partAs200",
  "unlabeledRest",
  "multipart",
  "gzip",
  "extraBytes",
]);

const KINDS: readonly FaultKind[] = [
  ...RECOVERABLE,
  "denied",
  "flippedBit",
  "replaced",
  "foreignRedirect",
];

/**
 * A random fault, of one of the given kinds.
 *
 * @example
 * ```ts
 * import { randomFault, seededRandom } from "@glance-edge/glance/testing";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(randomFault(seededRandom(7)), randomFault(seededRandom(7)));
 * ```
 */
export function randomFault(random: () => number, kinds: readonly FaultKind[] = KINDS): Fault {
  const kind = pick(random, kinds);
  switch (kind) {
    case "status": {
      const status = pick(random, [429, 500, 502, 503, 504] as const);
      const hasRetryAfter = random() < 0.5 && (status === 503 || status === 429);
      return hasRetryAfter
        ? { kind, status, retryAfter: String(between(random, 0, 5)) }
        : { kind, status };
    }
    case "denied":
      return { kind, status: pick(random, [400, 403, 404, 409, 410, 416] as const) };
    case "endsEarlier":
    case "cut":
    case "cleanEnd":
    case "stall":
    case "flippedBit":
      return { kind, at: random() };
    default:
      return { kind };
  }
}
