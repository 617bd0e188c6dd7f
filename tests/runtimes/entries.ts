/**
 * How each runtime is started with the suite: its package, its entry and its command. Chromium runs
 * the suite in a page.
 */

/** A runtime as a command that serves a bundled entry on a port. */
export interface Runtime {
  readonly name: string;
  /** Packages that bring it. */
  readonly packages: readonly string[];
  /** The program around `handle`, which the bundle starts with. */
  readonly entry: string;
  /** The stores of an edge cache that are checked on it. */
  readonly stores: readonly string[];
  /** The command, with the bundle's path, the port and the folder of the packages. */
  command(bundle: string, port: number, folder: string): readonly string[];
}

const WORKERD_SERVER = `
import { Miniflare } from "miniflare";
const [script, port] = process.argv.slice(2);
const { readFileSync } = await import("node:fs");
new Miniflare({
  modules: [{ type: "ESModule", path: "suite.mjs", contents: readFileSync(script, "utf8") }],
  compatibilityDate: "2026-04-01",
  compatibilityFlags: ["nodejs_compat"],
  host: "127.0.0.1",
  port: Number(port),
});
`;

/** Debian's Chromium; null if it is not installed. */
export const CHROMIUM: string | null = ["/usr/bin/chromium"].find(isFile) ?? null;

/** The script of the page: it runs the suite and sends the results to its server. */
export const PAGE_ENTRY = `runSuite(new URL(location.href)).then(
  (results) => JSON.stringify(results),
  (error) => String(error?.stack ?? error),
).then((body) => fetch("/results", { method: "POST", body }));`;

/** The command that opens a page. */
export function chromiumCommand(program: string, url: string, profile: string): readonly string[] {
  return [
    program,
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    `--user-data-dir=${profile}`,
    url,
  ];
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile || Deno.statSync(path).isSymlink;
  } catch {
    return false;
  }
}

/** The runtimes of the matrix that can serve. */
export const RUNTIMES: readonly Runtime[] = [
  {
    name: "Deno",
    stores: ["directory", "memory", "Cache API"],
    packages: [],
    entry: "export default { fetch: handle };",
    command: (
      bundle,
      port,
    ) => [Deno.execPath(), "serve", "-A", "--host", "127.0.0.1", "--port", `${port}`, bundle],
  },
  {
    name: "Node 20",
    stores: ["directory", "memory"],
    packages: ["node@20.20.2", "@hono/node-server@2.1.8"],
    entry: `import { serve } from "@hono/node-server";
serve({ fetch: handle, hostname: "127.0.0.1", port: Number(process.argv[2]) });`,
    command: (bundle, port, folder) => [`${folder}/node_modules/.bin/node`, bundle, `${port}`],
  },
  {
    name: "Bun",
    stores: ["directory", "memory"],
    packages: ["bun@1.4.5"],
    entry: `const port = Number(process.argv[2]);
export default { fetch: handle, hostname: "127.0.0.1", port, idleTimeout: 60 };`,
    command: (bundle, port, folder) => [`${folder}/node_modules/.bin/bun`, bundle, `${port}`],
  },
  {
    name: "workerd",
    stores: ["Cache API", "memory"],
    packages: ["miniflare@4.20260426.0"],
    entry: "export default { fetch: handle };",
    command: (bundle, port, folder) => {
      Deno.writeTextFileSync(`${folder}/miniflare_server.mjs`, WORKERD_SERVER);
      return ["node", `${folder}/miniflare_server.mjs`, bundle, `${port}`];
    },
  },
  {
    name: "edge-runtime",
    stores: [],
    packages: ["edge-runtime@4.0.1"],
    entry: `addEventListener("fetch", (event) => event.respondWith(handle(event.request)));`,
    command: (
      bundle,
      port,
      folder,
    ) => [
      "node",
      `${folder}/node_modules/.bin/edge-runtime`,
      "--listen",
      "--port",
      `${port}`,
      bundle,
    ],
  },
];
