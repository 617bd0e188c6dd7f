/** An aborted call rejects immediately with the reason, and leaves no timer, listener, or body. */
import { assertEquals, assertStrictEquals } from "@std/assert";
import type { GlanceClientWrapperOptions, RequestContext } from "../../mod.ts";
import { abortable } from "../../lib/http/deadline.ts";
import { FakeBody, utf8 } from "../support/bodies.ts";
import { refused, silence, type Step } from "../support/scripted_fetch.ts";
import { failureOf, harnessOf } from "../support/client_harness.ts";

/** When a call is aborted: its activity, and the number of requests it has sent. */
interface Case {
  readonly during: string;
  readonly steps: readonly Step[];
  readonly options?: GlanceClientWrapperOptions;
  readonly context?: RequestContext;
  readonly requests: number;
}

const never = () => new Promise<RequestContext>(() => {});

const CASES: readonly Case[] = [
  { during: "the first request", steps: [silence], requests: 1 },
  { during: "a request after a failure", steps: [refused(), silence], requests: 2 },
  {
    during: "a back-off",
    steps: [503, 200],
    options: { apiServers: ["a"], random: () => 0.999_999 },
    requests: 1,
  },
  {
    during: "a wait for Retry-After",
    steps: [new Response("", { status: 429, headers: { "retry-after": "60" } })],
    options: { apiServers: ["a"] },
    requests: 1,
  },
  {
    during: "the renewal of an expiring token",
    steps: [200],
    context: { authToken: "old", expiresAt: new Date(0), renew: never },
    requests: 0,
  },
  {
    during: "the renewal of a refused token",
    steps: [401, 200],
    context: { authToken: "old", renew: never },
    requests: 1,
  },
  {
    during: "the question for the catalog",
    steps: [silence],
    options: { apiServers: null, authUrl: "http://keystone", requestTimeout: Infinity },
    context: { authToken: "token" },
    requests: 1,
  },
  {
    during: "a body of JSON",
    steps: [({ signal }) => {
      return new Response(new FakeBody([utf8("{"), "silence"], { signal }).stream);
    }],
    requests: 1,
  },
];

for (const { during, steps, options, context = {}, requests } of CASES) {
  Deno.test(`call() rejects immediately with the reason when it is aborted during ${during}`, async () => {
    for (const reason of [new Error("enough"), "enough", 0]) {
      const replayed = steps.map((step) => step instanceof Response ? step.clone() : step);
      const { client, clock, script } = harnessOf(replayed, options);
      const controller = new AbortController();
      const call = failureOf(
        client.run(context, "get", ["42"], { signal: controller.signal }),
      );
      clock.sleep(400).then(() => controller.abort(reason));
      assertStrictEquals(await clock.run(call), reason);
      assertEquals(clock.now(), 400);
      assertEquals(script.requests.length, requests);
      if (options?.authUrl === undefined) assertEquals(clock.pending, 0);
    }
    for (const step of steps) if (step instanceof Response) await step.body?.cancel();
  });
}

Deno.test("call() sends no request when its signal is already aborted", async () => {
  const { client, script } = harnessOf([200]);
  const reason = new Error("too late");
  const signal = AbortSignal.abort(reason);
  assertStrictEquals(await failureOf(client.run({}, "get", ["42"], { signal })), reason);
  assertEquals(script.requests.length, 0);
});

Deno.test("call() ignores an abort after the response", async () => {
  const { client, clock } = harnessOf([Response.json({ id: "42" })]);
  const controller = new AbortController();
  const { signal } = controller;
  const image = await clock.run(client.run({}, "get", ["42"], { signal }));
  controller.abort();
  assertEquals(image.id, "42");
});

Deno.test("call() leaves no listener on its signal", async () => {
  const { client, clock } = harnessOf([503, 401, 401, Response.json({ id: "42" })]);
  const { signal } = new AbortController();
  const listeners = new Set<unknown>();
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners.add(args[1]);
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listeners.delete(args[1]);
    remove(...args);
  };
  const context = { authToken: "old", renew: () => Promise.resolve({ authToken: "new" }) };
  await failureOf(clock.run(client.run(context, "get", ["42"], { signal })));
  await clock.run(client.run(context, "get", ["42"], { signal }));
  assertEquals(listeners.size, 0);
});

Deno.test("abortable() returns the result of the work, and does not wait for it after an abort", async () => {
  const controller = new AbortController();
  const { signal } = controller;
  assertEquals(await abortable(Promise.resolve(1), signal), 1);
  assertEquals(await abortable(Promise.resolve(1), undefined), 1);
  const error = new Error("broken");
  assertStrictEquals(await failureOf(abortable(Promise.reject(error), signal)), error);
  const waiting = failureOf(abortable(new Promise(() => {}), signal));
  controller.abort("enough");
  assertEquals(await waiting, "enough");
  assertEquals(await failureOf(abortable(new Promise(() => {}), signal)), "enough");
  // The work's later result, even an error, is ignored.
  assertEquals(await failureOf(abortable(Promise.reject(error), signal)), "enough");
});
