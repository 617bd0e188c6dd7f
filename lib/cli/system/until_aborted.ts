/**
 * Waits for work that does not support abort signals.
 *
 * @module
 */

/**
 * Returns the result of the work. After an abort, the work continues and its result is ignored.
 *
 * @throws the reason of the signal when it is aborted.
 */
export async function untilAborted<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const stop = () => reject(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await Promise.race([work(), aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
