/**
 * The vocabulary of what goes wrong between a Glance and its client.
 *
 * @module
 */
import { between, pick } from "./seed.ts";

/**
 * One thing that goes wrong with one request for data. `at` says where in the body, from 0 to 1.
 *
 * - `refuse`, `silence`: no connection, no answer;
 * - `status`: that status, with `Retry-After` if there is one;
 * - `expiredToken`: the token is no longer good from here on;
 * - `cut`, `cleanEnd`, `stall`: the body breaks off, ends as if it were whole, or falls silent;
 * - `trickle`: every chunk takes its time;
 * - `wrongStart`, `wrongEnd`, `wrongTotal`, `noContentRange`: a part whose `Content-Range` is not its own;
 * - `wholeAs206`: the whole image in the answer to a range, with the `Content-Range` of the part;
 * - `startsEarlier`, `endsEarlier`, `labeledWhole`: a part that starts before the requested byte, one that
 *   is shorter than requested, and the whole image, each with its true `Content-Range`;
 * - `partAs200`, `unlabeledRest`: the requested part as 200, with its `Content-Range` and without;
 * - `multipart`: the requested part as `multipart/byteranges`;
 * - `denied`: that status from one server, as if it did not have the image or did not give it;
 * - `flippedBit`, `extraBytes`, `gzip`: other bytes, too many, or encoded ones;
 * - `replaced`: the image has other data from here on;
 * - `foreignRedirect`: the answer leads to another origin.
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

/** The name of a fault. */
export type FaultKind = Fault["kind"];

/** Faults that a download must survive while another server, or another try, is well. */
export const HEALABLE: ReadonlySet<FaultKind> = new Set<FaultKind>([
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
  ...HEALABLE,
  "denied",
  "flippedBit",
  "replaced",
  "foreignRedirect",
];

/**
 * A fault that chance chooses.
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
