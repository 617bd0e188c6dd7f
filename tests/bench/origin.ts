/** Servers of an image, as processes of their own. */
import { spawned } from "./children.ts";
import { freePort } from "../support/free_port.ts";
import type { BenchImage } from "./bench_image.ts";

/** A server of one image. */
export interface Origin extends AsyncDisposable {
  readonly url: string;
  readonly imageId: string;
  readonly size: number;
  /** Its process. */
  readonly pid: number;
}

/** nginx as an origin that is not a bottleneck. */
export async function startOrigin(image: BenchImage): Promise<Origin> {
  const directory = await Deno.makeTempDir({ prefix: "glance-bench-nginx-" });
  const port = freePort();
  await Deno.writeTextFile(`${directory}/nginx.conf`, configuration(directory, port, image));
  const args = ["-c", `${directory}/nginx.conf`, "-e", `${directory}/error.log`];
  const child = spawn("nginx", args);
  const [origin] = await originsOf(child, image, [port]);
  if (origin === undefined) throw new Error("There is no port");
  return {
    ...origin,
    async [Symbol.asyncDispose]() {
      await origin[Symbol.asyncDispose]();
      await Deno.remove(directory, { recursive: true });
    },
  };
}

/** Servers that send `rate` bytes a second each, to all of their clients together. */
export async function startSlowOrigins(
  image: BenchImage,
  { count, rate }: { readonly count: number; readonly rate: number },
): Promise<readonly Origin[]> {
  const ports = Array.from({ length: count }, freePort);
  const script = `${import.meta.dirname}/slow_server.ts`;
  const args = ["run", "-A", script, image.path, image.record, `${rate}`, ...ports.map(String)];
  return await originsOf(spawn(Deno.execPath(), args), image, ports);
}

function spawn(program: string, args: string[]): Deno.ChildProcess {
  return spawned(new Deno.Command(program, { args, stdout: "null", stderr: "null" }));
}

/** The origins of one process, which ends with any of them. */
async function originsOf(
  child: Deno.ChildProcess,
  { id, size }: BenchImage,
  ports: readonly number[],
): Promise<readonly Origin[]> {
  const origins = ports.map((port): Origin => ({
    url: `http://127.0.0.1:${port}`,
    imageId: id,
    size,
    pid: child.pid,
    async [Symbol.asyncDispose]() {
      try {
        child.kill("SIGKILL");
      } catch {
        // It has ended already.
      }
      await child.status;
    },
  }));
  for (const { url } of origins) await responses(`${url}/v2/images/${id}`);
  return origins;
}

function configuration(directory: string, port: number, { id, path, record }: BenchImage): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((kind) => `${kind}_temp_path ${directory}/${kind};`).join(" ");
  return `daemon off; master_process off; pid ${directory}/pid; user root;
events { worker_connections 512; }
http {
  access_log off; sendfile on; keepalive_requests 1000000; ${temporary}
  server {
    listen 127.0.0.1:${port};
    location = /v2/images/${id} { default_type application/json; return 200 '${record}'; }
    location = /v2/images/${id}/file { alias ${path}; }
  }
}
`;
}

async function responses(url: string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const response = await fetch(url).catch(() => null);
    await response?.body?.cancel();
    if (response?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("An origin does not respond; is nginx installed (apt-get install nginx)?");
}
