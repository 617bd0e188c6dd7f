/**
 * What helps against a refusal whose cause Glance's own sentence tells, where the status alone does not. Pure.
 *
 * @module
 */

/** A sentence of Glance, of any release, and what helps. */
const HINTS: readonly (readonly [sentence: RegExp, hint: string])[] = [
  [/ is protected and cannot be deleted/, 'set "protected" to false before you delete it'],
  [
    /has been deactivated/,
    "the image is deactivated, so only an administrator can read its data; ask one to reactivate it",
  ],
  [/Only shared images have members/, 'set its visibility to "shared" before you share it'],
  [
    /status transition from \S+ to (deactivated|active)/,
    "only an active image can be deactivated, and only a deactivated one reactivated; see its status",
  ],
  [/\blast (location|store)\b/i, "delete the image instead"],
];

/** The hint for a sentence; undefined where it tells no more than the status. */
export function hintForCause(explanation: string): string | undefined {
  return HINTS.find(([sentence]) => sentence.test(explanation))?.[1];
}
