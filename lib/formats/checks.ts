/** Named checks, whose exceptions are failures. */
import type { FormatFinding } from "./format_steps.ts";
import type { InspectionFailure } from "./types.ts";

/** Checks by name. A check returns the reason why the image does not pass it, or null. */
export type FormatChecks = Readonly<Record<string, () => string | null>>;

/** The checks that the image does not pass. */
export function failuresOf(checks: FormatChecks): InspectionFailure[] {
  return Object.entries(checks).flatMap(([check, run]) => {
    const reason = reasonOf(run);
    return reason === null ? [] : [{ check, reason }];
  });
}

function reasonOf(run: () => string | null): string | null {
  try {
    return run();
  } catch (error) {
    return describeException(error);
  }
}

/** The reason for a failure that was caused by an exception. */
export function describeException(error: unknown): string {
  return `it could not be inspected (${error instanceof Error ? error.message : error})`;
}

/** The finding about an image that was recognized and cannot be read further. */
export function refusal(check: string, reason: string): FormatFinding {
  return { virtualSize: null, failures: [{ check, reason }] };
}

/** The finding about an image that ends within its header; null if all of the header was delivered. */
export function truncation(header: Uint8Array, length: number): FormatFinding | null {
  if (header.byteLength >= length) return null;
  return refusal(
    "header",
    `it ends after ${header.byteLength} of the ${length} bytes of its header`,
  );
}
