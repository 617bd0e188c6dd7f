/** The guide for operators and its files: settings, systemd, the container, Kubernetes and the proxies. */
import { assert, assertEquals, assertMatch, assertObjectMatch } from "@std/assert";
import { parse, parseAllDocuments } from "yaml";
import { readSettings } from "../../../lib/cli/start/settings.ts";
import { routerSettings } from "../../../lib/cli/start/router_options.ts";
import { START_FLAGS } from "../../../lib/cli/start/start_flags.ts";
import { runStart } from "../../../lib/cli/start.ts";
import { denoFiles } from "../../../lib/cli/system/deno_files.ts";
import { SERVER_CERT, SERVER_KEY } from "../../auth/certificates.ts";
import { documentText, fencedBlocks, ROOT } from "../../support/snippets.ts";
import { MemoryFiles } from "../memory_files.ts";
import { StartHarness } from "../start_harness.ts";
import { GUIDE, withTable } from "./settings_table.ts";

const FILES = new URL("../../../.github/operations/", import.meta.url);
const SETTINGS = "/etc/glance-edge/edge.yaml";

async function textOf(name: string): Promise<string> {
  return await Deno.readTextFile(new URL(name, FILES));
}

/** Seconds of `drain-timeout`. */
const DRAIN = Number(/default: (\d+)/.exec(START_FLAGS["drain-timeout"].summary)?.[1]);

Deno.test("the table of settings in the guide is that of the flags", async () => {
  const guide = await Deno.readTextFile(GUIDE);
  assertEquals(guide, withTable(guide), "run deno run -A tests/cli/start/settings_table.ts");
});

Deno.test("the settings that the guide explains exist", async () => {
  const guide = await Deno.readTextFile(GUIDE);
  for (const name of ["public-endpoint", "allowed-hosts", "keep-alive-timeout", "drain-timeout"]) {
    assert(guide.includes(`\`${name}\``) && Object.hasOwn(START_FLAGS, name), name);
  }
});

Deno.test("the settings of edge.yaml can be used as they are", async () => {
  const path = new URL("edge.yaml", FILES).pathname;
  const settings = await readSettings(["--config", path], denoFiles);
  const { publicEndpoint, cors, cache, metrics } = routerSettings(settings);
  assertEquals([publicEndpoint, metrics, cache?.size], [
    "https://images.example",
    true,
    50 * 2 ** 30,
  ]);
  assertEquals(cors?.origins, ["https://horizon.example"]);
});

Deno.test({
  name: "the unit for systemd is valid, and gives the drain enough time",
  ignore: !await hasProgram("systemd-analyze"),
  async fn() {
    const unit = await textOf("glance-edge.service");
    assert(Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1]) > DRAIN + 5);
    // Without a directory: npm installs into /usr/local or /usr, as the package of Node is configured.
    assert(unit.includes(`\nExecStart=glance-edge start --config ${SETTINGS}\n`));
    const folder = await Deno.makeTempDir();
    try {
      // The command need not be installed here.
      const program = Deno.execPath();
      const path = `${folder}/glance-edge.service`;
      await Deno.writeTextFile(path, unit.replace("=glance-edge start", `=${program} start`));
      const { code, stderr } = await new Deno.Command("systemd-analyze", {
        args: ["verify", "--man=no", path],
      }).output();
      const said = new TextDecoder().decode(stderr).split("\n").filter((line) =>
        line.includes("glance-edge.service")
      );
      assertEquals([code, said], [0, []]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test({
  name: "the commands of the guide make the user of the unit, and enable it",
  ignore: Deno.uid() !== 0 || !await hasProgram("useradd") || !await hasProgram("systemctl"),
  async fn() {
    const blocks = fencedBlocks(await Deno.readTextFile(GUIDE), "text");
    const [block = ""] = blocks.filter((text) => text.startsWith("useradd"));
    const root = await Deno.makeTempDir();
    try {
      await Deno.mkdir(`${root}/etc/systemd/system`, { recursive: true });
      for (const file of ["passwd", "group"]) await Deno.writeTextFile(`${root}/etc/${file}`, "");
      // In another root directory, without a systemd that starts it.
      const script = block.replace("useradd", `useradd --prefix ${root}`)
        .replace("/etc/systemd", `${root}/etc/systemd`)
        .replace("systemctl enable --now", `systemctl --root=${root} enable`);
      const { success, stderr } = await new Deno.Command("bash", {
        args: ["-euc", script],
        cwd: ROOT.pathname,
      }).output();
      assert(success, new TextDecoder().decode(stderr));
      const unit = await textOf("glance-edge.service");
      const [, user = "", group = ""] = /^User=(.*)\nGroup=(.*)$/m.exec(unit) ?? [];
      assertMatch(
        await Deno.readTextFile(`${root}/etc/passwd`),
        new RegExp(`^${user}:.*nologin$`, "m"),
      );
      assertMatch(await Deno.readTextFile(`${root}/etc/group`), new RegExp(`^${group}:`, "m"));
      const system = `${root}/etc/systemd/system`;
      await Deno.lstat(`${system}/multi-user.target.wants/glance-edge.service`);
      assertEquals(await Deno.readTextFile(`${system}/glance-edge.service`), unit);
    } finally {
      await Deno.remove(root, { recursive: true });
    }
  },
});

Deno.test({
  name: "the deployment has only fields that kubectl accepts",
  ignore: !await hasProgram("kubectl"),
  async fn() {
    const [, deployment] = parseAllDocuments(await textOf("kubernetes.yaml"));
    // It needs no server, and drops unknown fields.
    const kubectl = new Deno.Command("kubectl", {
      args: ["set", "image", "--local", "-f", "-", "glance-edge=glance-edge:1", "-o", "json"],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    await new Response(String(deployment)).body?.pipeTo(kubectl.stdin);
    const { success, stdout, stderr } = await kubectl.output();
    assert(success, new TextDecoder().decode(stderr));
    const expected = deployment?.toJS();
    expected.spec.template.spec.containers[0].image = "glance-edge:1";
    assertObjectMatch(JSON.parse(new TextDecoder().decode(stdout)), expected);
  },
});

Deno.test({
  name: "the configurations of nginx are valid, also that of the README of the router",
  ignore: !await hasProgram("nginx"),
  async fn() {
    const folder = await Deno.makeTempDir();
    try {
      await Deno.writeTextFile(`${folder}/cert.pem`, SERVER_CERT);
      await Deno.writeTextFile(`${folder}/key.pem`, SERVER_KEY);
      const [block = ""] = fencedBlocks(await documentText("lib/router/README.md"), "nginx");
      const sites = [await textOf("nginx.conf"), block].map((text, index) =>
        text.replaceAll("/etc/glance-edge/tls", folder)
          .replaceAll("/etc/ssl/images.pem", `${folder}/cert.pem`)
          .replaceAll("/etc/ssl/images.key", `${folder}/key.pem`)
          .replace("listen 443", `listen unix:${folder}/socket${index}`)
      );
      assert(block.includes("proxy_pass"));
      await Deno.writeTextFile(`${folder}/site.conf`, sites.join("\n"));
      const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map((kind) => `${kind}_temp_path ${folder}/${kind};`).join(" ");
      await Deno.writeTextFile(
        `${folder}/nginx.conf`,
        `pid ${folder}/pid; events {} http { access_log off; ${temporary} include ${folder}/site.conf; }`,
      );
      const { code, stderr } = await new Deno.Command("nginx", {
        args: ["-t", "-c", `${folder}/nginx.conf`, "-e", `${folder}/error.log`],
      }).output();
      assertEquals(code, 0, new TextDecoder().decode(stderr));
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

async function hasProgram(name: string): Promise<boolean> {
  const { success } = await new Deno.Command("sh", { args: ["-c", `command -v ${name}`] }).output();
  return success;
}

Deno.test("the container runs without root and without a shell", async () => {
  const text = await textOf("Containerfile");
  assertMatch(text, /^USER [1-9]\d*:[1-9]\d*$/m);
  const [, entry = ""] = /^ENTRYPOINT (.*)$/m.exec(text) ?? [];
  const [, args = ""] = /^CMD (.*)$/m.exec(text) ?? [];
  assertEquals([...JSON.parse(entry), ...JSON.parse(args)], [
    "glance-edge",
    "start",
    "--config",
    SETTINGS,
  ]);
});

Deno.test("the Kubernetes deployment probes paths of the gateway, and gives the drain enough time", async () => {
  const documents = parseAllDocuments(await textOf("kubernetes.yaml")).map((each) => each.toJS());
  const [{ data }, { spec: { template: { spec } } }] = documents;
  const [container] = spec.containers;
  const files = new MemoryFiles({ [SETTINGS]: data["edge.yaml"] });
  const { values } = await readSettings(container.args, files);
  const [, sleep] = container.lifecycle.preStop.exec.command;
  assert(spec.terminationGracePeriodSeconds > Number(sleep) + Number(values["drain-timeout"]) + 5);
  assertEquals(values.port, container.ports[0].containerPort);

  const start = new StartHarness();
  const code = runStart(["--embedded", "--port", "0"], start.system);
  const url = await start.url();
  for (const probe of ["livenessProbe", "readinessProbe"]) {
    const { path, port } = container[probe].httpGet;
    const response = await fetch(`${url}${path}`);
    await response.body?.cancel();
    assertEquals([response.status, port], [200, values.port], probe);
  }
  start.end();
  assertEquals(await code, 0);
});

Deno.test("the guide scrapes the port of edge.yaml", async () => {
  const guide = await Deno.readTextFile(GUIDE);
  const [, block = ""] = /^```yaml\n(scrape_configs[\s\S]*?)^```/m.exec(guide) ?? [];
  const { scrape_configs: [{ static_configs: [{ targets: [target] }] }] } = parse(block);
  const { host, port } = parse(await textOf("edge.yaml"));
  assertEquals(target, `${host}:${port}`);
});
