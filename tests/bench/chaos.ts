/**
 * Downloads while two servers are killed every few seconds, often both: `deno task bench chaos`. Our command line
 * and `curl -C -` through the gateway must not fail, no file may be wrong, and the memory and the open files of
 * the gateway must stay flat.
 *
 * `CHAOS_SECONDS` (480) sets how long it takes, `CHAOS_SEED` repeats the choices of a run.
 */
import { between, seededRandom } from "../support/seed.ts";
import { ServerProcess } from "../live/processes.ts";
import { freePort } from "../support/free_port.ts";
import { type BenchImage, randomImage } from "./bench_image.ts";
import { configureNginx } from "./nginx_glance.ts";
import { type ProcessSample, sampleOf } from "./process_sample.ts";
import { isInstalled, type Report } from "./report.ts";

const SECONDS = Number(Deno.env.get("CHAOS_SECONDS") ?? 480);
const SEED = Number(Deno.env.get("CHAOS_SEED") ?? Date.now() % 1_000_000);

const IMAGE_SIZE = 32 * 2 ** 20;

/** Rate of each connection: a download takes several seconds. */
const RATE = "8m";

/** How often curl continues a file before it counts as failed. */
const CURL_ATTEMPTS = 40;

const MAY_GROW = { memory: 32, descriptors: 16 };

const CLI = new URL("../../lib/cli/", import.meta.url).pathname;
const OURS = [Deno.execPath(), "run", "-A", "--v8-flags=--max-semi-space-size=16"];

/** A client, and what its downloads have come to. */
interface Client {
  readonly name: string;
  /** Whether a failure fails the run. */
  readonly isRequired: boolean;
  /** Downloads the image once; its error, or null. */
  download(file: string): Promise<string | null>;
  downloads: number;
  wrong: number;
  /** Errors of downloads that failed, at any time. */
  readonly errors: string[];
}

export async function chaosReport(): Promise<Report> {
  console.error(`${SECONDS} s of chaos; CHAOS_SEED=${SEED}`);
  const directory = await Deno.makeTempDir({ prefix: "glance-bench-chaos-" });
  await using image = await randomImage(IMAGE_SIZE);
  await using stack = new AsyncDisposableStack();
  stack.defer(() => Deno.remove(directory, { recursive: true }));
  const servers: Victim[] = [];
  for (const name of ["one", "two"]) {
    servers.push(stack.use(await Victim.start(`${directory}/${name}`, image)));
  }
  const env = { GLANCE_API_SERVERS: servers.map(({ url }) => url).join(",") };
  const port = freePort();
  const gateway = stack.use(
    await ServerProcess.start({
      name: "the gateway",
      argv: [
        ...OURS,
        "--v8-flags=--heap-growing-percent=50",
        `${CLI}start.ts`,
        "--no-log",
        "--port",
        `${port}`,
      ],
      log: `${directory}/gateway.log`,
      env,
    }, () => isAnswering(`http://127.0.0.1:${port}/v2/images/${image.id}`)),
  );
  const [server = ""] = servers.map(({ url }) => url);
  const all = await clients(image.id, `http://127.0.0.1:${port}`, server, env, directory);
  const end = performance.now() + SECONDS * 1000;
  const samples: ProcessSample[] = [sampleOf(gateway.pid)];
  const middle = pause(SECONDS / 2).then(() => samples.push(sampleOf(gateway.pid)));
  const running = all.map((client, i) => repeat(client, `${directory}/file${i}`, image, end));
  await killUntil(end, servers);
  await Promise.all([middle, ...running]);
  samples.push(sampleOf(gateway.pid));
  return {
    results: [],
    lines: [...all.map(lineOf), ...gatewayLines(samples), classifyStatus(all, samples)],
  };
}

/** The clients, each of which downloads the image again and again. */
async function clients(
  id: string,
  gateway: string,
  server: string,
  env: Readonly<Record<string, string>>,
  home: string,
): Promise<readonly Client[]> {
  const client = (
    name: string,
    isRequired: boolean,
    download: Client["download"],
  ): Client => ({ name, isRequired, download, downloads: 0, wrong: 0, errors: [] });
  const ours = (connections: string) => (file: string) => {
    const flags = ["image-download", id, "--file", file, "--connections", connections];
    return run([...OURS, `${CLI}main.ts`, ...flags], env);
  };
  const glance = (url: string) => (file: string) => {
    const flags = ["--os-image-url", url, "--os-auth-token", "x"];
    // It keeps the schema of an image in its home.
    return run(["glance", ...flags, "image-download", "--file", file, id], { HOME: home });
  };
  const found = [
    client("our command line", true, ours("1")),
    client("our command line, 4 connections", true, ours("4")),
    client(
      "curl -C - through the gateway",
      true,
      (file) => curl(`${gateway}/v2/images/${id}/file`, file),
    ),
  ];
  if (!await isInstalled("glance")) return found;
  return [
    ...found,
    client("glance through the gateway", false, glance(gateway)),
    client("glance to one server", false, glance(server)),
  ];
}

/** curl continues what it has, as a user would. */
async function curl(url: string, file: string): Promise<string | null> {
  for (let attempt = 1;; attempt++) {
    const error = await run(["curl", "-sSf", "-C", "-", "-o", file, url]);
    if (error === null || attempt === CURL_ATTEMPTS) return error;
    await pause(1);
  }
}

/** Downloads again and again. The last download may end after the chaos. */
async function repeat(
  client: Client,
  file: string,
  image: BenchImage,
  end: number,
): Promise<void> {
  while (performance.now() < end) {
    client.downloads++;
    const error = await client.download(file);
    if (error !== null) client.errors.push(error);
    else if (await run(["cmp", file, image.path]) !== null) client.wrong++;
    for (const path of [file, `${file}.part`]) await Deno.remove(path).catch(() => {});
  }
}

/** Kills servers until the end: one of them, or both. */
async function killUntil(end: number, servers: readonly Victim[]): Promise<void> {
  const random = seededRandom(SEED);
  while (performance.now() < end) {
    await pause(between(random, 2_000, 6_000) / 1000);
    const isBoth = random() < 0.4;
    const one = between(random, 0, servers.length - 1);
    const victims = servers.filter((_, i) => isBoth || i === one);
    await Promise.all(victims.map((server) => server.kill()));
    await pause(between(random, 500, 4_000) / 1000);
    await Promise.all(victims.map((server) => server.start()));
  }
}

/** An nginx that is killed and started again. */
class Victim implements AsyncDisposable {
  readonly #directory: string;
  readonly #argv: readonly string[];
  readonly url: string;
  #process: ServerProcess | null = null;

  private constructor(directory: string, argv: readonly string[], url: string) {
    this.#directory = directory;
    this.#argv = argv;
    this.url = url;
  }

  static async start(directory: string, image: BenchImage): Promise<Victim> {
    await Deno.mkdir(directory);
    const port = freePort();
    const argv = await configureNginx(
      directory,
      image,
      `listen 127.0.0.1:${port} reuseport; limit_rate ${RATE};`,
    );
    const victim = new Victim(directory, argv, `http://127.0.0.1:${port}`);
    await victim.start();
    return victim;
  }

  async start(): Promise<void> {
    const command = { name: "nginx", argv: this.#argv, log: `${this.#directory}/log` };
    this.#process = await ServerProcess.start(command, () => isAnswering(this.url));
  }

  async kill(): Promise<void> {
    await this.#process?.stop("SIGKILL");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}

async function isAnswering(url: string): Promise<boolean> {
  const response = await fetch(url);
  await response.body?.cancel();
  return response.status < 500;
}

/** Runs a program. Its last line of errors, or null if it succeeds. */
async function run(
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string | null> {
  const { code, stderr } = await new Deno.Command("setpriv", {
    args: ["--pdeathsig", "KILL", "--", ...argv],
    env: { ...env },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  if (code === 0) return null;
  return new TextDecoder().decode(stderr).trim().split("\n").at(-1) || `exit code ${code}`;
}

function lineOf({ name, downloads, errors, wrong }: Client): string {
  const [first] = errors;
  const counts = [
    `${downloads} downloads`,
    `${errors.length} failures`,
    `${wrong} wrong files`,
  ];
  return `${name}: ${counts.join(", ")}${first === undefined ? "" : `; ${first}`}`;
}

function gatewayLines(samples: readonly ProcessSample[]): readonly string[] {
  return samples.map(({ memory, descriptors }, i) =>
    `the gateway at the ${["start", "middle", "end"][i]}: ${memory} MiB, ${descriptors} descriptors`
  );
}

function classifyStatus(all: readonly Client[], samples: readonly ProcessSample[]): string {
  const [, middle, end] = samples;
  const isFlat = middle !== undefined && end !== undefined &&
    end.memory - middle.memory <= MAY_GROW.memory &&
    end.descriptors - middle.descriptors <= MAY_GROW.descriptors;
  const isGood = all.every(({ isRequired, errors, wrong }) =>
    wrong === 0 && (errors.length === 0 || !isRequired)
  );
  return isGood && isFlat ? "ok" : "NOT OK";
}

function pause(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}
