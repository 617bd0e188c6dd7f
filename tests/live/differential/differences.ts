/**
 * Every difference from the real Glance that is meant to be, or that nothing can be done about, with its
 * reason. What the fuzzer finds and this table does not explain is a fault.
 */
import type { Finding } from "./campaign.ts";
import { EMBEDDED_DIFFERENCES } from "./embedded_differences.ts";
import { GATEWAY_DIFFERENCES } from "./gateway_differences.ts";
import type { TargetName } from "./targets.ts";

/** One kind of difference. */
export interface Difference {
  readonly name: string;
  readonly reason: string;
  /** Whether a finding is of this kind. */
  readonly explains: (finding: Finding) => boolean;
}

/** All of them. */
export const DIFFERENCES: Readonly<Record<TargetName, readonly Difference[]>> = {
  gateway: GATEWAY_DIFFERENCES,
  embedded: EMBEDDED_DIFFERENCES,
};

/** The first kind that a finding is of; null if there is none. */
export function differenceOf(finding: Finding): Difference | null {
  return DIFFERENCES[finding.target].find(({ explains }) => explains(finding)) ?? null;
}
