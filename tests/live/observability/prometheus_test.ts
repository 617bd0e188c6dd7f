import { assert, assertEquals } from "@std/assert";
import { parse } from "yaml";
import { createEmbeddedGlance } from "../../../lib/embedded/mod.ts";
import { createImageRouter } from "../../../lib/router/mod.ts";
import { freePort } from "../../support/free_port.ts";
import { documentText, fencedBlocks } from "../../support/snippets.ts";
import { storeImage } from "../../support/stored_image.ts";
import { typesOf } from "../../router/observe/metrics_samples.ts";
import { ServerProcess } from "../processes.ts";
import { ALERT_CASES, type AlertCase } from "./alert_cases.ts";
import {
  type ActiveAlert,
  ALERTS_FILE,
  DASHBOARD_FILE,
  NO_PROMETHEUS,
  Prometheus,
  promtool,
} from "./prometheus.ts";

const SEVERITIES = ["critical", "warning"];
const COMMAND = new URL("../../../lib/cli/main.ts", import.meta.url).pathname;

/** Longest time until an alert fires, in milliseconds. */
const ALERT_TIMEOUT = 50_000;

interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

const RULES: readonly AlertRule[] = parse(await Deno.readTextFile(ALERTS_FILE)).groups[0].rules;

/** Registers a test that needs Prometheus. */
function test(claim: string, fn: (t: Deno.TestContext) => Promise<void>): void {
  const name = NO_PROMETHEUS === null ? claim : `${claim} (skipped: ${NO_PROMETHEUS})`;
  Deno.test({ name, ignore: NO_PROMETHEUS !== null, fn });
}

test("promtool check metrics finds nothing wrong with /metrics", async () => {
  const text = await metricsAfterRequests();
  assertEquals(await promtool(["check", "metrics"], text), { success: true, text: "" });
  const { success } = await promtool(["check", "metrics"], `${text}glance_edge_x 1\nbad line\n`);
  assert(!success);
});

test("promtool accepts the settings of the documents", async () => {
  const directory = await Deno.makeTempDir();
  try {
    await Deno.copyFile(ALERTS_FILE, `${directory}/prometheus_alerts.yaml`);
    for (const name of ["OBSERVABILITY", "OPERATIONS"]) {
      const [block = ""] = fencedBlocks(await documentText(`.github/${name}.md`), "yaml")
        .filter((text) => text.includes("scrape_configs:"));
      await Deno.writeTextFile(`${directory}/prometheus.yml`, block);
      const { success, text } = await promtool(["check", "config", `${directory}/prometheus.yml`]);
      assert(block !== "" && success, text);
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

test("promtool accepts five alert rules, each of which fires and ends", async () => {
  assertEquals((await promtool(["check", "rules", ALERTS_FILE])).success, true);
  assertEquals(RULES.length, 5);
  for (const { alert, labels, annotations } of RULES) {
    assert(SEVERITIES.includes(labels["severity"] ?? ""), alert);
    assert(annotations["summary"] && annotations["description"], alert);
    const cases = ALERT_CASES.filter((each) => each.alert === alert);
    assert(cases.some(({ firing }) => firing.length > 0), `${alert} is not tested`);
    assert(cases.some(({ firing }) => firing.length === 0), `${alert} is not tested`);
  }
  const { success, text } = await testRules(ALERT_CASES);
  assert(success, text);
  // The tool compares the alerts: with the opposite expectation, every case fails.
  const opposite = ALERT_CASES.map((each) => ({ ...each, firing: each.firing.length ? [] : [{}] }));
  const failed = (await testRules(opposite)).text.match(/^\s+name: /gm);
  assertEquals(failed?.length, ALERT_CASES.length);
});

test("every query of the dashboard and the alerts parses, and names metrics that exist", async () => {
  const queries = [...await dashboardQueries(), ...RULES.map(({ expr }) => expr)];
  assert(queries.length > 30);
  const rules = queries.map((expr, i) => ({ record: `query:${i}`, expr }));
  const path = await Deno.makeTempFile({ suffix: ".json" });
  try {
    await Deno.writeTextFile(path, JSON.stringify({ groups: [{ name: "queries", rules }] }));
    const { success, text } = await promtool(["check", "rules", path]);
    assert(success, text);
  } finally {
    await Deno.remove(path);
  }
  const types = typesOf(await metricsAfterRequests());
  const known = [...types].flatMap(([name, type]) =>
    type === "histogram" ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name]
  );
  const named = new Set(
    queries.flatMap((query) => query.match(/\b(glance_edge|process)_\w+/g) ?? []),
  );
  assertEquals([...named].filter((name) => !known.includes(name)), []);
  // What is measured is shown.
  const shown = [...named].join(" ");
  assertEquals([...types.keys()].filter((name) => !shown.includes(name)), []);
});

test("a Prometheus that scrapes a gateway fires an alert after a server was killed", async (t) => {
  const directory = await Deno.makeTempDir({ prefix: "glance-prometheus-" });
  const options = { port: 0, hostname: "127.0.0.1", onListen: () => {} };
  const first = await startGlance(directory);
  const second = Deno.serve(options, createEmbeddedGlance().fetch);
  const apiServers = [first.url, `http://127.0.0.1:${second.addr.port}`];
  const router = createImageRouter({ apiServers, metrics: true });
  const gateway = Deno.serve(options, router.fetch);
  const url = `http://127.0.0.1:${gateway.addr.port}`;
  try {
    await using prometheus = await Prometheus.start(directory, url);
    /** Lists images until `isDone`, and returns the number of responses by status. */
    const listUntil = async (isDone: () => Promise<boolean>) => {
      const statuses = new Set<number>();
      const deadline = Date.now() + ALERT_TIMEOUT;
      while (!await isDone()) {
        assert(Date.now() < deadline, JSON.stringify(await prometheus.alerts()));
        const response = await fetch(`${url}/v2/images`);
        statuses.add(response.status);
        await response.body?.cancel();
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      return [...statuses];
    };
    const isFiring = (alert: string) => async () =>
      (await prometheus.alerts()).some(({ labels, state }) =>
        labels["alertname"] === alert && state === "firing"
      );

    await t.step(
      "no alert fires while both servers work, and the queries have results",
      async () => {
        const rate = "sum(rate(glance_edge_requests_total[20s])) > 0";
        await listUntil(async () => (await prometheus.query(rate)).length > 0);
        assertEquals(await prometheus.alerts(), []);
        for (const query of await dashboardQueries()) {
          // Nothing failed, and this gateway has neither a cache nor a token.
          const isEmpty = /cache|renewals|failed|received|50\[0234\]/.test(query);
          assertEquals((await prometheus.query(query)).length === 0, isEmpty, query);
        }
      },
    );

    await t.step("GlanceEdgeServerFailing names the server, and no request fails", async () => {
      await first.process.stop("SIGKILL");
      assertEquals(await listUntil(isFiring("GlanceEdgeServerFailing")), [200]);
      const alerts = await prometheus.alerts();
      const { labels, annotations } = alerts[0] as ActiveAlert;
      assertEquals([alerts.length, labels["server"]], [1, apiServers[0]]);
      assertEquals(annotations["summary"], `The Glance server ${apiServers[0]} fails`);
    });

    await t.step("GlanceEdgeErrors fires after the other server has stopped, too", async () => {
      await second.shutdown();
      await listUntil(isFiring("GlanceEdgeErrors"));
    });

    await t.step("GlanceEdgeDown fires after the gateway has stopped", async () => {
      await gateway.shutdown();
      const deadline = Date.now() + ALERT_TIMEOUT;
      while (!await isFiring("GlanceEdgeDown")()) {
        assert(Date.now() < deadline, JSON.stringify(await prometheus.alerts()));
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    });
  } finally {
    await gateway.shutdown();
    await second.shutdown();
    await first.process[Symbol.asyncDispose]();
    await Deno.remove(directory, { recursive: true });
  }
});

/** Starts a process with an embedded Glance. */
async function startGlance(directory: string) {
  const port = freePort();
  const url = `http://127.0.0.1:${port}`;
  const argv = [Deno.execPath(), "run", "-A", "--no-check", COMMAND, "start", "--embedded"];
  const command = {
    name: "glance-edge start",
    argv: [...argv, "--port", `${port}`, "--no-log"],
    log: `${directory}/glance.log`,
  };
  const process = await ServerProcess.start(command, async () => {
    const response = await fetch(`${url}/v2/images`);
    await response.body?.cancel();
    return response.ok;
  });
  return { url, process };
}

/** The metrics of a gateway that has handled several kinds of requests. */
async function metricsAfterRequests(): Promise<string> {
  const glance = createEmbeddedGlance();
  const send = (url: string, init?: RequestInit) => glance.fetch(new Request(url, init));
  const id = await storeImage(
    (path, init) => send(`http://glance:9292${path}`, init),
    "disk",
    new Uint8Array(10_000),
  );
  const router = createImageRouter({
    apiServers: ["http://glance:9292", 'http://glance:9292/quo"te'],
    fetch: (input, init) => send(input.replace("/quo%22te", ""), init),
    metrics: true,
  });
  for (const path of ["/v2/images", `/v2/images/${id}`, `/v2/images/${id}/file`, "/nope"]) {
    await (await router.request(path)).arrayBuffer();
  }
  return await (await router.request("/metrics")).text();
}

/** The queries of all panels, with values for the variables of Grafana. */
async function dashboardQueries(): Promise<string[]> {
  const { panels } = JSON.parse(await Deno.readTextFile(DASHBOARD_FILE)) as {
    panels: { title: string; description: string; targets: { expr: string }[] }[];
  };
  for (const { title, description } of panels) assert(description, title);
  return panels.flatMap(({ targets }) => targets).map(({ expr }) =>
    expr.replaceAll("$__rate_interval", "20s").replaceAll("$job", "glance-edge")
      .replaceAll("$instance", ".*")
  );
}

/** Runs the rules with the series of each case, and compares the alerts. */
async function testRules(cases: readonly AlertCase[]) {
  const document = {
    rule_files: [ALERTS_FILE],
    evaluation_interval: "1m",
    tests: cases.map(({ alert, claim, series, minutes, firing }) => {
      const rule = RULES.find((each) => each.alert === alert);
      const common = { ...rule?.labels, job: "glance-edge", instance: "gateway:9292" };
      return {
        name: `${alert} ${claim}`,
        interval: "1m",
        input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
        alert_rule_test: [{
          eval_time: `${minutes}m`,
          alertname: alert,
          exp_alerts: firing.map((labels) => expectedAlert(rule, { ...common, ...labels })),
        }],
      };
    }),
  };
  const path = await Deno.makeTempFile({ suffix: ".json" });
  try {
    await Deno.writeTextFile(path, JSON.stringify(document));
    return await promtool(["test", "rules", path]);
  } finally {
    await Deno.remove(path);
  }
}

/** An alert with the annotations that its labels make. */
function expectedAlert(rule: AlertRule | undefined, labels: Readonly<Record<string, string>>) {
  const annotations = Object.entries(rule?.annotations ?? {}).map(([name, text]) => [
    name,
    text.replaceAll(/\{\{ \$labels\.(\w+) \}\}/g, (_, label) => labels[label] ?? "")
      .replace("{{ $value | humanizePercentage }}", "6.25%"),
  ]);
  return { exp_labels: labels, exp_annotations: Object.fromEntries(annotations) };
}
