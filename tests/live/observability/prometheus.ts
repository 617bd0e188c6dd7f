/** Prometheus' own tools: `promtool`, and a server with our alert rules. Debian's package has both. */
import { ServerProcess } from "../processes.ts";
import { freePort } from "../../support/free_port.ts";

const OPERATIONS = new URL("../../../.github/operations/", import.meta.url).pathname;

/** The alert rules that operators load. */
export const ALERTS_FILE = `${OPERATIONS}prometheus_alerts.yaml`;

/** The dashboard that operators import. */
export const DASHBOARD_FILE = `${OPERATIONS}grafana_dashboard.json`;

/** Why tests that need Prometheus are skipped; null if its package is installed. */
export const NO_PROMETHEUS: string | null =
  await succeeds("promtool") && await succeeds("prometheus")
    ? null
    : "the package prometheus is not installed";

async function succeeds(program: string): Promise<boolean> {
  return await new Deno.Command(program, { args: ["--version"] }).output()
    .then(({ success }) => success, () => false);
}

/** The outcome of `promtool`. */
export interface PromtoolResult {
  readonly success: boolean;
  /** Standard output and standard error. */
  readonly text: string;
}

/** Runs `promtool` with text on standard input. */
export async function promtool(args: readonly string[], input = ""): Promise<PromtoolResult> {
  const child = new Deno.Command("promtool", {
    args: [...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  // It may end before it has read all.
  await writer.write(new TextEncoder().encode(input)).catch(() => {});
  await writer.close().catch(() => {});
  const { success, stdout, stderr } = await child.output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { success, text: decode(stdout) + decode(stderr) };
}

/** An alert, as Prometheus reports it. */
export interface ActiveAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly state: "pending" | "firing";
}

/** A Prometheus that scrapes a gateway every half second, with our rules at short intervals. */
export class Prometheus implements AsyncDisposable {
  readonly #process: ServerProcess;
  readonly #url: string;

  private constructor(process: ServerProcess, url: string) {
    this.#process = process;
    this.#url = url;
  }

  static async start(directory: string, gateway: string): Promise<Prometheus> {
    const rules = (await Deno.readTextFile(ALERTS_FILE))
      .replaceAll(/for: \d+m$/gm, "for: 1s")
      .replaceAll(/\[\d+m\]/g, "[20s]");
    await Deno.writeTextFile(`${directory}/alerts.yaml`, rules);
    // JSON is YAML.
    const configuration = {
      global: { scrape_interval: "500ms", scrape_timeout: "500ms", evaluation_interval: "500ms" },
      rule_files: ["alerts.yaml"],
      scrape_configs: [{
        job_name: "glance-edge",
        static_configs: [{ targets: [new URL(gateway).host] }],
      }],
    };
    await Deno.writeTextFile(`${directory}/prometheus.yml`, JSON.stringify(configuration));
    const port = freePort();
    const url = `http://127.0.0.1:${port}`;
    const argv = [
      "prometheus",
      `--config.file=${directory}/prometheus.yml`,
      `--storage.tsdb.path=${directory}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
    ];
    const command = { name: "prometheus", argv, log: `${directory}/prometheus.log` };
    const process = await ServerProcess.start(command, async () => {
      const response = await fetch(`${url}/-/ready`);
      await response.body?.cancel();
      return response.ok;
    });
    return new Prometheus(process, url);
  }

  /** The results of a query; throws if it is not valid. */
  async query(query: string): Promise<readonly { readonly value: readonly [number, string] }[]> {
    const response = await fetch(`${this.#url}/api/v1/query?${new URLSearchParams({ query })}`);
    const { status, error, data } = await response.json();
    if (status !== "success") throw new Error(`Cannot query ${query}: ${error}`);
    return data.result;
  }

  /** The alerts that are pending or firing. */
  async alerts(): Promise<readonly ActiveAlert[]> {
    const response = await fetch(`${this.#url}/api/v1/alerts`);
    return (await response.json()).data.alerts;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
  }
}
