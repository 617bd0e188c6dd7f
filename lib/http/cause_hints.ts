/**
 * Hints for errors whose cause is in Glance's explanation but not in the status. Pure.
 *
 * @module
 */

/** Sentences of Glance, of any release, each with a hint. */
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

/** The hint for an explanation; undefined if there is none. */
export function hintForCause(explanation: string): string | undefined {
  return HINTS.find(([sentence]) => sentence.test(explanation))?.[1];
}
