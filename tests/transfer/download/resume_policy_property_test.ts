/** What holds after every sequence of breaks. */
import { assert, assertEquals } from "@std/assert";
import { ServerUnreachable } from "../../../mod.ts";
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
  return afterBreak(history, failure, history.offset + progress);
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

Deno.test("nextAction() waits only after two breaks without a byte, in rounds that count up", async () => {
  await forAll(DOWNLOAD, ({ breaks, start }) => {
    let history = noBreaks(start);
    let last: number | null = null;
    for (const each of breaks) {
      history = after(history, each);
      const action = actionAfter(history, start, { numRetries: breaks.length });
      if (action.kind === "fail") throw new Error("The download failed");
      if (each.progress > 0) assertEquals(action.round, null);
      else assert(action.round === last || action.round === (last === null ? 0 : last + 1));
      last = action.round;
    }
  });
});

Deno.test("nextAction() fails when the budget is empty, or the rest cannot be requested", async () => {
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
    mayRequest: true,
    ...limits,
  });
}
