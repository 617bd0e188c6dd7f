/** Conclusions from a failure: about its server, the next request, and the end of the download. */
import { assert, assertEquals, assertMatch, assertStrictEquals } from "@std/assert";
import {
  AuthenticationFailed,
  GlanceConnectionFailed,
  ImageDownloadFailed,
  ImageIntegrityError,
} from "../../../mod.ts";
import { RedirectRefused, ServerUnreachable, UnexpectedResponse } from "../../../lib/errors.ts";
import { optionPart } from "../../../lib/message_parts.ts";
import { Candidates } from "../../../lib/transfer/download/candidates.ts";
import { downloadFailed } from "../../../lib/transfer/download/on_demand/download_failure.ts";
import {
  afterBreak,
  type ClassifiedFailure,
  classifyFailure,
  type DownloadState,
  type Limits,
  nextAction,
  noBreaks,
  retryTimeOf,
  type ServerFailure,
} from "../../../lib/transfer/download/resume_policy.ts";
import { RangeRefused } from "../../../lib/transfer/range_errors.ts";
import { errorFromStatus } from "../../../lib/api/mod.ts";

const [A, B, C] = ["http://a", "http://b", "http://c"];

const STANDING: DownloadState = {
  imageId: "42",
  offset: 100,
  hasBegun: true,
  isSized: true,
  hasPrefer: false,
  servers: [A, B, C],
  response: null,
};

function answered(status: number, server = B) {
  const facts = { action: "download", explanation: "", imageId: "42" };
  return errorFromStatus({ ...facts, status, server });
}

const FIRST = { hasBegun: false, offset: 0 };
const PREFER = { ...FIRST, hasPrefer: true };
const UNSIZED = { ...FIRST, isSized: false };
const PIECE = { response: { server: B, isRange: true } };
const hash = { expected: "sha512 1", actual: "sha512 2", server: B, status: 200 };

/** A failure and the position of the download -> the conclusion about the server. */
const BREAKS: readonly (readonly [
  what: string,
  error: unknown,
  standing: Partial<DownloadState>,
  kind: ClassifiedFailure["kind"],
])[] = [
  ...[400, 403, 404, 405, 409, 410, 413, 415, 416, 418, 451].flatMap((status) =>
    [
      [`${status} after the first byte`, answered(status), {}, "denied"],
      [`${status} before the first byte`, answered(status), FIRST, "denied"],
      [`${status} for an image without a size`, answered(status), UNSIZED, "final"],
    ] as const
  ),
  ["400 for a chosen store", answered(400), PREFER, "final"],
  ["404 for a chosen store", answered(404), PREFER, "denied"],
  ["400 for a chosen store after the first byte", answered(400), { hasPrefer: true }, "denied"],
  ["401", answered(401), {}, "final"],
  ["500 after the first byte", answered(500), {}, "broken"],
  ["501 after the first byte", answered(501), {}, "broken"],
  ["500 before the first byte", answered(500), FIRST, "denied"],
  ["404 of something that is not an image server", answered(404, "http://keystone"), {}, "final"],
  ["no connection", new GlanceConnectionFailed("x", { server: B }), {}, "broken"],
  ["no connection before the first byte", new GlanceConnectionFailed("x"), FIRST, "final"],
  ["silence", new ServerUnreachable("x", { server: B }), PIECE, "broken"],
  ["a range that cannot be used", new RangeRefused("x", { server: B }, true), {}, "no range"],
  ["a whole that cannot be used", new RangeRefused("x", { server: B }, false), {}, "broken"],
  ["a foreign redirect", new RedirectRefused("x", { server: B, status: 302 }), {}, "denied"],
  ["an unexpected status", new UnexpectedResponse("x", { server: B, status: 201 }), {}, "denied"],
  ["a wrong hash", new ImageIntegrityError("x", hash), {}, "final"],
  ["a refused sign-in", new AuthenticationFailed("x"), {}, "final"],
  ["replaced data", new ImageDownloadFailed("x"), {}, "final"],
  ["a broken body", new TypeError("connection reset"), PIECE, "broken"],
  ["an error of this side", new TypeError("no such file"), {}, "final"],
];

for (const [what, error, standing, kind] of BREAKS) {
  Deno.test(`classifyFailure() takes ${what} for "${kind}"`, () => {
    const broke = classifyFailure(error, { ...STANDING, ...standing });
    assertEquals(broke.kind, kind);
    if (broke.kind !== "final" && !(error instanceof TypeError)) {
      assertStrictEquals(broke.error, error);
    }
  });
}

Deno.test("classifyFailure() names the byte at which the connection broke", () => {
  const broke = classifyFailure(new TypeError("reset"), { ...STANDING, ...PIECE });
  const error = broke.error as ServerUnreachable;
  assert(error instanceof ServerUnreachable);
  assertEquals([error.server, error.imageId], [B, "42"]);
});

const LIMITS: Limits = {
  imageId: "42",
  delivered: 100,
  total: 200,
  numRetries: 3,
  retryTime: 0,
  requestTimeout: 60_000,
  now: 0,
  mayRequest: true,
};

/** Consecutive breaks without a byte, and what limits the download -> the longest delay, or an error. */
const ACTIONS: readonly (readonly [
  when: string,
  withoutProgress: number,
  limits: Partial<Limits>,
  action: "requests at once" | number | "fails",
])[] = [
  ["a break after progress", 0, {}, "requests at once"],
  ["the first break without progress", 1, {}, "requests at once"],
  ["the second break without progress", 2, {}, 500],
  ["the last break without progress", 3, {}, 1_000],
  ["too many breaks without progress", 4, {}, "fails"],
  ["a break without retries", 1, { numRetries: 0 }, "fails"],
  ["a break with an empty budget", 0, { mayRequest: false }, "fails"],
  ["a break in an image of unknown size", 0, { total: null }, "fails"],
  ["a break before the first byte of an image of unknown size", 0, {
    total: null,
    delivered: 0,
  }, "requests at once"],
];

for (const [when, withoutProgress, limits, expected] of ACTIONS) {
  const what = typeof expected === "number" ? `waits up to ${expected} ms` : expected;
  Deno.test(`nextAction() ${what} after ${when}`, () => {
    const history = { ...noBreaks(0), withoutProgress };
    const action = nextAction(history, { ...LIMITS, ...limits });
    if (action.kind === "request") {
      const maxDelay = expected === "requests at once" ? 0 : expected;
      assertEquals(action, { kind: "request", minDelay: 0, maxDelay });
      return;
    }
    assertEquals([expected, action.hasWaited], ["fails", false]);
  });
}

Deno.test("downloadFailed() has the errors of all breaks, and facts of the last one", () => {
  const last = new ServerUnreachable('Cannot download image "42": last', { server: B });
  const failures = [new ServerUnreachable("first"), last];
  const limits = { ...LIMITS, retryTime: 30_000 };
  const code = { ImageDownloadFailed, optionPart };
  const [error, waited] = [false, true].map((hasWaited) =>
    downloadFailed({ failures, limits, hasWaited }, code)
  );
  assertEquals([error?.attempts, error?.server, error?.imageId], [2, B, "42"]);
  assertMatch(error?.message ?? "", /no server could continue it; last error: last$/);
  assertEquals((error?.cause as AggregateError).errors, failures);
  assertMatch(waited?.message ?? "", /within 30000 ms; raise "stallTimeout" to wait longer; last/);
  assertEquals(waited?.messageParts, [{ key: "stallTimeout", text: '"stallTimeout"' }]);
});

/** Breaks without a byte, the time since the first one, and the budget -> the delays, or an error. */
const STALL_LIMITS: readonly (readonly [
  when: string,
  withoutProgress: number,
  elapsed: number,
  limits: Partial<Limits>,
  delays: readonly [min: number, max: number] | "fails",
])[] = [
  ["a break after progress", 0, 0, {}, [0, 0]],
  ["the first break without progress", 1, 0, {}, [0, 0]],
  ["the second break without progress", 2, 100, {}, [125, 500]],
  ["more breaks than numRetries", 5, 3_000, {}, [1_000, 4_000]],
  ["a break when retries are off", 1, 0, { numRetries: 0 }, [0, 0]],
  ["many breaks", 40, 20_000, {}, [1_000, 4_000]],
  ["a break 3 s before the end", 15, 27_000, {}, [750, 3_000]],
  ["a break 1 s before the end", 15, 29_000, {}, [1_000, 1_000]],
  ["a break 1 ms before the end", 15, 29_999, {}, [1, 1]],
  ["a break at the end", 15, 30_000, {}, "fails"],
  ["a break long after the end", 15, 99_000, {}, "fails"],
  ["a silence that used up the time", 0, 30_000, {}, [0, 0]],
  ["a silence that used up the time and the budget", 0, 30_000, { mayRequest: false }, [0, 0]],
  ["a request during the last requestTimeout", 1, 60_000, {}, [0, 0]],
  ["a break with an empty budget", 0, 0, { mayRequest: false }, [1_000, 1_000]],
  ["several breaks with an empty budget", 5, 0, { mayRequest: false }, [1_000, 4_000]],
  ["a break with an empty budget at the end", 1, 30_000, { mayRequest: false }, "fails"],
];

for (const [when, withoutProgress, elapsed, limits, delays] of STALL_LIMITS) {
  const what = delays === "fails" ? delays : `waits ${delays.join(" to ")} ms`;
  Deno.test(`nextAction() ${what} with 30 s to retry after ${when}`, () => {
    const since = { brokenSince: 5_000, isOutage: true };
    const history = { ...noBreaks(0), ...since, withoutProgress };
    const now = 5_000 + elapsed;
    const action = nextAction(history, { ...LIMITS, retryTime: 30_000, now, ...limits });
    if (action.kind === "request") {
      assertEquals([action.minDelay, action.maxDelay], delays);
      return;
    }
    assertEquals([delays, action.hasWaited], ["fails", true]);
  });
}

Deno.test("nextAction() counts the delays that the clock did not see", () => {
  const history = { ...noBreaks(0), brokenSince: 0, isOutage: true, withoutProgress: 9 };
  const limits = { ...LIMITS, retryTime: 30_000, now: 5 };
  const request = (delayed: number) => nextAction({ ...history, delayed }, limits);
  assertEquals(request(28_000), { kind: "request", minDelay: 500, maxDelay: 2_000 });
  assertEquals(request(29_500), { kind: "request", minDelay: 500, maxDelay: 500 });
  assertEquals(request(30_000).kind, "fail");
});

Deno.test("nextAction() fails after numRetries when servers only send responses that cannot be used", () => {
  const refused = new RangeRefused("x", { server: B }, false);
  const failure: ServerFailure = { kind: "broken", error: refused, isRange: false };
  const cut: ServerFailure = { kind: "broken", error: answered(503), isRange: true };
  let history = afterBreak(noBreaks(0), cut, 10, 1_000);
  for (let i = 0; i < 4; i++) history = afterBreak(history, failure, 10, 1_000);
  const limits = { ...LIMITS, retryTime: 30_000, now: 1_000 };
  assertEquals(nextAction(history, limits).kind, "fail");
  history = afterBreak(history, cut, 10, 1_000);
  assertEquals(nextAction(history, limits).kind, "request");
  assertEquals(nextAction(afterBreak(history, failure, 10, 1_000), limits).kind, "request");
});

Deno.test("nextAction() fails at once and names no option when the size is unknown", () => {
  const history = { ...noBreaks(0), brokenSince: 0, isOutage: true };
  const action = nextAction(history, { ...LIMITS, retryTime: 30_000, total: null });
  assertEquals(action, { kind: "fail", hasWaited: false });
});

Deno.test("retryTimeOf() is stallTimeout after the first byte, unless it is Infinity", () => {
  assertEquals(retryTimeOf(true, 7_000), 7_000);
  assertEquals(retryTimeOf(false, 7_000), 0);
  assertEquals(retryTimeOf(true, Infinity), 0);
});

Deno.test("afterBreak() measures from the first break since the last byte", () => {
  const failure: ServerFailure = { kind: "broken", error: answered(503), isRange: true };
  let history = noBreaks(0);
  for (const [offset, now, since] of [[0, 5, 5], [0, 9, 5], [3, 20, 20], [3, 30, 20]] as const) {
    history = afterBreak(history, failure, offset, now);
    assertEquals([history.brokenSince, history.isOutage], [since, true]);
  }
});

Deno.test("afterBreak() counts what can be requested again, and starts over after progress", () => {
  const error = answered(404);
  const broken: ServerFailure = { kind: "broken", error, isRange: false };
  const before = { ...noBreaks(5), withoutProgress: 2 };
  const countAfter = (failure: ServerFailure, offset: number) =>
    afterBreak(before, failure, offset, 0).withoutProgress;
  assertEquals(countAfter(broken, 5), 3);
  assertEquals(countAfter(broken, 6), 0);
  assertEquals(countAfter({ kind: "denied", error, server: B }, 5), 2);
  assertEquals(countAfter({ kind: "no range", error, server: B }, 5), 2);
});

Deno.test("afterBreak() keeps every error, and the offset and error of the last break", () => {
  const [first, last] = [answered(404), answered(503)];
  const once = afterBreak(noBreaks(0), { kind: "denied", error: first, server: B }, 10, 1);
  const twice = afterBreak(once, { kind: "broken", error: last, isRange: true }, 20, 2);
  assertEquals(twice, {
    failures: [first, last],
    withoutProgress: 0,
    offset: 20,
    brokenSince: 2,
    delayed: 0,
    isOutage: true,
    unresumed: last,
  });
});

const SEEKS = () => true;

function broken(server: string, isRange = true): ClassifiedFailure & { readonly kind: "broken" } {
  return { kind: "broken", error: new ServerUnreachable("x", { server }), isRange };
}

function question(candidates: Candidates, givesRanges: (server: string) => boolean = SEEKS) {
  const { kind, excluded, tried } = candidates.next([A, B, C], givesRanges);
  return [kind, [...excluded], [...tried]];
}

Deno.test("Candidates requests ranges as long as one server supports them", () => {
  const candidates = new Candidates();
  assertEquals(question(candidates), ["range", [], []]);
  assertEquals(question(candidates, (server) => server === C), ["range", [A, B], []]);
  candidates.refuseRange(A);
  candidates.refuseRange(B);
  assertEquals(question(candidates), ["range", [A, B], []]);
  candidates.refuseRange(C);
  assertEquals(question(candidates), ["whole", [], []]);
});

Deno.test("Candidates chooses failed servers last, the oldest failure first", () => {
  const candidates = new Candidates();
  question(candidates);
  candidates.recordFailure(broken(A), true, true);
  assertEquals(question(candidates), ["range", [], [A]]);
  candidates.recordFailure(broken(B), false, true);
  assertEquals(question(candidates), ["range", [], [A, B]]);
  candidates.recordFailure(broken(C), false, true);
  assertEquals(question(candidates), ["range", [], [B, C]]);
  candidates.recordFailure(broken(A), true, true);
  assertEquals(question(candidates), ["range", [], [A]]);
});

Deno.test("Candidates requests the whole image after two failed ranges of each server", () => {
  const candidates = new Candidates();
  for (let i = 0; i < 2; i++) {
    for (const server of [A, B, C]) {
      assertEquals(question(candidates)[0], "range");
      candidates.recordFailure(broken(server), false, true);
    }
  }
  assertEquals(question(candidates)[0], "whole");
});

Deno.test("Candidates skips servers that denied the image, and ends when all have", () => {
  const candidates = new Candidates();
  question(candidates);
  const [first, ...others] = [A, C, B].map((server) => answered(404, server));
  const deny = (error = first) =>
    candidates.recordFailure(
      { kind: "denied", error: error!, server: error!.server! },
      false,
      true,
    );
  assertEquals(deny(), null);
  assertEquals(question(candidates), ["range", [A], []]);
  assertEquals(deny(others[0]), null);
  assertEquals(question(candidates), ["range", [A, C], []]);
  assertStrictEquals(deny(others[1]), first);
});

Deno.test("Candidates requests the whole image when no server with ranges responds", () => {
  const candidates = new Candidates();
  const givesRanges = (server: string) => server === A;
  assertEquals(question(candidates, givesRanges)[0], "range");
  const error = new GlanceConnectionFailed("x", { server: A });
  assertEquals(
    candidates.recordFailure({ kind: "broken", error, isRange: false }, false, false),
    null,
  );
  assertEquals(question(candidates, givesRanges), ["whole", [], [A]]);
  const all: ClassifiedFailure = { kind: "broken", error, isRange: false };
  assertStrictEquals(candidates.recordFailure(all, false, false), error);
  assertEquals(candidates.recordFailure(all, false, true), null);
});

Deno.test("Candidates requests no more ranges from a server that sends only a few bytes", () => {
  const candidates = new Candidates();
  for (let i = 0; i < 15; i++) candidates.recordShortPart(A, 1_000);
  assertEquals(question(candidates), ["range", [], []]);
  for (let i = 0; i < 99; i++) candidates.recordShortPart(B, 2 ** 20);
  candidates.recordShortPart(A, 1_000);
  assertEquals(question(candidates), ["range", [A], []]);
});
