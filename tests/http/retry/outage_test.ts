/** Outages: how long a request continues after its retries, and which failures are an outage. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { GlanceConnectionFailed, type GlanceEvent } from "../../../mod.ts";
import { isServerUnavailable, outageDelay } from "../../../lib/http/on_demand/outage_policy.ts";
import { SimulatedCluster } from "../../../lib/testing/mod.ts";
import { getDefaultImageService } from "../../../mod.ts";
import { factsOf, failureOf, harnessOf } from "../../support/client_harness.ts";
import { refused, type Step } from "../../support/scripted_fetch.ts";

const IMAGE = { id: "42", status: "active" };
const SERVER = "https://tls.dns.example:9292";

const reached = (reason: string) => ({
  status: undefined,
  message: `Cannot reach the server "${SERVER}": ${reason}`,
  server: SERVER,
});

/** The reasons of runtimes, and whether they are an outage. */
const REASONS: readonly (readonly [reason: string, isOutage: boolean])[] = [
  ["client error (Connect): tcp connect error: Connection refused (os error 111)", true],
  ["connect ECONNREFUSED 10.0.0.1:9292", true],
  ["client error (SendRequest): connection closed before message completed", true],
  ["Connection reset by peer (os error 104)", true],
  ["No route to host (os error 113)", true],
  ["Failed to fetch", true],
  ["client error (Connect): dns error: failed to lookup address information", false],
  ["getaddrinfo ENOTFOUND tls.dns.example", false],
  ["client error (Connect): invalid peer certificate: UnknownIssuer", false],
  ["unable to verify the first certificate", false],
  ["client error (Connect): received corrupt message of type InvalidContentType", false],
  ["Requests to port 1 are blocked", false],
  ["bad port", false],
];

for (const [reason, isOutage] of REASONS) {
  Deno.test(`isServerUnavailable() returns ${isOutage} for the message "${reason}"`, () => {
    assertEquals(isServerUnavailable(reached(reason)), isOutage);
  });
}

Deno.test("isServerUnavailable() returns true only for the statuses of an unavailable server", () => {
  const statuses = [200, 300, 404, 429, 500, 501, 502, 503, 504];
  const away = statuses.filter((status) => isServerUnavailable({ status, message: "" }));
  assertEquals(away, [502, 503, 504]);
});

Deno.test("outageDelay() is 1 to 4 s, and the last request is sent when the time ends", () => {
  const state = { limit: 30_000, elapsed: 0, delayed: 0, retryAfter: null };
  assertEquals([0, 0.5, 1].map((x) => outageDelay(state, () => x)), [1_000, 2_500, 4_000]);
  assertEquals(outageDelay({ ...state, elapsed: 28_500 }, () => 0), 1_500);
  assertEquals(outageDelay({ ...state, elapsed: 27_500 }, () => 0.5), 2_500);
  assertEquals(outageDelay({ ...state, elapsed: 30_000 }, () => 0), null);
  assertEquals(outageDelay({ ...state, delayed: 30_000 }, () => 0), null);
  assertEquals(outageDelay({ ...state, retryAfter: 7_000 }, () => 0), 7_000);
  assertEquals(outageDelay({ ...state, retryAfter: 60_000 }, () => 0), 30_000);
});

function outageFor(steps: readonly Step[], servers: readonly string[], outageTimeout = 30_000) {
  return harnessOf(steps, { apiServers: [...servers], outageTimeout });
}

const refusals = (count: number): Step[] => Array.from({ length: count }, () => refused());

for (const servers of [["a"], ["a", "b"], [..."abcdefgh"]]) {
  Deno.test(`GlanceClientWrapper continues when all of ${servers.length} servers are back after an outage`, async () => {
    const { client, clock, script } = outageFor(
      [...refusals(40), Response.json(IMAGE)],
      servers,
      300_000,
    );
    assertEquals(await clock.run(client.call({}, "get", "42")), IMAGE);
    assertEquals([script.hosts.length, clock.pending], [41, 0]);
    // Each round tries each server once.
    assertEquals(new Set(script.hosts.slice(0, servers.length)).size, servers.length);
  });
}

Deno.test("GlanceClientWrapper throws GlanceConnectionFailed when outageTimeout ends", async () => {
  const { client, clock, events } = outageFor(refusals(200), ["a", "b"]);
  const error = await assertRejects(
    () => clock.run(client.call({}, "get", "42")),
    GlanceConnectionFailed,
    'within 30000 ms; raise "outageTimeout" to wait longer; last error at',
  );
  assertEquals(error.messageParts[0]?.key, "outageTimeout");
  assertEquals([clock.now(), clock.pending], [30_000, 0]);
  const reports = events.filter(({ kind }) => kind === "outage");
  assertEquals(reports.length, 1);
  assertStringIncludes(String((reports[0] as { cause: unknown }).cause), "refused");
});

Deno.test("GlanceClientWrapper waits for a silent server without retries until outageTimeout ends", async () => {
  const harness = harnessOf([], {
    apiServers: ["a"],
    outageTimeout: 3_000,
    numRetries: 0,
    requestTimeout: 200,
    fetch: () => new Promise<Response>(() => {}),
  });
  await assertRejects(
    () => harness.clock.run(harness.client.call({}, "get", "42")),
    GlanceConnectionFailed,
  );
  assertEquals(harness.clock.pending, 0);
});

Deno.test("isServerUnavailable() ignores the names in a message", () => {
  const message = 'Cannot show metadata namespace "OS::Compute::TLS": the connection closed';
  assert(isServerUnavailable({ status: undefined, message }));
});

Deno.test("GlanceClientWrapper reports an outage within its first 2 s, and only a longer one", async () => {
  let reported: GlanceEvent | null = null;
  const harness = outageFor([...refusals(2), Response.json(IMAGE)], ["a"]);
  await harness.clock.run(harness.client.call({}, "get", "42"));
  assertEquals(factsOf(harness.events).filter(({ kind }) => kind === "outage"), []);
  const long = harnessOf(refusals(200), {
    apiServers: ["a"],
    outageTimeout: 30_000,
    onEvent: (event) => {
      if (event.kind !== "outage") return;
      assert(long.clock.now() <= 4_000, `${long.clock.now()}`);
      reported = event;
    },
  });
  await failureOf(long.clock.run(long.client.call({}, "get", "42")));
  assert(reported !== null);
});

/** Failures that are not outages, and requests that must not be repeated. */
const ENDED_BY_RETRIES: readonly (readonly [what: string, step: Step])[] = [
  ["name is wrong", () => Promise.reject(new TypeError("dns error: no such name"))],
  ["certificate is not trusted", () => Promise.reject(new TypeError("invalid peer certificate"))],
  ["answer is 429", 429],
];

for (const [what, step] of ENDED_BY_RETRIES) {
  Deno.test(`GlanceClientWrapper sends 1 + numRetries requests in spite of outageTimeout when the ${what}`, async () => {
    const { client, clock, script } = outageFor(Array.from({ length: 9 }, () => step), ["a", "b"]);
    await assertRejects(() => clock.run(client.call({}, "get", "42")), GlanceConnectionFailed);
    assertEquals(script.hosts.length, 4);
  });
}

Deno.test("GlanceClientWrapper does not repeat a creation without an id during an outage", async () => {
  const { client, clock, script } = outageFor(refusals(9), ["a", "b"]);
  await assertRejects(() => clock.run(client.call({}, "create", {})), GlanceConnectionFailed);
  assertEquals(script.hosts.length, 1);
});

Deno.test("GlanceClientWrapper sends a bounded number of requests in an outage when sleep returns at once", async () => {
  const steps = refusals(500);
  const { client, script } = harnessOf(steps, {
    apiServers: ["a", "b"],
    outageTimeout: 30_000,
    random: () => 0,
    sleep: () => Promise.resolve(),
  });
  await assertRejects(() => client.call({}, "get", "42"), GlanceConnectionFailed);
  assertEquals(script.hosts.length, 4 + 2 * 30);
});

Deno.test("GlanceClientWrapper stops at once when aborted in an outage", async () => {
  const { client, clock } = outageFor(refusals(200), ["a", "b"]);
  const controller = new AbortController();
  clock.timer(9_000, () => controller.abort("enough"));
  const work = client.run({}, "get", ["42"], { signal: controller.signal });
  assertEquals(await failureOf(clock.run(work)), "enough");
  assertEquals([clock.now(), clock.pending], [9_000, 0]);
});

for (const connections of [1, 4]) {
  Deno.test(`download() with connections ${connections} begins after an outage of 20 s when outageTimeout is 30 s`, async () => {
    for (let seed = 1; seed <= 20; seed++) {
      // The outage begins before the record, or between the record and the first byte.
      const outages = [{ from: seed % 2 === 0 ? 0 : seed % 10, until: 20_000 }];
      const cluster = new SimulatedCluster({ seed, size: 600_000, servers: 2, outages });
      const events: GlanceEvent[] = [];
      const service = getDefaultImageService({
        ...cluster.options,
        outageTimeout: 30_000,
        onEvent: (event) => void events.push(event),
      });
      const read = async () => {
        const options = { connections, partSize: 50_000 };
        const stream = await service.download(cluster.context, cluster.imageId, options);
        return new Uint8Array(await new Response(stream).arrayBuffer());
      };
      assertEquals(await cluster.clock.run(read()), cluster.image, `${seed}`);
      assert(cluster.clock.now() < 26_000, `${seed}: ${cluster.clock.now()}`);
      assertEquals(events.filter(({ kind }) => kind === "outage").length, 1, `${seed}`);
      assertEquals([cluster.openBodies, cluster.clock.pending], [0, 0], `${seed}`);
    }
  });
}
