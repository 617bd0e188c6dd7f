/** Waits for real servers and processes. */

/** Milliseconds after which a test fails: many, because a machine that is busy with other work is not a failure. */
export const TEST_TIME_LIMIT = 120_000;

/** Polls until a condition is true, because there is no event to wait for. */
export async function until(isTrue: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const end = performance.now() + TEST_TIME_LIMIT;
  while (!await isTrue()) {
    if (performance.now() > end) throw new Error(`Cannot see ${what} within ${TEST_TIME_LIMIT} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
