/** A transfer as a line: its progress with a button that cancels it, or how it has ended. */
import type { JSX } from "preact";
import { Icon } from "../controls/icons.tsx";
import { Problem } from "../controls/problem.tsx";
import { progressText } from "./meter.ts";
import { type PageTransfer, useTransfers } from "./transfer.ts";

export interface ProgressLineProps {
  readonly transfer: PageTransfer;
  /** What the transfer is, for its name: `Download of disk`. */
  readonly what: string;
}

export function ProgressLine({ transfer, what }: ProgressLineProps): JSX.Element {
  useTransfers();
  const { status, total, meter, result, error } = transfer;
  if (status === "running") {
    return (
      <div class="transfer">
        <progress
          aria-label={what}
          max={total || 1}
          value={total === null ? undefined : meter.transferred}
        />
        <button type="button" aria-label={`Cancel ${what}`} onClick={() => transfer.cancel()}>
          Cancel
        </button>
        <p>{progressText(meter, total)}</p>
      </div>
    );
  }
  if (status === "failed") {
    return <Problem error={`Failed: ${error instanceof Error ? error.message : error}`} />;
  }
  return (
    <p class="transfer ended" role="status">
      <Icon name={status === "done" ? "check" : "close"} />
      {status === "done" ? result : "Canceled"}
    </p>
  );
}
