/** The number of connections, for networks that differ in what a connection and all of them can carry. */
import { assertEquals } from "@std/assert";
import { ConnectionCount } from "../../../lib/transfer/parallel/connection_count.ts";

/** The numbers of connections that are used over time, with the throughput of each. */
function countsOf(wait: number, rateOf: (count: number, interval: number) => number): number[] {
  const connections = new ConnectionCount(0, wait);
  const counts = [connections.count];
  for (let i = 0; i < 12; i++) {
    const rate = rateOf(connections.count, i);
    for (let part = 1; part <= 4; part++) {
      connections.received(rate * INTERVAL / 4, (i + part / 4) * INTERVAL);
    }
    if (connections.count !== counts.at(-1)) counts.push(connections.count);
  }
  return counts;
}

/** Milliseconds of a measurement. */
const INTERVAL = 250;

/** Bytes per millisecond of a number of connections in an interval, and the numbers used. */
const NETWORKS: readonly (readonly [
  what: string,
  rateOf: (count: number, interval: number) => number,
  counts: readonly number[],
])[] = [
  ["one connection fills the network", () => 1_000, [1, 2, 1]],
  ["two connections fill the network", (n) => Math.min(n, 2) * 1_000, [1, 2, 4, 2]],
  ["eight connections do not fill the network", (n) => n * 1_000, [1, 2, 4, 8]],
  ["more connections are slower", (n) => 1_000 / n, [1, 2, 1]],
  ["one connection starts slowly", (n, i) => Math.min(100 * 2 ** i, 300 * n), [1, 2, 4, 8]],
  ["the gain of more connections comes late", (n, i) => i < 2 ? 1_000 : n * 1_000, [1, 2, 4, 8]],
  ["a gain is below 15 %", (n) => 1_000 + 30 * n, [1, 2, 1]],
  ["one connection reads 256 MiB per second", () => 256 * 1024, [1]],
];

for (const [what, rateOf, counts] of NETWORKS) {
  for (const wait of [1, 19]) {
    Deno.test(`ConnectionCount uses ${counts.join(", ")} connections when ${what} and the first byte takes ${wait} ms`, () => {
      assertEquals(countsOf(wait, rateOf), counts);
    });
  }
}

for (const wait of [20, 200]) {
  Deno.test(`ConnectionCount uses 8 connections at once when the first byte takes ${wait} ms`, () => {
    for (const [, rateOf] of NETWORKS) assertEquals(countsOf(wait, rateOf), [8]);
  });
}
