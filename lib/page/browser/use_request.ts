/** A request that a component sends when it is shown, and when its inputs change. */
import { useEffect, useState } from "preact/hooks";

/** The result of the last request that ended, or its error. */
export interface RequestState<Result> {
  readonly result: Result | null;
  readonly error: unknown;
  /** Sends the request again. */
  retry(): void;
}

/** Sends a request, and again when an input changes. The last result stays until the next one has arrived. */
export function useRequest<Result>(
  send: (signal: AbortSignal) => Promise<Result>,
  inputs: readonly unknown[],
): RequestState<Result> {
  const [state, setState] = useState<Omit<RequestState<Result>, "retry">>({
    result: null,
    error: null,
  });
  const [count, setCount] = useState(0);
  useEffect(() => {
    const controller = new AbortController();
    const set = (next: typeof state) => controller.signal.aborted || setState(next);
    send(controller.signal).then(
      (result) => set({ result, error: null }),
      (error) => set({ result: null, error }),
    );
    return () => controller.abort();
  }, [...inputs, count]);
  return { ...state, retry: () => setCount(count + 1) };
}
