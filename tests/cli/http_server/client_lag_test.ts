import { assertEquals } from "@std/assert";
import { ClientLag } from "../../../lib/cli/http_server/client_lag.ts";

/** A lag at a minimum rate of 1000 bytes per second, one per millisecond. */
function lagOf() {
  const clock = { ms: 0 };
  const lag = new ClientLag(1000, { now: () => clock.ms });
  return {
    lag,
    wait(ms: number, bytes: number): void {
      lag.begin();
      clock.ms += ms;
      lag.end(bytes);
    },
    pass: (ms: number) => void (clock.ms += ms),
  };
}

Deno.test("ClientLag.ms grows when a client sends a byte from time to time", () => {
  const { lag, wait } = lagOf();
  for (let i = 0; i < 5; i++) wait(9_000, 1);
  assertEquals(lag.ms, 5 * 8_999);
});

Deno.test("ClientLag.ms shrinks when a client sends fast after a pause, and never below 0", () => {
  const { lag, wait } = lagOf();
  wait(50_000, 20_000);
  assertEquals(lag.ms, 30_000);
  wait(1_000, 1_000_000);
  assertEquals(lag.ms, 0);
  wait(50, 1);
  assertEquals(lag.ms, 49);
});

Deno.test("ClientLag.pendingMs is 0 when the client waits for the server", () => {
  const { lag, wait, pass } = lagOf();
  wait(100, 0);
  pass(1_000);
  assertEquals([lag.pendingMs, lag.ms], [0, 100]);
  lag.begin();
  pass(10);
  assertEquals([lag.pendingMs, lag.ms], [110, 110]);
});

Deno.test("ClientLag.ms counts the time once when two waits overlap", () => {
  const { lag, pass } = lagOf();
  lag.begin();
  pass(10);
  lag.begin();
  pass(10);
  lag.end(0);
  pass(10);
  lag.end(5);
  assertEquals(lag.ms, 25);
});
