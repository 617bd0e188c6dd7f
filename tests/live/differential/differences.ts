/**
 * Every difference from the real Glance that is meant to be, or that nothing can be done about, with its
 * reason. What the fuzzer finds and this table does not explain is a fault.
 */
import type { Finding } from "./campaign.ts";
import type { TargetName } from "./targets.ts";

/** One kind of difference. */
export interface Difference {
  readonly target: TargetName;
  readonly name: string;
  readonly reason: string;
  /** Whether a finding is of this kind. */
  readonly explains: (finding: Finding) => boolean;
}

/** All of them. */
export const DIFFERENCES: readonly Difference[] = [];

/** The first kind that a finding is of; null if there is none. */
export function differenceOf(finding: Finding): Difference | null {
  return DIFFERENCES.find(({ target, explains }) =>
    target === finding.target && explains(finding)
  ) ??
    null;
}
