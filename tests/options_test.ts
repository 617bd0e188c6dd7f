/** The options: defaults, validation, and ports. */
import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { resolveOptions } from "../lib/options.ts";
import { timerOf } from "../lib/timer.ts";
import { type GlanceOptions, InvalidConfigurationValue } from "../mod.ts";
import { failureOf } from "./support/client_harness.ts";

Deno.test("resolveOptions() has the defaults of Cinder's configuration", () => {
  const options = resolveOptions();
  assertEquals(options.apiServers, null);
  assertEquals(options.numRetries, 3);
  assertEquals(options.catalogInfo, {
    serviceType: "image",
    serviceName: "glance",
    endpointType: "publicURL",
  });
  assertEquals(options.regionName, null);
  assertEquals(options.authUrl, null);
  assertEquals(options.requestTimeout, 60_000);
  assertEquals(options.stallTimeout, 30_000);
  assertEquals(options.hedgeDelay, 2_500);
  assertEquals(options.allowedDirectUrlSchemes, []);
  assertEquals(options.directUrlRoots, []);
  assertEquals(options.trustedHosts, []);
  assertEquals(options.authStrategy, "keystone");
  assertEquals(options.privilegedContext, null);
});

Deno.test("resolveOptions() treats undefined like an absent option", () => {
  const silent = Object.fromEntries(
    Object.keys(resolveOptions()).map((key) => [key, undefined]),
  ) as GlanceOptions;
  const { apiServers, numRetries, requestTimeout } = resolveOptions(silent);
  assertEquals([apiServers, numRetries, requestTimeout], [null, 3, 60_000]);
});

const GOOD: readonly (readonly [GlanceOptions, keyof GlanceOptions, unknown])[] = [
  [{ numRetries: 0 }, "numRetries", 0],
  [{ requestTimeout: Infinity }, "requestTimeout", Infinity],
  [{ stallTimeout: 0.5 }, "stallTimeout", 0.5],
  [{ hedgeDelay: Infinity }, "hedgeDelay", Infinity],
  [{ authStrategy: "noauth" }, "authStrategy", "noauth"],
  [{ regionName: "north" }, "regionName", "north"],
  [{ catalogInfo: "image::internal" }, "catalogInfo", {
    serviceType: "image",
    serviceName: "",
    endpointType: "internal",
  }],
  [{ apiServers: ["a:1", "https://b/v2"] }, "apiServers", [
    { endpoint: "http://a:1", netloc: "a:1", useSsl: false },
    { endpoint: "https://b", netloc: "b", useSsl: true },
  ]],
];

for (const [options, name, value] of GOOD) {
  Deno.test(`resolveOptions() accepts ${JSON.stringify(options)}`, () => {
    assertEquals(resolveOptions(options)[name], value);
  });
}

/** Invalid values, also from callers without types. */
const BAD: readonly (readonly [name: keyof GlanceOptions, value: unknown])[] = [
  ["numRetries", -1],
  ["numRetries", 1.5],
  ["numRetries", NaN],
  ["numRetries", Infinity],
  ["numRetries", "3"],
  ["requestTimeout", 0],
  ["requestTimeout", -1],
  ["requestTimeout", NaN],
  ["requestTimeout", "60000"],
  ["stallTimeout", 0],
  ["hedgeDelay", 0],
  ["stallTimeout", -Infinity],
  ["apiServers", []],
  ["apiServers", "glance:9292"],
  ["apiServers", [""]],
  ["apiServers", ["good", "ftp://bad"]],
  ["apiServers", ["https://me:pw@host"]],
  ["catalogInfo", ""],
  ["catalogInfo", "image"],
  ["catalogInfo", "image:glance"],
  ["catalogInfo", ":glance:publicURL"],
  ["catalogInfo", "image:glance:"],
  ["catalogInfo", "image:glance:publicURL:more"],
  ["authStrategy", "basic"],
  ["authStrategy", ""],
];

for (const [name, value] of BAD) {
  Deno.test(`resolveOptions() refuses ${JSON.stringify(value)} as ${name}`, () => {
    const options = { [name]: value } as GlanceOptions;
    const { message } = assertThrows(() => resolveOptions(options), InvalidConfigurationValue);
    assert(/^Cannot use .*(must|write|pass)/.test(message), message);
    assert(!message.includes("pw"), message);
  });
}

Deno.test("resolveOptions() returns frozen options that do not change with their input", () => {
  const apiServers = ["a"];
  const trustedHosts = ["a"];
  const options = resolveOptions({ apiServers, trustedHosts });
  apiServers.push("b");
  trustedHosts.push("b");
  assertEquals(options.apiServers?.length, 1);
  assertEquals(options.trustedHosts, ["https://a"]);
  assert(Object.isFrozen(options));
  assertThrows(() => Object.assign(options, { numRetries: 9 }), TypeError);
});

Deno.test("resolveOptions() returns resolved options as they are", () => {
  const options = resolveOptions({ numRetries: 1 });
  assertStrictEquals(resolveOptions(options), options);
});

Deno.test("onEvent() is called for the next event after it throws", () => {
  const received: string[] = [];
  const { onEvent } = resolveOptions({
    onEvent: ({ kind }) => {
      received.push(kind);
      throw new Error("faulty listener");
    },
  });
  onEvent({ kind: "renew", reason: "refused" });
  onEvent({ kind: "renew", reason: "expiring" });
  assertEquals(received, ["renew", "renew"]);
});

Deno.test("onEvent() does nothing by default", () => {
  resolveOptions().onEvent({ kind: "renew", reason: "refused" });
});

Deno.test("sleep() resolves, and now() is monotonic, by default", async () => {
  const { sleep, now } = resolveOptions();
  const before = now();
  await sleep(0);
  assert(now() >= before);
});

Deno.test("sleep() rejects immediately with the reason, and leaves no timer, when it is aborted", async () => {
  const controller = new AbortController();
  const reason = new Error("no longer needed");
  const asleep = failureOf(resolveOptions().sleep(3_600_000, controller.signal));
  controller.abort(reason);
  assertStrictEquals(await asleep, reason);
});

Deno.test("sleep() rejects when its signal is already aborted", async () => {
  const reason = new Error("too late");
  const asleep = resolveOptions().sleep(3_600_000, AbortSignal.abort(reason));
  assertStrictEquals(await failureOf(asleep), reason);
});

Deno.test("sleep() removes its listener from the signal", async () => {
  const { signal } = new AbortController();
  let listeners = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    listeners++;
    addEventListener.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    listeners--;
    removeEventListener.apply(signal, args);
  };
  await resolveOptions().sleep(0, signal);
  assertEquals(listeners, 0);
});

Deno.test("sleep() waits when a delay exceeds the longest timer", async () => {
  const { sleep } = resolveOptions();
  const controller = new AbortController();
  const century = sleep(3_155_760_000_000, controller.signal).then(() => "over", () => "stopped");
  const moment = sleep(2).then(() => "moment");
  assertEquals(await Promise.race([century, moment]), "moment");
  controller.abort();
  assertEquals(await century, "stopped");
});

Deno.test("timer() waits when a delay exceeds the longest timer", async () => {
  const { sleep, timer } = resolveOptions();
  let rings = 0;
  const stop = timer(2 ** 31, () => rings++);
  await sleep(2);
  stop();
  assertEquals(rings, 0);
});

Deno.test("timer() calls back once, and not after it is canceled", async () => {
  const { sleep, timer } = resolveOptions();
  let rings = 0;
  timer(0, () => rings++);
  const stop = timer(0, () => rings += 10);
  stop();
  await sleep(2);
  assertEquals(rings, 1);
});

Deno.test("timer() does not call back after it is canceled when sleep() ignores its signal", async () => {
  let wake = () => {};
  const timer = timerOf(() => new Promise((resolve) => wake = resolve));
  let rings = 0;
  const stop = timer(1_000, () => rings++);
  stop();
  wake();
  await Promise.resolve();
  assertEquals(rings, 0);
  timer(1_000, () => rings++);
  wake();
  await Promise.resolve();
  assertEquals(rings, 1);
});

Deno.test("random() is from 0 to less than 1 by default", () => {
  const { random } = resolveOptions();
  for (let i = 0; i < 100; i++) {
    const value = random();
    assert(value >= 0 && value < 1);
  }
});

Deno.test("fetch() is the global one at the time of the call by default", async () => {
  const { fetch } = resolveOptions();
  const response = await fetch("data:text/plain,hello", {});
  assertEquals(await response.text(), "hello");
});
