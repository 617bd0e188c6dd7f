/** Lists of very many images: the time that the service adds to the pages, and its memory. */
import { spawned } from "./children.ts";
import { freePort } from "../support/free_port.ts";
import { getDefaultImageService, type RequestContext } from "../../mod.ts";
import { limited, measure, type Result } from "./measure.ts";
import { type Report, ROUNDS } from "./report.ts";

const MIB = 2 ** 20;

/** Images of a long list, and of one that is a tenth of it. */
const [MANY, FEW] = [100_000, 10_000];

/** Maximum ratio of the time of a list to that of the bare pages. */
const MOST = 1.2;

/** Mebibytes by which the peak of a ten times longer list may be higher: garbage that is not collected yet. */
const GROWTH = 24;

/** Callers for whom availability is decided in another way each. */
const CALLERS: Readonly<Record<string, RequestContext>> = {
  "with a token": { authToken: "token", userId: "u", projectId: "p" },
  "as an administrator without one": { isAdmin: true },
};

/** Time against bare page fetches, and memory against a shorter list. */
export async function listReport(): Promise<Report> {
  await using server = await startServer();
  const results: Result[] = [];
  for (const [who, context] of Object.entries(CALLERS)) {
    results.push(await timeOf(server.url, who, context));
  }
  const peaks = { few: [] as number[], many: [] as number[] };
  for (let round = 0; round < ROUNDS; round++) {
    peaks.few.push(await peakOf(server.url, FEW));
    peaks.many.push(await peakOf(server.url, MANY));
  }
  const grown = peaks.many.map((peak, i) => peak - (peaks.few[i] ?? 0));
  results.push(
    limited({
      name: `peak memory of ${MANY} images above that of ${FEW}`,
      values: grown,
      unit: "MiB",
      atMost: GROWTH,
    }),
  );
  const [few, many] = [peaks.few, peaks.many].map((list) => list.map((n) => n.toFixed(0)).join());
  return {
    results,
    lines: [`lists: peaks above idle of ${FEW} images ${few} MiB, of ${MANY} images ${many} MiB`],
  };
}

async function timeOf(url: string, who: string, context: RequestContext): Promise<Result> {
  const server = `${url}/${MANY}`;
  const service = getDefaultImageService({ apiServers: [server] });
  return await measure({
    name: `list ${MANY} images ${who}`,
    ours: {
      name: "service.list",
      run: async () => {
        let count = 0;
        for await (const { status } of service.list(context)) count += status === "active" ? 1 : 0;
        check(count);
      },
    },
    against: { name: "bare fetch + JSON", run: async () => check(await bareList(server)) },
    reach: 1 / MOST,
    rounds: 2 * ROUNDS,
  });
}

async function bareList(server: string): Promise<number> {
  let count = 0;
  for (let query = "limit=200"; query !== "";) {
    const response = await fetch(`${server}/v2/images?${query}`, {
      headers: { accept: "application/json" },
    });
    const page: { images: { status: string }[]; next?: string } = JSON.parse(await response.text());
    for (const { status } of page.images) count += status === "active" ? 1 : 0;
    query = page.next === undefined ? "" : `limit=200&marker=${page.next.split("marker=")[1]}`;
  }
  return count;
}

function check(count: number): void {
  if (count !== MANY) throw new Error(`${count} images instead of ${MANY}`);
}

async function peakOf(url: string, count: number): Promise<number> {
  const script = `${import.meta.dirname}/list_reader.ts`;
  const args = ["run", "-A", script, `${url}/${count}`, `${count}`];
  const { success, stdout } = await new Deno.Command(Deno.execPath(), { args, stderr: "inherit" })
    .output();
  if (!success) throw new Error("The reader failed");
  const { idle, peak } = JSON.parse(new TextDecoder().decode(stdout));
  return (peak - idle) / MIB;
}

/** The server, as a separate process. */
async function startServer(): Promise<AsyncDisposable & { readonly url: string }> {
  const port = freePort();
  const args = ["run", "-A", `${import.meta.dirname}/list_server.ts`, `${port}`];
  const child = spawned(new Deno.Command(Deno.execPath(), { args, stdout: "null" }));
  const url = `http://127.0.0.1:${port}`;
  for (let tries = 0; tries < 100; tries++) {
    const response = await fetch(url).catch(() => null);
    await response?.body?.cancel();
    if (response !== null) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    url,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.status;
    },
  };
}
