/**
 * The guide for operators, word for word: its commands and its files, with a real Keystone, two Glance servers, nginx
 * and Caddy with TLS, two gateways on Node, and Prometheus. Only names, ports and directories differ.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import configuration from "../../deno.json" with { type: "json" };
import { fencedBlocks, ROOT } from "../support/snippets.ts";
import { until } from "../support/time_limit.ts";
import { requirePackages } from "./packages.ts";
import { IMAGE_SIZE, ProductionSite } from "./production_site.ts";
import { randomBytes } from "./raw_glance.ts";
import { startStack } from "./stack.ts";

Deno.test("the guide for operators works as it is written", async (t) => {
  await requirePackages(["caddy", "curl", "nginx", "prometheus"]);
  await using stack = await startStack();
  await using site = await ProductionSite.create(stack);
  const unused = fencedBlocks(site.guide, "bash");
  /** The block of the guide that starts with this text. */
  const block = (start: string): string => {
    const index = unused.findIndex((text) => text.startsWith(start));
    assert(index >= 0, `no block of the guide starts with ${start}`);
    return unused.splice(index, 1)[0] ?? "";
  };
  const [health, start] = [block("curl --fail"), block("glance-edge start")];

  await t.step("install", async () => {
    const output = await site.run(block("npx"), { cwd: ROOT.pathname });
    assertStringIncludes(output, configuration.version);
  });
  await t.step("start two gateways, and test and start nginx", async () => {
    await site.startGateway(0, start);
    await site.startGateway(1, start);
    const [test = "", reload = ""] = block("nginx -t").trim().split("\n");
    await site.run(test);
    await site.startNginx();
    await site.run(reload);
  });
  await t.step("health", async () => {
    const output = await site.run(health);
    assertEquals(output, "The server is running.\nA Glance server responds.\n");
  });
  await t.step("openstack, glance and glance-edge through nginx", async () => {
    const data = randomBytes(IMAGE_SIZE);
    await Deno.writeFile(`${site.directory}/disk.raw`, data);
    await site.writeClouds();
    const output = await site.run(block("export OS_CLOUD"), { signedIn: false });
    assertStringIncludes(output, "disk");
    assertStringIncludes(await site.run(block("glance --os-image-url")), "disk");
    assertEquals(await Deno.readFile(`${site.directory}/copy.raw`), data);
    const methods = (await site.requests()).filter(({ path }) => path.endsWith("/file"))
      .map(({ method }) => method);
    assert(methods.includes("PUT") && methods.includes("GET"), `${methods}`);
  });
  await t.step(
    "an upload and a download through Caddy, which does not expose probes and metrics",
    async () => {
      const url = await site.startCaddy();
      const command = `glance-edge --os-image-url ${url}`;
      await site.run(`${command} image-create --name caddy --disk-format raw \\
      --container-format bare --file disk.raw && ${command} image-download caddy --file caddy.raw`);
      const [sent, stored] = await Promise.all(
        ["disk.raw", "caddy.raw"].map((name) => Deno.readFile(`${site.directory}/${name}`)),
      );
      assertEquals(stored, sent);
      for (const path of ["metrics", "readyz", "healthz"]) {
        const status = await site.run(
          `curl -s -o /dev/null -w '%{http_code}' --cacert $OS_CACERT ${url}/${path}`,
        );
        assertEquals(status, "404", path);
      }
    },
  );
  await t.step("a restart of each gateway fails no download", async () => {
    await site.restartDuringDownloads(start);
  });
  await t.step("Prometheus scrapes both gateways", async () => {
    await site.startPrometheus();
    await until(
      async () => (await site.query("glance_edge_requests_total > 0")).size === 2,
      "counters of both gateways in Prometheus",
    );
  });
  await t.step(
    "an alert fires when a Glance is killed, and the gateway remains ready",
    async () => {
      await stack.stopGlance(0, "SIGKILL");
      await until(async () => {
        await site.listImages();
        const alerts = await site.query(
          'ALERTS{alertname="GlanceEdgeServerFailing",alertstate="firing"}',
        );
        return alerts.size > 0;
      }, "the alert");
      await site.run(health);
    },
  );
  assertEquals(unused, [], "every block of the guide has run");
});
