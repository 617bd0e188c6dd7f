import { assert, assertEquals } from "@std/assert";
import { Segments } from "../../lib/cache/fill/segments.ts";
import { fc, forAll } from "../support/properties.ts";

Deno.test("Segments.claim() ends where the next segment starts", () => {
  const segments = new Segments(100);
  assertEquals(segments.claim(60), { start: 60, end: 100, received: 60 });
  assertEquals(segments.claim(20), { start: 20, end: 60, received: 20 });
  assertEquals(segments.firstHole(), 0);
  assertEquals([segments.isClaimed(19), segments.isClaimed(20)], [false, true]);
});

Deno.test("Segments.claim() ends after the requested bytes when the next segment starts later", () => {
  const segments = new Segments(100);
  assertEquals(segments.claim(20, 30), { start: 20, end: 50, received: 20 });
  assertEquals(segments.claim(0, 30), { start: 0, end: 20, received: 0 });
  assertEquals([segments.firstHole(), segments.firstHole(30)], [50, 50]);
  segments.claim(90, 30);
  assertEquals([segments.firstHole(60), segments.firstHole(95)], [60, null]);
});

Deno.test("Segments.receivedUntil() counts bytes without a gap when segments are adjacent", () => {
  const segments = new Segments(100);
  const second = segments.claim(50);
  const first = segments.claim(0);
  segments.receive(second, 10);
  assertEquals(segments.receivedUntil(0), 0);
  segments.receive(first, 50);
  assertEquals(segments.receivedUntil(0), 60);
  assertEquals(segments.receivedUntil(70), 70);
});

Deno.test("Segments.receive() takes no byte that belongs to the next segment", () => {
  const segments = new Segments(10);
  segments.claim(4);
  assertEquals(segments.receive(segments.claim(0), 9), 4);
});

Deno.test("Segments.abandon() leaves a hole when a request has failed", () => {
  const segments = new Segments(10);
  const segment = segments.claim(0);
  segments.receive(segment, 3);
  segments.abandon(segment);
  assertEquals([segments.firstHole(), segments.inFlight, segments.receivedBytes], [3, 0, 3]);
  const empty = segments.claim(3);
  segments.abandon(empty);
  assertEquals(segments.claim(3).end, 10);
});

Deno.test("Segments request every byte once for any order of readers", async () => {
  await forAll(
    fc.tuple(fc.integer({ min: 1, max: 200 }), fc.array(fc.nat(199), { maxLength: 20 })),
    ([length, positions]) => {
      const segments = new Segments(length);
      const requested: number[] = [];
      const claim = (position: number) => {
        const { start, end } = segments.claim(position);
        for (let at = start; at < end; at++) requested.push(at);
      };
      for (const position of positions) {
        if (position < length && !segments.isClaimed(position)) claim(position);
      }
      for (let hole = segments.firstHole(); hole !== null; hole = segments.firstHole()) claim(hole);
      assertEquals(requested.length, length);
      assertEquals(new Set(requested).size, length);
      assert(segments.inFlight > 0);
    },
  );
});
