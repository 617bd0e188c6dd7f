/** How many retries and hedged requests a client may send. */
import { assert, assertEquals } from "@std/assert";
import { HEDGE_COST, hedgeBudget, retryBudget } from "../../../lib/http/retry/token_bucket.ts";

Deno.test("retryBudget() allows a hundred retries and no more", () => {
  const budget = retryBudget();
  const paid = Array.from({ length: 105 }, () => budget.spend());
  assertEquals(paid.filter(Boolean).length, 100);
  assertEquals(paid.slice(100), [false, false, false, false, false]);
});

Deno.test("retryBudget() allows a retry after five successes, and never exceeds its capacity", () => {
  const budget = retryBudget();
  for (let i = 0; i < 1_000; i++) budget.refund();
  for (let i = 0; i < 100; i++) assertEquals(budget.spend(), true);
  for (let i = 0; i < 4; i++) budget.refund();
  assertEquals(budget.spend(), false);
  budget.refund();
  assertEquals(budget.spend(), true);
  assertEquals(budget.spend(), false);
});

Deno.test("hedgeBudget() allows 8 hedged requests, then one per 50 requests", () => {
  const budget = hedgeBudget();
  const spent = () => Array.from({ length: 20 }, () => budget.spend()).filter(Boolean).length;
  assertEquals(spent(), 8);
  for (let i = 0; i < 49; i++) budget.refund();
  assertEquals(spent(), 0);
  budget.refund();
  assertEquals(spent(), 1);
  for (let i = 0; i < 10_000; i++) budget.refund();
  assertEquals(spent(), 8);
});

Deno.test("TokenBucket.refund() with the tokens of one request allows one more hedged request, up to its capacity", () => {
  const budget = hedgeBudget();
  budget.refund(HEDGE_COST);
  for (let i = 0; i < 8; i++) assert(budget.spend());
  assert(!budget.spend());
  budget.refund(HEDGE_COST);
  assert(budget.spend());
  assert(!budget.spend());
});
