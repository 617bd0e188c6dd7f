/** An action that a control starts: whether it is running, and the error with which it ended. */
import { useState } from "preact/hooks";

/** The state of an action, and how to start it. */
export interface ActionState {
  readonly isRunning: boolean;
  /** Null if it has not failed. */
  readonly error: unknown;
  run(action: () => Promise<unknown>): void;
}

/** Runs one action at a time. */
export function useAction(): ActionState {
  const [isRunning, setRunning] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const run = (action: () => Promise<unknown>) => {
    if (isRunning) return;
    setRunning(true);
    setError(null);
    action().catch(setError).finally(() => setRunning(false));
  };
  return { isRunning, error, run };
}
