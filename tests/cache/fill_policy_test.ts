import { assertEquals } from "@std/assert";
import {
  FILL_LIMITS,
  FIRST_BYTES,
  isWithinFirstBytes,
  mayRequest,
  nextSlot,
} from "../../lib/cache/fill/fill_policy.ts";

const NEXT: readonly {
  readonly when: string;
  /** When each reader of each slot began to wait. */
  readonly slots: readonly (readonly number[])[];
  readonly next: number | null;
}[] = [
  { when: "there is none", slots: [], next: null },
  { when: "there is one without readers", slots: [[]], next: 0 },
  { when: "all have waited for the same time", slots: [[900], [900]], next: 0 },
  { when: "only one has a reader that has just arrived", slots: [[], [1000], []], next: 1 },
  { when: "one reader has waited longer", slots: [[990], [980], [985]], next: 1 },
  { when: "one has more readers", slots: [[990], [990, 990], [985]], next: 1 },
  { when: "readers have just arrived", slots: [[1000], [1000, 1000, 1000]], next: 1 },
  {
    when: "one reader has waited longer than ten together",
    slots: [Array(10).fill(995), [900]],
    next: 1,
  },
];

for (const { when, slots, next } of NEXT) {
  Deno.test(`nextSlot() returns ${next === null ? "null" : `slot ${next}`} when ${when}`, () => {
    const awaited = slots.map((waitingSince) => ({ waitingSince }));
    assertEquals(nextSlot(awaited, 1000), next === null ? null : awaited[next]);
  });
}

Deno.test("nextSlot() serves a single reader in the end when many readers come for other slots", () => {
  let slots = [{ name: "rare", waitingSince: [0] }];
  for (let now = 0; slots.some(({ name }) => name === "rare"); now += 100) {
    const popular = { name: "popular", waitingSince: Array<number>(50).fill(now) };
    slots.push(popular);
    const next = nextSlot(slots, now + 50);
    slots = slots.filter((slot) => slot !== next);
    assertEquals(now < 100_000, true);
  }
});

Deno.test("isWithinFirstBytes() allows the first bytes of a request when its slot is not active", () => {
  assertEquals([0, FIRST_BYTES - 1, FIRST_BYTES].map(isWithinFirstBytes), [true, true, false]);
});

Deno.test("mayRequest() allows each slot one request, and more within the limit of all", () => {
  const { requests } = FILL_LIMITS;
  const cases = [[0, 0], [0, requests], [1, requests - 1], [1, requests], [
    5,
    requests + 1,
  ]] as const;
  assertEquals(cases.map(([own, all]) => mayRequest(own, all, FILL_LIMITS)), [
    true,
    true,
    true,
    false,
    false,
  ]);
});
