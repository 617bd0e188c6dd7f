import { assertEquals } from "@std/assert";
import { type ClaimObjects, S3Claims } from "../../../lib/cache/stores/s3/s3_claims.ts";
import { SimulatedClock } from "../../../lib/testing/clock.ts";
import { between, seededRandom } from "../../../lib/testing/seed.ts";

/** Objects behind a network with random delays before and after each change. */
function objectsOf(clock: SimulatedClock, times: Map<string, number>, random: () => number) {
  const delayed = async <Result>(action: () => Result): Promise<Result> => {
    await clock.sleep(between(random, 0, 60));
    const result = action();
    await clock.sleep(between(random, 0, 60));
    return result;
  };
  const objects: ClaimObjects = {
    list: (prefix) =>
      delayed(() => ({
        objects: [...times].filter(([key]) => key.startsWith(prefix))
          .map(([key, modifiedAt]) => ({ key, modifiedAt, size: 0 })),
        now: clock.now(),
      })),
    write: (key) => delayed(() => void times.set(key, clock.now())),
    delete: (key) => delayed(() => void times.delete(key)),
  };
  return objects;
}

Deno.test("S3Claims.claim() never gives a key to two gateways, and gives it to each of them: 500 seeds", async () => {
  for (let seed = 1; seed <= 500; seed++) {
    const random = seededRandom(seed);
    const clock = new SimulatedClock();
    const objects = objectsOf(clock, new Map(), random);
    let holders = 0;
    let served = 0;
    const gateway = async (name: string) => {
      const claims = new S3Claims(objects, name, clock.sleep);
      while (!await claims.claim("slot")) await clock.sleep(200);
      assertEquals(++holders, 1, `seed ${seed}`);
      await clock.sleep(between(random, 0, 300));
      holders--;
      served++;
      await claims.release("slot");
    };
    await clock.run(Promise.all(Array.from({ length: 10 }, (_, n) => gateway(`gateway-${n}`))));
    assertEquals(served, 10, `seed ${seed}`);
  }
});
