/** The vocabulary of what goes wrong between a Glance and its client. */
import { between, pick } from "./seed.ts";

/** One thing that goes wrong with one request. `at` is a fraction of the body. */
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
  "gzip",
  "extraBytes",
]);

const KINDS: readonly FaultKind[] = [
  ...HEALABLE,
  "flippedBit",
  "replaced",
  "foreignRedirect",
];

/** A fault that a seed chooses. */
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
    case "cut":
    case "cleanEnd":
    case "stall":
    case "flippedBit":
      return { kind, at: random() };
    default:
      return { kind };
  }
}
