/** The answer to a request that a component sends when it is shown, or when its inputs change. */
import { useEffect, useState } from "preact/hooks";

/** An answer, or the error that came instead. */
export interface Answer<Result> {
  readonly answer: Result | null;
  readonly error: unknown;
  /** Sends the request again. */
  retry(): void;
}

/** Sends a request, and again when an input changes. The last answer stays until the next one has arrived. */
export function useAnswer<Result>(
  send: (signal: AbortSignal) => Promise<Result>,
  inputs: readonly unknown[],
): Answer<Result> {
  const [state, setState] = useState<Omit<Answer<Result>, "retry">>({ answer: null, error: null });
  const [count, setCount] = useState(0);
  useEffect(() => {
    const controller = new AbortController();
    const set = (next: typeof state) => controller.signal.aborted || setState(next);
    send(controller.signal).then(
      (answer) => set({ answer, error: null }),
      (error) => set({ answer: null, error }),
    );
    return () => controller.abort();
  }, [...inputs, count]);
  return { ...state, retry: () => setCount(count + 1) };
}
