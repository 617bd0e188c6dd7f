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

/** A segment of a path that the gateway does not forward. */
const UNSENDABLE = /^(\.|%2e){0,2}$|%2f|%(ff|c0|ed)/i;

/** All of them. */
export const DIFFERENCES: readonly Difference[] = [
  {
    target: "gateway",
    name: "a path without a version",
    reason:
      "Such paths belong to the application that the router is a part of: 404 instead of 300.",
    explains: ({ step, expected, actual }) =>
      expected.status === 300 && actual.status === 404 && !/^\/v2(\.\d+)?(\/|$|\?)/.test(step.path),
  },
  {
    target: "gateway",
    name: "an empty segment, one of dots, one with a slash or one that is not UTF-8",
    reason:
      "A URL cannot carry dots alone, and an encoded slash would hide the path from middleware: 404.",
    explains: ({ step, actual }) =>
      actual.status === 404 &&
      (step.path.split("?")[0] ?? "").split("/").slice(1).some((part) => UNSENDABLE.test(part)),
  },
  {
    target: "gateway",
    name: "an id that cannot be one",
    reason:
      "Ids have one spelling, so that a decision about one of them holds: 404 in other words.",
    explains: ({ step, expected, actual }) =>
      actual.status === 404 && expected.status >= 400 &&
      /\/(images|members|tasks)\/[^/?]*%/.test(step.path),
  },
  {
    target: "gateway",
    name: "a request id where Glance gives none",
    reason: "The gateway's log names every request by its id.",
    explains: ({ mismatch }) =>
      mismatch.what === "header x-openstack-request-id" && mismatch.expected === "(absent)",
  },
];

/** The first kind that a finding is of; null if there is none. */
export function differenceOf(finding: Finding): Difference | null {
  return DIFFERENCES.find(({ target, explains }) =>
    target === finding.target && explains(finding)
  ) ??
    null;
}
