/** The rows of the table whose networks work: long, thick, and fast. */
import { median } from "../measure.ts";
import { isInstalled } from "../report.ts";
import { ariaArgv, downloadArgs, type MeasureRow, openServed, secondsFor, timeOf } from "./lab.ts";
import type { Line } from "./lines.ts";
import type { Link, Network } from "./network.ts";
import { GATEWAY_PORT, oursArgv, runOurs, startGateway, startNginxProxy } from "./servers.ts";

/** Row 1: one stream over HTTPS with HTTP/2, and several connections. */
export const http2: MeasureRow = async (lab) => {
  const image = await lab.image(100);
  const file = `${lab.directory}/http2`;
  const lines: Line[] = [];
  for (const rtt of [50, 150]) {
    const link = { rtt, rate: 200 };
    await using served = await openServed(lab, 1, link, image);
    const { network } = served;
    const [base = ""] = network.endpoints("https");
    const env = { GLANCE_API_SERVERS: base, DENO_CERT: lab.authority };
    const curl = (url: string) =>
      network.run(network.client, ["curl", "-sS", "--cacert", lab.authority, "-o", file, url]);
    const path = `/v2/images/${image.id}/file`;
    const peers = { curl: await timeOf(await curl(base + path), image, file) };
    const required = { timesPeer: 1.1 };
    const limit = secondsFor(image, link);
    const common = { unit: "s", peers, limit, required } as const;
    const ours = await runOurs(network, downloadArgs(image.id, file, "1"), { env });
    lines.push({ what: `one stream, ${rtt} ms`, ours: await timeOf(ours, image, file), ...common });
    if (rtt !== 50) continue;
    const gateway = await startGateway(network, lab, [base]);
    const through = await curl(`http://127.0.0.1:${GATEWAY_PORT}${path}`);
    await gateway.kill();
    lines.push({ what: "the gateway, 50 ms", ours: await timeOf(through, image, file), ...common });
    await served.servers[0]?.log();
    await timeOf(await runOurs(network, downloadArgs(image.id, file, "4"), { env }), image, file);
    const log = await served.servers[0]?.log() ?? [];
    lines.push({
      what: "TCP connections of --connections 4",
      ours: new Set(log.map(([connection]) => connection)).size,
      unit: "connections",
      required: { atLeast: 4 },
    });
  }
  return lines;
};

/** Long thick networks, where a single connection does not fill the rate. */
const CELLS: readonly Link[] = [
  { rtt: 50, rate: 200 },
  { rtt: 50, rate: 1000 },
  { rtt: 150, rate: 1000 },
];

/** Row 6: several connections to one server. */
export const parallel: MeasureRow = async (lab) => {
  const image = await lab.image(100);
  const file = `${lab.directory}/parallel`;
  const lines: Line[] = [];
  for (const link of CELLS) {
    await using served = await openServed(lab, 1, link, image);
    const { network } = served;
    const urls = network.endpoints().map((base) => `${base}/v2/images/${image.id}/file`);
    for (const connections of [4, 8]) {
      const aria = await network.run(network.client, ariaArgv(urls, file, connections));
      const peers = { aria2c: await timeOf(aria, image, file) };
      await served.servers[0]?.log();
      const args = downloadArgs(image.id, file, `${connections}`);
      const ours = await timeOf(await runOurs(network, args), image, file);
      const log = await served.servers[0]?.log() ?? [];
      const opened = new Set(log.map(([connection]) => connection)).size;
      lines.push({
        what: `${link.rtt} ms, ${link.rate} Mbit/s, ${connections} connections`,
        ours,
        unit: "s",
        peers,
        limit: secondsFor(image, link),
        // 5 % is what runs of the same program differ by.
        required: { timesPeer: 1.05 },
        note: `${log.length} requests over ${opened} connections`,
      });
    }
  }
  return lines;
};

/** Row 7: the number of connections that a download chooses. */
export const automatic: MeasureRow = async (lab) => {
  const image = await lab.image(100);
  const file = `${lab.directory}/automatic`;
  const lines: Line[] = [];
  const cells = [
    ...CELLS.map((link) => ({ link, servers: 1 })),
    { link: { rtt: 20, rate: 50 }, servers: 2 },
  ];
  for (const { link, servers } of cells) {
    await using served = await openServed(lab, servers, link, image);
    const measured: Record<string, number> = {};
    for (const connections of ["1", "4", "8", "auto"]) {
      const args = downloadArgs(image.id, file, connections);
      measured[connections] = await timeOf(await runOurs(served.network, args), image, file);
    }
    const { auto = Infinity, ...peers } = measured;
    lines.push({
      what: `${link.rtt} ms, ${servers} x ${link.rate} Mbit/s, auto`,
      ours: auto,
      unit: "s",
      peers: Object.fromEntries(Object.entries(peers).map(([n, time]) => [`fixed ${n}`, time])),
      limit: secondsFor(image, { ...link, rate: link.rate * servers }),
      required: { timesPeer: 1.1 },
    });
  }
  return lines;
};

/** Round trips of a command, from its times at 20 ms and at 520 ms. */
async function roundTrips(
  network: Network,
  time: () => Promise<number>,
): Promise<number> {
  const seconds: number[] = [];
  for (const rtt of [20, 520]) {
    await network.change(0, { rtt });
    const times: number[] = [];
    for (let i = 0; i < 5; i++) times.push(await time());
    seconds.push(Math.min(...times));
  }
  // One of them opens the connection.
  return ((seconds[1] ?? Infinity) - (seconds[0] ?? 0)) / 0.5 - 1;
}

/** Row 8: round trips of a command after it has connected. */
export const requests: MeasureRow = async (lab) => {
  const image = await lab.image(1);
  await using served = await openServed(lab, 1, { rtt: 20, rate: 1000 }, image);
  const { network } = served;
  const file = `${lab.directory}/requests`;
  const base = network.endpoints()[0] ?? "";
  const ours = (...args: string[]) =>
    roundTrips(network, async () => timeOf(await runOurs(network, args)));
  const glance = (...args: string[]) =>
    roundTrips(network, async () => {
      const flags = ["--os-image-url", base, "--os-auth-token", "x"];
      // It keeps the schema of an image there.
      const env = { HOME: lab.directory };
      return timeOf(await network.run(network.client, ["glance", ...flags, ...args], { env }));
    });
  const hasGlance = lab.round === 0 && await isInstalled("glance");
  const firstByte = (argv: readonly string[]) =>
    roundTrips(network, async () => {
      const env = { GLANCE_API_SERVERS: base };
      const first = ["bash", "-c", '"$@" | { head -c 1 >/dev/null; date +%s.%N; }', "-", ...argv];
      const start = Date.now() / 1000;
      return Number((await network.run(network.client, first, { env })).stdout) - start;
    });
  return [
    {
      what: "image-show",
      ours: await ours("image-show", image.id),
      unit: "RTT",
      peers: hasGlance ? { glance: await glance("image-show", image.id) } : {},
      limit: 1,
      required: { atMost: 1.4 },
    },
    {
      what: "image-download, first byte",
      ours: await firstByte(oursArgv(["image-download", image.id])),
      unit: "RTT",
      peers: hasGlance ? { glance: await glance("image-download", image.id, "--file", file) } : {},
      limit: 1,
      required: { atMost: 2.4 },
    },
  ];
};

/** Row 9: a gateway far from Glance. */
export const gateway: MeasureRow = async (lab) => {
  const image = await lab.image(100);
  const link = { rtt: 50, rate: 200 };
  await using served = await openServed(lab, 1, link, image);
  const { network } = served;
  const [base = ""] = network.endpoints();
  const path = `/v2/images/${image.id}/file`;
  const mib = 2 ** 20;
  const ranges = (count: number, size: number) =>
    Array.from({ length: count }, (_, i) => `${i * mib}-${i * mib + size - 1}`);
  const measure = async (url: string) => {
    const large = await network.run(network.client, rangesArgv(url + path, ranges(40, mib)));
    const small = await network.run(network.client, rangesArgv(url + path, ranges(11, 1)));
    // The first request connects.
    const times = small.stdout.split("\n").filter(Boolean).map(Number).slice(1);
    return { large: large.seconds, small: median(times) * 1000 };
  };
  const proxy = await startNginxProxy(network, lab, base);
  const theirs = await measure(`http://127.0.0.1:${GATEWAY_PORT + 1}`);
  await proxy.kill();
  const gateway = await startGateway(network, lab, [base]);
  const ours = await measure(`http://127.0.0.1:${GATEWAY_PORT}`);
  await gateway.kill();
  const required = { timesPeer: 1.15 };
  return [
    {
      what: "40 ranges of 1 MiB",
      ours: ours.large,
      unit: "s",
      peers: { nginx: theirs.large },
      limit: 40 * (mib * 8 / (link.rate * 1e6) + link.rtt / 1000),
      required,
    },
    {
      what: "one byte, median",
      ours: ours.small,
      unit: "ms",
      peers: { nginx: theirs.small },
      limit: link.rtt,
      required,
    },
  ];
};

/** curl that requests ranges one after the other, over one connection, and prints the time of each. */
function rangesArgv(url: string, ranges: readonly string[]): string[] {
  const each = ranges.flatMap((range, i) => [
    ...i === 0 ? [] : ["--next"],
    ...["-sS", "-o", "/dev/null", "-w", "%{time_total}\\n", "-r", range, url],
  ]);
  return ["curl", ...each];
}
