/** An error, next to its cause. */
import type { JSX } from "preact";
import { visibleText } from "../../text.ts";

export interface ProblemProps {
  /** Null for none. */
  readonly error: unknown;
  readonly retry?: (() => void) | undefined;
}

export function Problem({ error, retry }: ProblemProps): JSX.Element | null {
  if (error === null) return null;
  return (
    <div class="problem" role="alert">
      <p>{visibleText(error instanceof Error ? error.message : String(error))}</p>
      {retry !== undefined && <button type="button" onClick={retry}>Try again</button>}
    </div>
  );
}
