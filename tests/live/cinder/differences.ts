/** Compares the outcomes of two services field by field, with a table of intended differences. */
import { assertEquals, equal } from "@std/assert";
import type { Outcome } from "./services.ts";

/** Maximum length of a value in a message. */
const MESSAGE_LIMIT = 300;

/** An observed difference. Missing fields are undefined. */
export interface Difference {
  readonly step: string;
  /** Key of an image, `properties.<name>`, `error`, or `result` for the whole value. */
  readonly field: string;
  readonly theirs: unknown;
  readonly ours: unknown;
}

/** An expected value: a literal, a pattern, or a predicate (which also gets the other value). */
export type Expected =
  | null
  | undefined
  | boolean
  | number
  | string
  | RegExp
  | readonly unknown[]
  | Readonly<Record<string, unknown>>
  | ((said: unknown, theirs: unknown) => boolean);

/** An intended difference. */
export interface IntendedDifference {
  /** Names of the steps that show it; "any" if every image does. */
  readonly steps: readonly string[] | "any";
  readonly field: string;
  readonly theirs: Expected;
  readonly ours: Expected;
  /** Why our behavior is better. */
  readonly reason: string;
}

/** The differences between two outcomes of a step. */
export function differencesOf(step: string, theirs: Outcome, ours: Outcome): Difference[] {
  if ("error" in theirs && "error" in ours) {
    // If Cinder reports only a class, only the class is compared.
    const isClassOnly = /^\w+$/.test(theirs.error);
    const said = isClassOnly ? ours.error.replace(/\W.*$/s, "") : ours.error;
    return said === theirs.error
      ? []
      : [{ step, field: "error", theirs: theirs.error, ours: ours.error }];
  }
  const result = (outcome: Outcome) => "error" in outcome ? outcome.error : outcome.ok;
  if ("error" in theirs || "error" in ours) {
    return [{ step, field: "result", theirs: result(theirs), ours: result(ours) }];
  }
  return between(theirs.ok, ours.ok).map((difference) => ({ step, ...difference }));
}

/** Asserts that the observed and the intended differences are the same. */
export function assertIntended(
  seen: readonly Difference[],
  table: readonly IntendedDifference[],
): void {
  const unintended = seen.filter((one) => !table.some((row) => isIntended(one, row)));
  const gone = table.flatMap((row) => {
    const shown = seen.filter((one) => isIntended(one, row));
    const steps = row.steps === "any" ? [] : row.steps;
    const missing = steps.filter((step) => !shown.some((one) => one.step === step));
    return shown.length > 0 && missing.length === 0 ? [] : [{ field: row.field, missing }];
  });
  const lines = [...unintended.map(lineOf), ...gone.map((row) => `gone: ${JSON.stringify(row)}`)];
  assertEquals(lines.join("\n"), "");
}

function lineOf({ step, field, theirs, ours }: Difference): string {
  const short = (value: unknown) => (JSON.stringify(value) ?? "absent").slice(0, MESSAGE_LIMIT);
  return `${step}: ${field}\n    theirs ${short(theirs)}\n    ours   ${short(ours)}`;
}

/** An error of another class with the same status and message. */
export function renamed(name: string): (said: unknown, theirs: unknown) => boolean {
  return (said, theirs) => said === String(theirs).replace(/^\w+/, name);
}

/** An object with at least these fields. */
export function having(fields: Readonly<Record<string, unknown>>): (said: unknown) => boolean {
  return (said) => {
    const record = Object(said);
    return Object.entries(fields).every(([key, value]) => equal(record[key], value));
  };
}

function isIntended(one: Difference, row: IntendedDifference): boolean {
  return (row.steps === "any" || row.steps.includes(one.step)) && row.field === one.field &&
    isAs(row.theirs, one.theirs, one.theirs) && isAs(row.ours, one.ours, one.theirs);
}

function isAs(expected: Expected, said: unknown, theirs: unknown): boolean {
  if (typeof expected === "function") return expected(said, theirs);
  if (expected instanceof RegExp) return typeof said === "string" && expected.test(said);
  return equal(said, expected);
}

type FieldDifference = Omit<Difference, "step">;

function between(theirs: unknown, ours: unknown): FieldDifference[] {
  if (equal(theirs, ours)) return [];
  if (isList(theirs) && isList(ours) && theirs.length === ours.length) {
    return theirs.flatMap((item, i) => between(item, ours[i]));
  }
  if (isRecord(theirs) && isRecord(ours)) return betweenRecords(theirs, ours, "");
  return [{ field: "result", theirs, ours }];
}

function betweenRecords(
  theirs: Record<string, unknown>,
  ours: Record<string, unknown>,
  prefix: string,
): FieldDifference[] {
  const keys = new Set([...Object.keys(theirs), ...Object.keys(ours)]);
  return [...keys].flatMap((key): FieldDifference[] => {
    const [their, our] = [theirs[key], ours[key]];
    if (equal(their, our)) return [];
    return key === "properties" && isRecord(their) && isRecord(our)
      ? betweenRecords(their, our, "properties.")
      : [{ field: prefix + key, theirs: their, ours: our }];
  });
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
