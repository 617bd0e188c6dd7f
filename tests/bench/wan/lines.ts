/** The lines of the table: a figure of ours, that of the best peer, what is possible, and what is required. */

/** What is required of a figure. */
export type Requirement =
  | { readonly atMost: number }
  | { readonly atLeast: number }
  /** Times the figure of the best peer. */
  | { readonly timesPeer: number };

/** A figure of one round. */
export interface Line {
  readonly what: string;
  /** Infinity if it failed. */
  readonly ours: number;
  readonly unit: "s" | "ms" | "%" | "RTT" | "of 20" | "of 5" | "connections";
  /** The figures of the peers, by name. */
  readonly peers?: Readonly<Record<string, number>>;
  /** What the network allows at best. */
  readonly limit?: number;
  readonly required: Requirement;
  /** What else there is to say, for example an error. */
  readonly note?: string | undefined;
}

/** A line of the table. */
export type Row = readonly string[];

export const HEAD: Row = [
  "row",
  "what",
  "ours",
  "best peer",
  "limit",
  "ours/peer",
  "ours/limit",
  "required",
  "",
];

/** The line of the worst round. A peer that did not run in a round has its figure of another one. */
export function worst(rounds: readonly Line[]): Line {
  const known = rounds.find(({ peers }) => peers !== undefined)?.peers;
  const filled = rounds.map((line) => known === undefined ? line : { peers: known, ...line });
  return filled.toSorted((a, b) => excess(b) - excess(a))[0] as Line;
}

/** Whether a line meets its requirement. */
export function isMet(line: Line): boolean {
  return excess(line) <= 1;
}

/** A line for the table. */
export function rowOf(name: string, line: Line): Row {
  const { what, ours, unit, limit, note } = line;
  const peer = bestPeer(line);
  return [
    name,
    what,
    figure(ours, unit),
    peer === null ? "" : `${peer.name} ${figure(peer.figure, unit)}`,
    limit === undefined ? "" : figure(limit, unit),
    ratio(ours, peer?.figure),
    ratio(ours, limit),
    requirementText(line),
    (isMet(line) ? "ok" : "NOT OK") + (note === undefined ? "" : `: ${note}`),
  ];
}

/** A table for people. */
export function tableOf(rows: readonly Row[]): string {
  const widths = HEAD.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows.map((row) => row.map((text, i) => text.padEnd(widths[i] ?? 0)).join("  ").trimEnd())
    .join("\n");
}

/** How much of what is allowed a figure takes: above 1, the requirement is missed. */
function excess(line: Line): number {
  const { ours, required } = line;
  if ("atLeast" in required) return required.atLeast / ours;
  if ("atMost" in required) return ours / required.atMost;
  const peer = bestPeer(line)?.figure ?? Infinity;
  // Without a peer to compare with, nothing is shown to be met.
  return Number.isFinite(peer) ? ours / (required.timesPeer * peer) : Infinity;
}

function bestPeer({ peers = {} }: Line): { name: string; figure: number } | null {
  const [best] = Object.entries(peers).toSorted(([, a], [, b]) => a - b);
  return best === undefined ? null : { name: best[0], figure: best[1] };
}

function requirementText({ required, unit }: Line): string {
  if ("atLeast" in required) return `at least ${figure(required.atLeast, unit)}`;
  return "atMost" in required
    ? `at most ${figure(required.atMost, unit)}`
    : `at most ${required.timesPeer} x the peer`;
}

function ratio(ours: number, theirs: number | undefined): string {
  const quotient = ours / (theirs ?? NaN);
  return Number.isFinite(quotient) && theirs !== Infinity ? quotient.toFixed(2) : "";
}

function figure(value: number, unit: Line["unit"]): string {
  if (value === Infinity) return "failed";
  const isCount = unit === "of 20" || unit === "of 5" || unit === "connections" || unit === "ms";
  return `${value.toFixed(isCount ? 0 : 1)} ${unit}`;
}
