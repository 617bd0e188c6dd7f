/**
 * All intended or unavoidable differences from the real Glance, with reasons. Any other difference
 * is a bug.
 */
import type { Finding } from "./campaign.ts";
import { EMBEDDED_DIFFERENCES } from "./embedded_differences.ts";
import { GATEWAY_DIFFERENCES } from "./gateway_differences.ts";
import type { TargetName } from "./targets.ts";

/** A kind of difference. */
export interface Difference {
  readonly name: string;
  readonly reason: string;
  /** True if a finding is of this kind. */
  readonly explains: (finding: Finding) => boolean;
}

/** All differences, by target. */
export const DIFFERENCES: Readonly<Record<TargetName, readonly Difference[]>> = {
  gateway: GATEWAY_DIFFERENCES,
  embedded: EMBEDDED_DIFFERENCES,
};

/** The first kind that explains a finding; null if there is none. */
export function differenceOf(finding: Finding): Difference | null {
  return DIFFERENCES[finding.target].find(({ explains }) => explains(finding)) ?? null;
}
