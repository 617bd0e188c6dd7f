/** Processes the entries of a list concurrently. */

/**
 * Calls `work` for each entry, with its position. At most `limit` calls run at a time, and an entry is taken from
 * the list only when one of them has ended. After an error, no further entry is taken.
 *
 * @throws the first error, after all calls have ended.
 */
export async function eachConcurrently<T>(
  entries: AsyncIterable<T>,
  limit: number,
  work: (entry: T, position: number) => Promise<void>,
): Promise<void> {
  const iterator = entries[Symbol.asyncIterator]();
  let position = 0;
  let failure: { readonly error: unknown } | null = null;
  const worker = async (): Promise<void> => {
    while (failure === null) {
      const { done, value } = await iterator.next();
      if (done) return;
      await work(value, position++);
    }
  };
  const fail = (error: unknown) => {
    failure ??= { error };
  };
  await Promise.all(Array.from({ length: limit }, () => worker().catch(fail)));
  await iterator.return?.();
  const failed = failure as { readonly error: unknown } | null;
  if (failed !== null) throw failed.error;
}
