/** The connections of a parallel download that servers refuse. */
import { assertEquals } from "@std/assert";
import { ActiveConnections } from "../../../lib/transfer/parallel/active_connections.ts";

/** Two connections, of which one receives bytes at 100 ms. */
function pair(): ActiveConnections {
  const active = new ActiveConnections();
  active.add(1);
  active.add(2);
  active.received(100);
  return active;
}

Deno.test("ActiveConnections.refuse() removes a connection when another one has received bytes since its request", () => {
  const active = pair();
  assertEquals(active.refuse(2, 50, 4, false), true);
  assertEquals([active.hasRefused, active.allRefused], [true, false]);
});

Deno.test("ActiveConnections.refuse() keeps a connection when no bytes have arrived since its request", () => {
  const active = pair();
  assertEquals(active.refuse(2, 100, 4, true), false);
  assertEquals([active.hasRefused, active.allRefused], [false, false]);
});

Deno.test("ActiveConnections.refuse() keeps the last connection when the lead has ended", () => {
  const active = pair();
  active.remove(1);
  assertEquals(active.refuse(2, 50, 4, false), false);
});

Deno.test("ActiveConnections.refuse() keeps a connection when the others end with their parts", () => {
  const active = pair();
  assertEquals(active.refuse(1, 50, 2, false), false);
});

Deno.test("ActiveConnections.allRefused is true when all were refused while the lead is open", () => {
  const active = pair();
  assertEquals([active.refuse(1, 50, 4, true), active.refuse(2, 50, 4, true)], [true, true]);
  assertEquals(active.allRefused, true);
});
