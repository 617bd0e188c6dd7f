/**
 * Ten minutes of mixed load on a real `task start` gateway in front of two servers that are killed and
 * restarted alternately: `deno run -A tests/bench/soak.ts`. Memory and descriptors of the gateway must stay
 * flat, every whole download must be exact, and no request may fail because one server is dead.
 *
 * `SOAK_SECONDS` (600) sets how long it takes, `SOAK_CALLERS` (12) how many callers there are, `SOAK_SEED`
 * repeats a run's choices.
 */
import { spawned } from "./children.ts";
import { createHash } from "node:crypto";
import { between, pick, seededBytes, seededRandom } from "../support/seed.ts";
import { type ProcessSample, sampleOf } from "./process_sample.ts";

const SECONDS = Number(Deno.env.get("SOAK_SECONDS") ?? 600);
const CALLERS = Number(Deno.env.get("SOAK_CALLERS") ?? 12);
const SEED = Number(Deno.env.get("SOAK_SEED") ?? Date.now() % 1_000_000);

const IMAGE_SIZE = 24 * 2 ** 20;
const UPLOAD_SIZE = 4 * 2 ** 20;

/** Seconds between two samples of the gateway. */
const SAMPLE_SECONDS = 10;

/** Maximum growth of the process from the second sixth of the run to the last, in MiB and files. */
const MAY_GROW = { memory: 32, descriptors: 16 };

const START = new URL("../../lib/cli/start.ts", import.meta.url).pathname;
const V8_FLAGS = "--v8-flags=--max-semi-space-size=16,--heap-growing-percent=50";

/** A new `task start`. */
class Server {
  #child: Deno.ChildProcess;
  url = "";

  private constructor(readonly args: readonly string[], readonly env: Record<string, string>) {
    this.#child = this.#spawn();
  }

  /** Starts it and waits until it listens. */
  static async start(args: readonly string[], env: Record<string, string> = {}): Promise<Server> {
    const server = new Server(args, env);
    await server.#listening();
    return server;
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Kills it without a shutdown, as a power cut does. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.status;
  }

  /** Starts it again at the same address. */
  async restart(): Promise<void> {
    this.#child = this.#spawn(["--port", new URL(this.url).port]);
    await this.#listening();
  }

  #spawn(address: readonly string[] = ["--port", "0"]): Deno.ChildProcess {
    const args = ["run", "-A", V8_FLAGS, START, "--no-log", ...address, ...this.args];
    const { env } = this;
    const clearEnv = true;
    const kept = { PATH: Deno.env.get("PATH") ?? "", HOME: Deno.env.get("HOME") ?? "" };
    return spawned(
      new Deno.Command(Deno.execPath(), {
        args,
        clearEnv,
        env: { ...kept, ...env },
        stdout: "piped",
        stderr: "null",
      }),
    );
  }

  async #listening(): Promise<void> {
    let text = "";
    const [head, rest] = this.#child.stdout.tee();
    rest.pipeTo(new WritableStream()).catch(() => {});
    for await (const part of head.pipeThrough(new TextDecoderStream())) {
      text += part;
      const [, url] = /Listening on (\S+)/.exec(text) ?? [];
      if (url !== undefined) {
        this.url = url;
        return;
      }
    }
    throw new Error(`Cannot start a server: ${text}`);
  }
}

/** Counters of events, by name. */
const counts = new Map<string, number>();
const failures: string[] = [];

const random = seededRandom(SEED);
const end = performance.now() + SECONDS * 1_000;
const isOver = () => performance.now() > end;
console.log(`Soak of ${SECONDS} s with ${CALLERS} callers; SOAK_SEED=${SEED}`);

const glance = await Server.start(["--embedded"]);
const servers = [1, 2].map(() => Server.start([], { GLANCE_API_SERVERS: glance.url }));
const [one, two] = await Promise.all(servers);
if (one === undefined || two === undefined) throw new Error("Cannot start two servers");
const gateway = await Server.start([], { GLANCE_API_SERVERS: `${one.url},${two.url}` });
const processes = [gateway, one, two, glance];
try {
  const image = await storeImage(seededBytes(SEED, IMAGE_SIZE));
  const samples: ProcessSample[] = [];
  const sampling = setInterval(() => {
    const sample = sampleOf(gateway.pid);
    samples.push(sample);
    console.log(
      `${
        samples.length * SAMPLE_SECONDS
      } s: ${sample.memory} MiB, ${sample.descriptors} descriptors; ` +
        [...counts].map(([name, count]) => `${name} ${count}`).join(", "),
    );
  }, SAMPLE_SECONDS * 1_000);
  await Promise.all([
    killInTurns(one, two),
    ...Array.from({ length: CALLERS }, (_, i) => caller(seededRandom(SEED + i), image)),
  ]);
  clearInterval(sampling);
  Deno.exitCode = verdict(samples);
} finally {
  for (const process of processes) await process.kill();
}

/** Kills one server after the other; the other one is always alive. */
async function killInTurns(...victims: readonly Server[]): Promise<void> {
  while (!isOver()) {
    for (const stopped of victims) {
      await sleep(between(random, 2_000, 6_000));
      await stopped.kill();
      count("kills");
      await sleep(between(random, 500, 2_000));
      await stopped.restart();
    }
  }
}

/** A caller that does one thing after the other until the run is over. */
async function caller(choose: () => number, image: Image): Promise<void> {
  const deeds = { whole, part, leave, read: slowly, list, upload, head, babble };
  const names = Object.keys(deeds) as (keyof typeof deeds)[];
  while (!isOver()) {
    const name = pick(choose, names);
    try {
      await deeds[name](choose, image);
      count(name);
    } catch (error) {
      failures.push(`${name}: ${error}`);
      count("failed");
    }
  }
}

interface Image {
  readonly id: string;
  readonly bytes: Uint8Array;
  readonly hash: string;
}

async function storeImage(bytes: Uint8Array<ArrayBuffer>): Promise<Image> {
  const id = await create();
  await put(id, bytes);
  return { id, bytes, hash: hashOf(bytes) };
}

async function create(): Promise<string> {
  const body = JSON.stringify({ name: "soak", disk_format: "raw", container_format: "bare" });
  const headers = { "content-type": "application/json" };
  const response = await send("/v2/images", { method: "POST", headers, body });
  return (await response.json()).id;
}

async function put(id: string, body: BodyInit): Promise<void> {
  const headers = { "content-type": "application/octet-stream" };
  const response = await send(`/v2/images/${id}/file`, { method: "PUT", headers, body });
  await response.body?.cancel();
}

async function whole(_: () => number, { id, hash }: Image): Promise<void> {
  const response = await send(`/v2/images/${id}/file`);
  const hasher = createHash("sha256");
  for await (const chunk of response.body ?? []) hasher.update(chunk);
  if (hasher.digest("hex") !== hash) throw new Error("the bytes are wrong");
}

async function part(choose: () => number, { id, bytes }: Image): Promise<void> {
  const start = between(choose, 0, IMAGE_SIZE - 1);
  const stop = Math.min(IMAGE_SIZE, start + between(choose, 1, 2 ** 20));
  const response = await send(`/v2/images/${id}/file`, {
    headers: { range: `bytes=${start}-${stop - 1}` },
  });
  const body = new Uint8Array(await response.arrayBuffer());
  if (hashOf(body) !== hashOf(bytes.subarray(start, stop))) throw new Error("the bytes are wrong");
}

async function leave(choose: () => number, { id }: Image): Promise<void> {
  const response = await send(`/v2/images/${id}/file`);
  const reader = response.body?.getReader();
  for (let reads = between(choose, 0, 20); reads > 0; reads--) await reader?.read();
  await reader?.cancel();
}

async function slowly(choose: () => number, { id }: Image): Promise<void> {
  const response = await send(`/v2/images/${id}/file`);
  const reader = response.body?.getReader();
  for (let reads = between(choose, 1, 10); reads > 0; reads--) {
    await reader?.read();
    await sleep(200);
  }
  await reader?.cancel();
}

async function list(): Promise<void> {
  await (await send("/v2/images?limit=100")).json();
}

async function head(_: () => number, { id }: Image): Promise<void> {
  await send(`/v2/images/${id}/file`, { method: "HEAD" });
}

/** A chunked upload that is read back and deleted, or left in the middle. */
async function upload(choose: () => number): Promise<void> {
  const bytes = seededBytes(between(choose, 1, 1_000), 65_536);
  const id = await create();
  try {
    let sent = 0;
    const leaves = choose() < 0.3;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (sent >= UPLOAD_SIZE) return controller.close();
        if (leaves && sent >= UPLOAD_SIZE / 2) return controller.error(new Error("leaves"));
        sent += bytes.byteLength;
        controller.enqueue(bytes);
      },
    });
    if (leaves) return await put(id, body).catch(() => {});
    // A server that is killed during an upload ends it: a source that can be read only once is not sent again.
    const isSent = await put(id, body).then(() => true, () => false);
    if (!isSent) return count("uploads broken by a kill");
    const { size } = await (await send(`/v2/images/${id}`)).json();
    if (size !== UPLOAD_SIZE) throw new Error(`${size} bytes are stored`);
  } finally {
    await send(`/v2/images/${id}`, { method: "DELETE" });
  }
}

/** Bytes that are not HTTP, and a head that does not end. */
async function babble(choose: () => number): Promise<void> {
  const { hostname, port } = new URL(gateway.url);
  using conn = await Deno.connect({ hostname, port: Number(port) });
  const text = choose() < 0.5 ? "\x16\x03\x01\r\n\r\n" : "GET / HTTP/1.1\r\nhost: g\r\nx-";
  await conn.write(new TextEncoder().encode(text));
  await sleep(100);
}

async function send(path: string, init: RequestInit = {}): Promise<Response> {
  const response = await fetch(gateway.url + path, init);
  if (response.status < 400) return response;
  throw new Error(`${init.method ?? "GET"} ${path}: ${response.status} ${await response.text()}`);
}

function count(name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

function hashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Prints what the run has shown; 0 if it is good. */
function verdict(samples: readonly ProcessSample[]): number {
  const sixth = Math.max(1, Math.floor(samples.length / 6));
  const growth = (of: keyof typeof MAY_GROW) =>
    median(samples.slice(-sixth).map((sample) => sample[of])) -
    median(samples.slice(sixth, 2 * sixth).map((sample) => sample[of]));
  const [memory, descriptors] = [growth("memory"), growth("descriptors")];
  for (const failure of failures.slice(0, 20)) console.log(failure);
  console.log(
    `${failures.length} failures; the gateway grew by ${memory} MiB and ${descriptors} descriptors`,
  );
  const isFlat = memory <= MAY_GROW.memory && descriptors <= MAY_GROW.descriptors;
  return isFlat && failures.length === 0 ? 0 : 1;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
