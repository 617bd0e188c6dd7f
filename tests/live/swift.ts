/**
 * A real Swift from Debian's packages on loopback: an S3 server (s3api), and a store for Glance that has no ranges
 * (its own API, with tempauth).
 */
import { AwsClient } from "aws4fetch";
import type { SwiftAccount } from "./glance.ts";
import { requirePackages } from "./packages.ts";
import { freePort } from "../support/free_port.ts";
import { run, ServerProcess } from "./processes.ts";

const PACKAGES = [
  "swift-proxy",
  "swift-account",
  "swift-container",
  "swift-object",
  "memcached",
  // The driver of Glance uses it.
  "python3-swiftclient",
];

const RINGS = ["account", "container", "object"] as const;

/** The filters of the proxy, in the order in which a request passes them. */
const FILTERS = [
  "catch_errors",
  "healthcheck",
  "cache",
  "listing_formats",
  "bulk",
  "tempurl",
  "s3api",
  "tempauth",
  "copy",
  "slo",
  "dlo",
];

/** Account and secret of the only user, for both APIs. */
export const SWIFT_USER = { accessKeyId: "test:tester", secretAccessKey: "testing" };

/** A running Swift. Disposing kills it and deletes its data. */
export interface LiveSwift extends AsyncDisposable {
  /** Address of the proxy. */
  readonly endpoint: string;
  /** What Glance needs to use it as a store. */
  readonly account: SwiftAccount;
  /** Creates a bucket; returns what a client of it needs. */
  bucket(name: string): Promise<S3Bucket>;
}

/** What a client of S3 needs. */
export interface S3Bucket {
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/**
 * Starts Swift. Its directory must support extended attributes.
 *
 * @throws {Error} with the log of the server that does not start.
 */
export async function startSwift(): Promise<LiveSwift> {
  await requirePackages(PACKAGES);
  await using stack = new AsyncDisposableStack();
  const directory = await Deno.makeTempDir({ prefix: "swift-" });
  stack.defer(() => Deno.remove(directory, { recursive: true }));
  const ports = { proxy: freePort(), memcached: freePort(), account: 0, container: 0, object: 0 };
  await Deno.mkdir(`${directory}/dev/d1`, { recursive: true });
  await write(`${directory}/swift.conf`, {
    "swift-hash": { swift_hash_path_suffix: "suffix", swift_hash_path_prefix: "prefix" },
  });
  for (const ring of RINGS) {
    ports[ring] = freePort();
    await buildRing(directory, ring, ports[ring]);
    await write(`${directory}/${ring}.conf`, serverSettings(directory, ring, ports[ring]));
  }
  await write(`${directory}/proxy.conf`, proxySettings(directory, ports.proxy, ports.memcached));
  const endpoint = `http://127.0.0.1:${ports.proxy}`;
  stack.use(
    await ServerProcess.start({
      name: "memcached",
      argv: ["memcached", "-l", "127.0.0.1", "-p", String(ports.memcached), "-u", "root"],
      log: `${directory}/memcached.log`,
    }, () => accepts(ports.memcached)),
  );
  const servers = RINGS.map((ring) =>
    start(directory, `swift-${ring}-server`, ring, () => accepts(ports[ring]))
  );
  const isHealthy = async () => (await (await fetch(`${endpoint}/healthcheck`)).text()) === "OK";
  servers.push(start(directory, "swift-proxy-server", "proxy", isHealthy));
  for (const server of await Promise.all(servers)) stack.use(server);
  const resources = stack.move();
  return {
    endpoint,
    account: {
      authUrl: `${endpoint}/auth/v1.0`,
      user: SWIFT_USER.accessKeyId,
      key: SWIFT_USER.secretAccessKey,
    },
    bucket: (name) => createBucket(endpoint, name),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

async function createBucket(endpoint: string, bucket: string): Promise<S3Bucket> {
  const region = "us-east-1";
  const client = new AwsClient({ ...SWIFT_USER, region, service: "s3" });
  const response = await client.fetch(`${endpoint}/${bucket}`, { method: "PUT" });
  if (!response.ok) throw new Error(`Cannot create a bucket: ${await response.text()}`);
  await response.body?.cancel();
  return { endpoint, bucket, region, ...SWIFT_USER };
}

function start(
  directory: string,
  program: string,
  name: string,
  probe: () => Promise<boolean>,
): Promise<ServerProcess> {
  const argv = ["/usr/bin/python3", `/usr/bin/${program}`, `${directory}/${name}.conf`];
  return ServerProcess.start({ name: program, argv, log: `${directory}/${name}.log` }, probe);
}

async function accepts(port: number): Promise<boolean> {
  (await Deno.connect({ hostname: "127.0.0.1", port })).close();
  return true;
}

/** One partition power of four on one device, without replicas. */
async function buildRing(directory: string, ring: string, port: number): Promise<void> {
  const builder = [
    "/usr/bin/python3",
    "/usr/bin/swift-ring-builder",
    `${directory}/${ring}.builder`,
  ];
  const steps = [
    ["create", "4", "1", "1"],
    ["add", `r1z1-127.0.0.1:${port}/d1`, "1"],
    ["rebalance"],
  ];
  for (const step of steps) {
    await run({
      name: `the ring ${ring}`,
      argv: [...builder, ...step],
      log: `${directory}/ring.log`,
    });
  }
}

type Settings = Readonly<Record<string, Readonly<Record<string, string | number>>>>;

function serverSettings(directory: string, ring: string, port: number): Settings {
  return {
    DEFAULT: {
      devices: `${directory}/dev`,
      mount_check: "false",
      bind_ip: "127.0.0.1",
      bind_port: port,
      workers: 0,
      user: userName(),
      swift_dir: directory,
      disable_fallocate: "true",
      // A list shows an object as soon as it is written, however slow the machine is.
      container_update_timeout: 30,
    },
    "pipeline:main": { pipeline: `${ring}-server` },
    [`app:${ring}-server`]: { use: `egg:swift#${ring}` },
  };
}

function proxySettings(directory: string, port: number, memcached: number): Settings {
  const filters = FILTERS.map((name) => [`filter:${name}`, { use: `egg:swift#${name}` }] as const);
  return {
    DEFAULT: {
      bind_ip: "127.0.0.1",
      bind_port: port,
      workers: 0,
      user: userName(),
      swift_dir: directory,
    },
    "pipeline:main": { pipeline: [...FILTERS, "proxy-server"].join(" ") },
    "app:proxy-server": {
      use: "egg:swift#proxy",
      account_autocreate: "true",
      allow_account_management: "true",
    },
    ...Object.fromEntries(filters),
    "filter:cache": { use: "egg:swift#memcache", memcache_servers: `127.0.0.1:${memcached}` },
    "filter:tempauth": { use: "egg:swift#tempauth", user_test_tester: "testing .admin" },
  };
}

/** Swift changes to its user, which must be the one that runs the tests. */
function userName(): string {
  return Deno.uid() === 0 ? "root" : Deno.env.get("USER") ?? "root";
}

async function write(path: string, settings: Settings): Promise<void> {
  const sections = Object.entries(settings).map(([section, values]) => {
    const lines = Object.entries(values).map(([key, value]) => `${key} = ${value}`);
    return `[${section}]\n${lines.join("\n")}\n`;
  });
  await Deno.writeTextFile(path, sections.join("\n"));
}
