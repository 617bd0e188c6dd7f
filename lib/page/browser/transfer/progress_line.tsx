/** A transfer as a line: its progress with a button that cancels it, or how it has ended. */
import type { JSX } from "preact";
import { visibleText } from "../../text.ts";
import { Icon } from "../controls/icons.tsx";
import { Problem } from "../controls/problem.tsx";
import { progressText } from "./meter.ts";
import { type PageTransfer, useTransfers } from "./transfer.ts";

export interface ProgressLineProps {
  readonly transfer: PageTransfer;
  /** What the transfer is, for its name: `Download of disk`. */
  readonly what: string;
  /** Called to prepare it again after a failure. */
  readonly onRetry?: () => void;
}

export function ProgressLine({ transfer, what, onRetry }: ProgressLineProps): JSX.Element {
  useTransfers();
  const { status, total, meter, note, result, error } = transfer;
  const hasEnded = status === "done" || status === "canceled";
  return (
    <>
      {status === "running" && (
        <div class="transfer">
          <progress
            aria-label={what}
            max={total || 1}
            value={total === null ? undefined : meter.transferred}
          />
          <button type="button" aria-label={`Cancel ${what}`} onClick={() => transfer.cancel()}>
            Cancel
          </button>
          <p>{note ? visibleText(note) : progressText(meter, total)}</p>
        </div>
      )}
      {status === "failed" && (
        <Problem
          error={`Failed: ${error instanceof Error ? error.message : error}`}
          retry={onRetry}
        />
      )}
      <p class={hasEnded ? "transfer ended" : "hidden-text"} role="status">
        {hasEnded && <Icon name={status === "done" ? "check" : "close"} />}
        {status === "done" ? result : hasEnded && "Canceled"}
      </p>
    </>
  );
}
