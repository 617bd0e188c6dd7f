/**
 * A limit on the time that one wait takes.
 *
 * @module
 */

/** A wait lasted longer than it may. */
export class TimeLimitExceeded extends Error {
  override name = "TimeLimitExceeded";
}

/**
 * The result of the work. The work itself goes on when the time is over.
 *
 * @param ms milliseconds; `Infinity` for no limit
 * @throws {TimeLimitExceeded} if it takes longer.
 */
export function withinTime<T>(work: Promise<T>, ms: number): Promise<T> {
  if (ms === Infinity) return work;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      work.catch(() => {});
      reject(new TimeLimitExceeded(`This took longer than ${ms} ms`));
    }, ms);
    const stop = <Outcome>(settle: (outcome: Outcome) => void) => (outcome: Outcome) => {
      clearTimeout(timer);
      settle(outcome);
    };
    work.then(stop(resolve), stop(reject));
  });
}
