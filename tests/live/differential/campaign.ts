/**
 * Sends sequences of requests to all servers, compares the responses, and shrinks the differences.
 */
import { type Difference, differenceOf } from "./differences.ts";
import { type Mismatch, mismatchesOf, type Outcome } from "./outcome.ts";
import { sequenceOf } from "./requests.ts";
import { shrink } from "./shrink.ts";
import type { Step } from "./step.ts";
import type { Target, TargetName, Targets } from "./targets.ts";

/** A response that differs from the real Glance's. */
export interface Finding {
  readonly target: TargetName;
  /** The requests up to the one with the different response. */
  readonly steps: readonly Step[];
  readonly step: Step;
  readonly mismatch: Mismatch;
  readonly expected: Outcome;
  readonly actual: Outcome;
}

/** The result of a campaign. */
export interface Report {
  readonly requests: number;
  /** Differences that the table does not explain, one of each kind, minimized. */
  readonly findings: readonly Finding[];
  /** Number of occurrences of each difference in the table. */
  readonly explained: ReadonlyMap<Difference, number>;
}

/** Length of a campaign. */
export interface CampaignOptions {
  readonly seed: number;
  readonly requests: number;
  /** Maximum number of findings. */
  readonly maxFindings: number;
  /** Called with each minimized finding. */
  readonly onFinding: (finding: Finding) => void;
}

/** Runs sequences until the number of requests or findings is reached. */
export async function runCampaign(targets: Targets, options: CampaignOptions): Promise<Report> {
  const explained = new Map<Difference, number>();
  const findings = new Map<string, Finding>();
  let requests = 0;
  for (let seed = options.seed; requests < options.requests; seed++) {
    if (findings.size >= options.maxFindings) break;
    const steps = sequenceOf(seed);
    requests += steps.length;
    for (const finding of await runSequence(targets, steps)) {
      const difference = differenceOf(finding);
      if (difference !== null) {
        explained.set(difference, (explained.get(difference) ?? 0) + 1);
      } else if (!findings.has(describeType(finding))) {
        const shortest = await shrunk(targets, finding);
        findings.set(describeType(finding), shortest);
        options.onFinding(shortest);
      }
    }
  }
  return { requests, findings: [...findings.values()], explained };
}

/** The shortest sequence that ends with the same kind of difference. */
async function shrunk(targets: Targets, finding: Finding): Promise<Finding> {
  const target = targets.compared.get(finding.target);
  if (target === undefined) return finding;
  let shortest = finding;
  await shrink(finding.steps, async (steps) => {
    const all = await compare(targets.glance, [[finding.target, target]], steps);
    const again = all.find((each) =>
      each.steps.length === steps.length && describeType(each) === describeType(finding) &&
      differenceOf(each) === null
    );
    if (again !== undefined) shortest = again;
    return again !== undefined;
  });
  return shortest;
}

async function runSequence(targets: Targets, steps: readonly Step[]): Promise<Finding[]> {
  return await compare(targets.glance, [...targets.compared], steps);
}

/**
 * Runs a sequence. After a different response, the state of that server may differ, so it is
 * excluded from the rest of the sequence.
 */
async function compare(
  glance: Target,
  compared: readonly (readonly [TargetName, Target])[],
  steps: readonly Step[],
): Promise<Finding[]> {
  await Promise.all([glance, ...compared.map(([, target]) => target)].map((each) => each.reset()));
  const findings: Finding[] = [];
  const going = new Map(compared);
  for (const [i, step] of steps.entries()) {
    const [expected, ...responses] = await Promise.all([
      glance.send(step),
      ...[...going].map(async ([name, target]) => [name, await target.send(step)] as const),
    ]);
    for (const [target, actual] of responses) {
      const mismatches = mismatchesOf(expected, actual);
      const common = { target, steps: steps.slice(0, i + 1), step, expected, actual };
      findings.push(...mismatches.map((mismatch) => ({ ...common, mismatch })));
      const mayDiffer = mismatches.some(({ what }) => !what.startsWith("header"));
      if (mayDiffer && step.method !== "GET") going.delete(target);
    }
    if (going.size === 0) break;
  }
  return findings;
}

/** The kind of a finding. Findings of the same kind probably have the same cause. */
function describeType({ target, step, mismatch, expected, actual }: Finding): string {
  const { what } = mismatch;
  if (what.startsWith("header")) {
    return `${target} ${what} ${mismatch.expected} ${mismatch.actual}`;
  }
  const [path = ""] = step.path.split("?");
  const shape = path.split("/").slice(1).map((segment) =>
    /^(v2|images|metadefs|namespaces|objects|properties|tags|file|members|tasks|cache|stores|import|info)$/
        .test(segment)
      ? segment
      : "*"
  );
  const statuses = what === "status" ? ` ${expected.status} ${actual.status}` : "";
  return `${target} ${step.method} ${shape.join("/")} ${what}${statuses}`;
}
