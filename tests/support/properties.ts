/**
 * Properties that hold for every input. The inputs of a run are the same each time; `PROPERTY_SEED` and
 * `PROPERTY_RUNS` choose others. A failure prints its seed and the smallest input that fails.
 */
import * as fc from "fast-check";

export * as fc from "fast-check";

const SEED = Number(Deno.env.get("PROPERTY_SEED") ?? 1);
const RUNS = Number(Deno.env.get("PROPERTY_RUNS") ?? 500);

/** Checks a property; `assertion` throws if it does not hold for an input. */
export async function forAll<Input>(
  inputs: fc.Arbitrary<Input>,
  assertion: (input: Input) => void | Promise<void>,
): Promise<void> {
  const property = fc.asyncProperty(inputs, async (input) => await assertion(input));
  const result = await fc.check(property, { seed: SEED, numRuns: RUNS });
  if (!result.failed) return;
  throw new Error(
    `PROPERTY_SEED=${SEED} PROPERTY_RUNS=${RUNS} repeats it: ${
      Deno.inspect(result.counterexample?.[0], { depth: 10 })
    }`,
    { cause: result.errorInstance },
  );
}
