/** Proxies as processes of their own: the gateway, nginx, and one of a few lines. */
import { spawned } from "./children.ts";
import { freePort } from "../support/free_port.ts";

/** A proxy in front of the origin, as a process. */
export interface Proxy extends AsyncDisposable {
  readonly name: string;
  readonly url: string;
  /** Mebibytes that it has held at most. */
  peak(): Promise<string>;
  /** Mebibytes that it has now. */
  memory(): Promise<number>;
  /** Begins to count the peak again. */
  forgetPeak(): Promise<void>;
  /** Milliseconds of a processor that it has used. */
  cpu(): Promise<number>;
}

/**
 * The gateway, with what resumes downloads armed, or with the server's own bodies handed on. With a directory, it has
 * a cache there.
 */
export async function startGateway(
  name: string,
  origin: string,
  resume: boolean,
  cache?: string,
): Promise<Proxy> {
  const more = cache === undefined ? [] : [cache];
  return await startScript(name, "gateway_server.ts", [origin, `${resume}`, ...more]);
}

/** A proxy of a few lines that forwards what `fetch` returns, served by `Deno.serve`. */
export async function startBareProxy(name: string, origin: string): Promise<Proxy> {
  return await startScript(name, "bare_proxy.ts", [origin]);
}

/** A script that serves a port, its first argument. */
async function startScript(name: string, script: string, more: string[]): Promise<Proxy> {
  const port = freePort();
  const flags = "--v8-flags=--max-semi-space-size=16,--heap-growing-percent=50";
  const path = `${import.meta.dirname}/${script}`;
  const args = ["run", "-A", flags, path, `${port}`, ...more];
  const child = spawned(new Deno.Command(Deno.execPath(), { args, stdout: "null" }));
  return await proxyOf(name, port, child);
}

/** nginx as a proxy, with its defaults and some more directives of `http` and of `location`. */
export async function startNginx(
  name: string,
  origin: string,
  directives = "",
  ofLocation = "",
): Promise<Proxy> {
  const port = freePort();
  const directory = await Deno.makeTempDir({ prefix: "glance-bench-proxy-" });
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((kind) => `${kind}_temp_path ${directory}/${kind};`).join(" ");
  await Deno.writeTextFile(
    `${directory}/nginx.conf`,
    `daemon off; master_process off; pid ${directory}/pid;
events { worker_connections 512; }
http {
  access_log off; keepalive_requests 1000000; ${temporary} ${directives}
  server { listen 127.0.0.1:${port}; location / { proxy_pass ${origin}; ${ofLocation} } }
}
`,
  );
  const child = spawned(
    new Deno.Command("nginx", {
      args: ["-c", `${directory}/nginx.conf`, "-e", `${directory}/error.log`],
      stdout: "null",
      stderr: "null",
    }),
  );
  const proxy = await proxyOf(name, port, child);
  return {
    ...proxy,
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await Deno.remove(directory, { recursive: true });
    },
  };
}

/** A proxy, once it responds. */
export async function proxyOf(
  name: string,
  port: number,
  child: Deno.ChildProcess,
): Promise<Proxy> {
  const url = `http://127.0.0.1:${port}`;
  for (let tries = 0;; tries++) {
    const response = await fetch(`${url}/v2/images`).catch(() => null);
    await response?.body?.cancel();
    if (response !== null) break;
    if (tries === 200) throw new Error(`${name} does not respond`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    name,
    url,
    peak: async () => (await memoryOf(child.pid, "VmHWM")).toFixed(0),
    memory: () => memoryOf(child.pid, "VmRSS"),
    async forgetPeak() {
      // "5" makes the kernel reset the peak.
      await Deno.writeTextFile(`/proc/${child.pid}/clear_refs`, "5");
    },
    async cpu() {
      const stat = await Deno.readTextFile(`/proc/${child.pid}/stat`);
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      // In user mode and in the kernel, in hundredths of a second.
      return (Number(fields[11]) + Number(fields[12])) * 10;
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await child.status;
    },
  };
}

/** Mebibytes of memory of a process, as the kernel counts them. */
async function memoryOf(pid: number, field: "VmRSS" | "VmHWM"): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1]) / 1024;
}
