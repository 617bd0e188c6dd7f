/**
 * Time limits for promises.
 *
 * @module
 */

/** A time limit was exceeded. */
export class TimeLimitExceeded extends Error {
  override name = "TimeLimitExceeded";
}

/**
 * Returns the result of the work. The work continues if the time limit is exceeded.
 *
 * @param ms milliseconds; `Infinity` for no limit
 * @throws {TimeLimitExceeded} if the work takes longer.
 */
export function withinTime<T>(work: Promise<T>, ms: number): Promise<T> {
  if (ms === Infinity) return work;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      work.catch(() => {});
      reject(new TimeLimitExceeded(`Time limit of ${ms} ms exceeded`));
    }, ms);
    const stop = <Outcome>(settle: (outcome: Outcome) => void) => (outcome: Outcome) => {
      clearTimeout(timer);
      settle(outcome);
    };
    work.then(stop(resolve), stop(reject));
  });
}
