/** Properties of every sequence of breaks. */
import { assert, assertEquals } from "@std/assert";
import { ServerUnreachable } from "../../../lib/errors.ts";
import {
  afterBreak,
  type BreakHistory,
  nextAction,
  noBreaks,
  type ServerFailure,
} from "../../../lib/transfer/download/resume_policy.ts";
import { fc, forAll } from "../../support/properties.ts";

interface Break {
  readonly kind: ServerFailure["kind"];
  /** Bytes delivered since the break before. */
  readonly progress: number;
}

const BREAK: fc.Arbitrary<Break> = fc.record({
  kind: fc.constantFrom("broken", "no range", "denied"),
  progress: fc.oneof(fc.constant(0), fc.constant(0), fc.nat(1_000)),
});

const DOWNLOAD = fc.record({
  breaks: fc.array(BREAK, { minLength: 1, maxLength: 30 }),
  start: fc.nat(1_000),
  isSized: fc.boolean(),
  numRetries: fc.nat(5),
});

function after(history: BreakHistory, { kind, progress }: Break): BreakHistory {
  const server = "http://a";
  const error = new ServerUnreachable("broken", { server });
  const failure = { kind, error, server, isRange: true };
  return afterBreak(history, failure, history.offset + progress, 0);
}

Deno.test("nextAction() requests as long as each of the last breaks had progress or was refused", async () => {
  await forAll(DOWNLOAD, ({ breaks, start, numRetries }) => {
    let history = noBreaks(start);
    let fruitless = 0;
    for (const each of breaks) {
      history = after(history, each);
      if (each.progress > 0) fruitless = 0;
      else if (each.kind === "broken") fruitless++;
      const action = actionAfter(history, start, { numRetries });
      assertEquals(action.kind, fruitless > numRetries ? "fail" : "request");
    }
    assertEquals(history.failures.length, breaks.length);
    assertEquals(history.offset, breaks.reduce((sum, { progress }) => sum + progress, start));
  });
});

Deno.test("nextAction() waits only after two breaks without a byte, each time up to twice as long", async () => {
  await forAll(DOWNLOAD, ({ breaks, start }) => {
    let history = noBreaks(start);
    let last = 0;
    for (const each of breaks) {
      history = after(history, each);
      const action = actionAfter(history, start, { numRetries: breaks.length });
      if (action.kind === "fail") throw new Error("The download failed");
      const { maxDelay } = action;
      const next = Math.min(20_000, last === 0 ? 500 : 2 * last);
      if (each.progress > 0) assertEquals(maxDelay, 0);
      else assert(maxDelay === last || maxDelay === next);
      last = maxDelay;
    }
  });
});

Deno.test("nextAction() fails when the budget is empty or no server can send the remaining bytes", async () => {
  await forAll(DOWNLOAD, ({ breaks, start, isSized }) => {
    const history = breaks.reduce(after, noBreaks(start));
    const mayRequest = breaks.length % 2 === 0;
    const numRetries = breaks.length;
    const total = isSized ? 100_000 : null;
    const action = actionAfter(history, start, { numRetries, mayRequest, total });
    const isLost = !isSized && history.offset > start;
    assertEquals(action.kind, !mayRequest || isLost ? "fail" : "request");
  });
});

function actionAfter(history: BreakHistory, start: number, limits: {
  readonly numRetries: number;
  readonly mayRequest?: boolean;
  readonly total?: number | null;
}) {
  const delivered = history.offset - start;
  return nextAction(history, {
    imageId: "42",
    delivered,
    total: 100_000,
    retryTime: 0,
    requestTimeout: 60_000,
    now: 0,
    mayRequest: true,
    ...limits,
  });
}
