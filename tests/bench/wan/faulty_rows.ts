/** The rows of the table whose networks fail: dead, unavailable, slow, and silent. */
import type { BenchImage } from "../bench_image.ts";
import { isInstalled } from "../report.ts";
import type { Line } from "./lines.ts";
import { Network } from "./network.ts";
import {
  ariaArgv,
  downloadArgs,
  type Lab,
  type MeasureRow,
  openServed,
  secondsFor,
  timeOf,
} from "./lab.ts";
import {
  GATEWAY_PORT,
  oursArgv,
  runOurs,
  Server,
  startEmbedded,
  startGateway,
  startRelay,
} from "./servers.ts";

/** Two servers, as in all of these rows. */
const LINK = { rtt: 20, rate: 50 };

/** Seconds of the callers of row 2. */
const CALL_SECONDS = Number(Deno.env.get("BENCH_WAN_SECONDS") ?? 330);

/** Seconds of the same callers while both servers are healthy. */
const HEALTHY_SECONDS = 20;

const CALLERS = new URL("callers.ts", import.meta.url).pathname;

/** What callers have lost, and how many calls they made. */
interface Calls {
  /** Share of their time, in percent; Infinity if a call failed. */
  readonly lost: number;
  readonly count: number;
}

/** Row 2: one of two servers drops every packet. Before, both are healthy. */
export const blackHole: MeasureRow = async (lab) => {
  const image = await lab.image(1);
  await using served = await openServed(lab, 2, LINK, image);
  const { network, servers } = served;
  const gateway = await startGateway(network, lab, network.endpoints());
  const callers = async (kind: string, where: string, seconds: number): Promise<Calls> => {
    const args = [kind, where, image.id, `${seconds}`, `${10 * LINK.rtt}`];
    const argv = [Deno.execPath(), "run", "--allow-net", "--allow-env", "--allow-read", CALLERS];
    const options = { timeout: seconds + 300 };
    const { stdout } = await network.run(network.client, [...argv, ...args], options);
    const [lost = 0, total = 0, failed = 1, count = 0] = stdout.trim().split(" ").map(Number);
    return { lost: failed === 0 ? lost / total * 100 : Infinity, count };
  };
  const all = (seconds: number) =>
    Promise.all([
      callers("library", network.endpoints().join(","), seconds),
      callers("http", `http://127.0.0.1:${GATEWAY_PORT}`, seconds),
    ]);
  const logs = () => Promise.all(servers.map((server) => server.log()));
  await logs();
  const calls = sum((await all(HEALTHY_SECONDS)).map(({ count }) => count));
  const requests = sum((await logs()).map((log) => log.length));
  await network.change(1, { isHole: true });
  const [one, ten] = await all(CALL_SECONDS);
  await gateway.kill();
  let slowest = 0;
  for (let i = 0; i < 6; i++) {
    slowest = Math.max(slowest, await timeOf(await runOurs(network, ["image-show", image.id])));
  }
  const extra = (requests / calls - 1) * 100;
  const required = { atMost: 3 };
  return [
    { what: "extra requests if healthy", ours: extra, unit: "%", required: { atMost: 2 } },
    { what: "lost time of one caller", ours: one.lost, unit: "%", required },
    { what: "lost time of ten at the gateway", ours: ten.lost, unit: "%", required },
    { what: "image-show, slowest of 6", ours: slowest, unit: "s", required: { atMost: 5 } },
  ];
};

/** Row 3: all servers are unavailable for 20 seconds during downloads. */
export const outage: MeasureRow = async (lab) => {
  const image = await lab.image(10);
  const lines: Line[] = [];
  await using served = await openServed(lab, 2, LINK, image);
  const { network } = served;
  const env = { GLANCE_API_SERVERS: network.endpoints().join(",") };
  const outputs = (name: string, count: number) =>
    Array.from({ length: count }, (_, i) => `${lab.directory}/${name}${i}`);
  const survivors = async (
    files: readonly string[],
    argv: (file: string) => readonly string[],
    suffix = "",
  ) => {
    const options = { env, timeout: 150 };
    // So slow that none ends before the last one begins.
    const setRate = (rate: number) => Promise.all([0, 1].map((i) => network.change(i, { rate })));
    await setRate(2);
    const running = files.map((file) => network.start(network.client, argv(file), options));
    // Each must have received bytes.
    await until(async () => {
      const sizes = await Promise.all(files.map((file) => sizeOf(file + suffix)));
      return sizes.every((size) => size > 0);
    });
    for (const server of served.servers) await server.kill();
    await pause(20);
    await setRate(LINK.rate);
    for (const server of served.servers) await server.start();
    const times = await Promise.all(
      running.map(async ({ ended }, i) => timeOf(await ended, image, files[i])),
    );
    return times.filter((time) => time < Infinity).length;
  };
  const ours = await survivors(
    outputs("away", 20),
    (file) => oursArgv(downloadArgs(image.id, file, "1")),
    ".part",
  );
  const path = `/v2/images/${image.id}/file`;
  const peers: Record<string, number> = {};
  if (lab.round === 0 && await isInstalled("wget")) {
    const url = `${network.endpoints()[0]}${path}`;
    const flags = ["-q", "-c", "--tries=0", "--retry-connrefused", "--waitretry=2", "-O"];
    peers["wget"] = await survivors(outputs("wget", 20), (file) => ["wget", ...flags, file, url]);
  }
  lines.push({
    what: "downloads that survive",
    ours,
    unit: "of 20",
    peers,
    limit: 20,
    required: { atLeast: 20 },
  });
  const gateway = await startGateway(network, lab, network.endpoints());
  const url = `http://127.0.0.1:${GATEWAY_PORT}${path}`;
  const through = await survivors(
    outputs("through", 5),
    (file) => ["curl", "-sS", "-o", file, url],
  );
  await gateway.kill();
  lines.push({
    what: "curl through the gateway",
    ours: through,
    unit: "of 5",
    limit: 5,
    required: { atLeast: 5 },
  });
  return lines;
};

/** Row 4: the serving server becomes slow or silent, or both stall at random. */
export const slow: MeasureRow = async (lab) => {
  const image = await lab.image(50);
  const rate = { rate: LINK.rate / 10 };
  return [
    ...await faultInMiddle(lab, image, "10 times slower", rate, "1", 14),
    ...await faultInMiddle(lab, image, "silent", { isHole: true }, "1", 12),
    ...await randomStalls(lab, image),
  ];
};

/** Row 5: one of two servers drops every packet in the middle of four connections. */
export const holeInMiddle: MeasureRow = async (lab) =>
  await faultInMiddle(lab, await lab.image(50), "black hole", { isHole: true }, "4", 9);

/** A download whose busiest server changes after a third of the bytes. */
async function faultInMiddle(
  lab: Lab,
  image: BenchImage,
  name: string,
  change: { readonly rate?: number; readonly isHole?: boolean },
  connections: string,
  atMost: number,
): Promise<readonly Line[]> {
  const file = `${lab.directory}/fault`;
  const download = async (network: Network, argv: readonly string[]) => {
    const env = { GLANCE_API_SERVERS: network.endpoints().join(",") };
    const running = network.start(network.client, argv, { env, timeout: 90 });
    await until(async () => sum(await network.received()) > image.size / 3);
    const received = await network.received();
    await network.change(received.indexOf(Math.max(...received)), change);
    return await timeOf(await running.ended, image, file);
  };
  const peers: Record<string, number> = {};
  if (lab.round === 0 && await isInstalled("aria2c")) {
    await using served = await openServed(lab, 2, LINK, image);
    const { network } = served;
    const urls = network.endpoints().map((base) => `${base}/v2/images/${image.id}/file`);
    peers["aria2c"] = await download(network, ariaArgv(urls, file, Number(connections)));
  }
  await using served = await openServed(lab, 2, LINK, image);
  const { network } = served;
  const argv = oursArgv(downloadArgs(image.id, file, connections));
  const ours = await download(network, argv);
  const received = sum(await network.received());
  const limit = secondsFor(image, { ...LINK, rate: LINK.rate * Math.min(2, Number(connections)) });
  return [
    { what: name, ours, unit: "s", peers, limit, required: { atMost } },
    repeated(name, received, image),
  ];
}

/** Both servers stall connections for 1 to 20 seconds. */
async function randomStalls(lab: Lab, image: BenchImage): Promise<readonly Line[]> {
  await using network = await Network.open(lab.emulator, 2, LINK);
  for (const i of [0, 1]) {
    await Server.start(network, i, lab, image, 9291);
    await startRelay(network, i, "stalls", "12", "20");
  }
  const file = `${lab.directory}/stalls`;
  const args = downloadArgs(image.id, file, "1");
  const ours = await timeOf(await runOurs(network, args, { timeout: 120 }), image, file);
  const received = sum(await network.received());
  const [what, limit] = ["random stalls", secondsFor(image, LINK)];
  return [
    { what, ours, unit: "s", limit, required: { atMost: 16 } },
    repeated(what, received, image),
  ];
}

/** The line of the bytes that were received twice. */
function repeated(name: string, received: number, { size }: BenchImage): Line {
  // The headers of packets count, too: up to 4 %.
  return {
    what: `${name}, bytes received twice`,
    ours: Math.max(0, (received / size - 1) * 100),
    unit: "%",
    limit: 0,
    required: { atMost: 10 },
  };
}

/** Row 10: an upload stalls for 200 seconds. */
export const upload: MeasureRow = async (lab) => {
  const image = await lab.image(50);
  await using network = await Network.open(lab.emulator, 1, LINK);
  await startEmbedded(network, 0, 9291);
  await startRelay(network, 0, "upload", "25", "200");
  const formats = ["--disk-format", "raw", "--container-format", "bare"];
  const args = ["image-create", "--name", "wan", ...formats, "--file", image.path];
  const ended = await runOurs(network, args, { timeout: 280 });
  return [{
    what: "an upload that stalls for 200 s",
    ours: await timeOf(ended),
    unit: "s",
    limit: 2 * secondsFor(image, LINK),
    required: { atMost: 200 },
    note: ended.stderr.trim() || undefined,
  }];
};

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; !await condition(); tries++) {
    if (tries === 1200) throw new Error("a transfer does not begin");
    await pause(0.05);
  }
}

function pause(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}

async function sizeOf(path: string): Promise<number> {
  return await Deno.stat(path).then(({ size }) => size, () => 0);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
