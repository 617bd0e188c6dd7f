/**
 * A client and servers in network namespaces of their own, each server behind a link with a delay and a rate.
 * Every process ends with this one, even if that is killed.
 */
import { spawned } from "../children.ts";
import { isInstalled, shell } from "../report.ts";

/** The state of a link. */
export interface Link {
  /** Round trip in milliseconds. */
  readonly rtt: number;
  /** Rate in Mbit/s. */
  readonly rate: number;
  /** Whether every packet is dropped, without a word to either end. */
  readonly isHole?: boolean;
}

/** How a command ended. */
export interface Ended {
  readonly seconds: number;
  readonly isSuccess: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/** Options of a command. */
export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Seconds after which it is killed. */
  readonly timeout?: number;
}

/** Programs that a network needs. */
const PROGRAMS = ["ip", "gcc", "setpriv", "nginx", "openssl"];

/** What Linux has by default. A host may have more, which most users do not. */
const SETTINGS = [
  "net.ipv4.tcp_rmem=4096 131072 6291456",
  "net.ipv4.tcp_wmem=4096 16384 4194304",
  // A connection must not learn from the one before.
  "net.ipv4.tcp_no_metrics_save=1",
];

/** Where `ip` keeps the namespaces. */
const NAMESPACES = "/var/run/netns";

const ROOT = new URL("../../../", import.meta.url).pathname;
const EMULATOR = new URL("emulator.c", import.meta.url).pathname;

/** Why no network can be made here; null if one can. */
export async function obstacle(): Promise<string | null> {
  for (const program of PROGRAMS) {
    if (!await isInstalled(program)) return `${program} is not installed`;
  }
  if (Deno.uid() !== 0) return "it needs root, for network namespaces";
  const hasTun = await Deno.stat("/dev/net/tun").then(() => true, () => false);
  return hasTun ? null : "there is no /dev/net/tun";
}

/** Compiles the emulator into a directory. */
export async function compileEmulator(directory: string): Promise<string> {
  const program = `${directory}/emulator`;
  await shell(`gcc -O2 -o ${program} ${EMULATOR}`);
  return program;
}

/** One client and its servers. */
export class Network implements AsyncDisposable {
  static #count = 0;
  static readonly #open = new Set<Network>();
  readonly #prefix = `wan${Deno.pid}-${Network.#count++}`;
  readonly #links: Emulator[] = [];
  readonly #running = new Set<Running>();

  private constructor() {}

  /** Makes a network with one link for each server. */
  static async open(emulator: string, servers: number, link: Link): Promise<Network> {
    const network = new Network();
    Network.#open.add(network);
    try {
      await network.#addNamespace(network.client);
      for (let i = 0; i < servers; i++) await network.#addServer(emulator, i, link);
      return network;
    } catch (error) {
      await network[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Removes the networks of this process, for its early end, and those of processes that were killed. */
  static async removeAll(): Promise<void> {
    for (const network of Network.#open) await network[Symbol.asyncDispose]();
    // `ip` makes the directory when it adds the first namespace.
    await Deno.mkdir(NAMESPACES, { recursive: true });
    for await (const { name } of Deno.readDir(NAMESPACES)) {
      const [, pid] = /^wan(\d+)-/.exec(name) ?? [];
      const isStale = pid !== undefined && !await isRunning(pid);
      if (isStale) await shell(`ip netns delete ${name}`);
    }
  }

  /** Namespace of the client. */
  get client(): string {
    return `${this.#prefix}-c`;
  }

  /** Namespace of a server. */
  server(i: number): string {
    return `${this.#prefix}-s${i}`;
  }

  /** IP address of a server. */
  address(i: number): string {
    return `10.77.${i}.2`;
  }

  /** Endpoints of all servers. */
  endpoints(scheme: "http" | "https" = "http"): readonly string[] {
    const port = scheme === "http" ? 9292 : 9443;
    return this.#links.map((_, i) => `${scheme}://${this.address(i)}:${port}`);
  }

  /** Changes the link of a server. */
  async change(i: number, change: Partial<Link>): Promise<void> {
    await this.#links[i]?.set(change);
  }

  /** Bytes that the client has received from each server, with the headers of its packets. */
  async received(): Promise<readonly number[]> {
    const { stdout } = await this.run(this.client, ["cat", "/proc/net/dev"]);
    return this.#links.map((_, i) =>
      Number(new RegExp(`way${i}:\\s*(\\d+)`).exec(stdout)?.[1] ?? 0)
    );
  }

  /** Starts a process. It ends with the network. */
  start(namespace: string, argv: readonly string[], options: CommandOptions = {}): Running {
    const running = new Running(["ip", "netns", "exec", namespace, ...argv], options);
    this.#running.add(running);
    running.ended.finally(() => this.#running.delete(running));
    return running;
  }

  /** Runs a command to its end. */
  async run(
    namespace: string,
    argv: readonly string[],
    options: CommandOptions = {},
  ): Promise<Ended> {
    return await this.start(namespace, argv, options).ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#running].map((running) => running.kill()));
    await Promise.all(this.#links.map((link) => link.stop()));
    Network.#open.delete(this);
    const all = [this.client, ...this.#links.map((_, i) => this.server(i))];
    await shell(all.map((name) => `ip netns delete ${name}`).join("; ") + "; true");
  }

  async #addServer(program: string, i: number, link: Link): Promise<void> {
    const [client, server, device] = [this.client, this.server(i), `way${i}`];
    await this.#addNamespace(server);
    this.#links.push(await Emulator.start([program, client, device, server, "end"], link));
    for (const [name, end, host] of [[client, device, 1], [server, "end", 2]] as const) {
      const address = `10.77.${i}.${host}/24`;
      await shell(`ip -n ${name} addr add ${address} dev ${end}`);
      await shell(`ip -n ${name} link set ${end} up mtu 1500 txqueuelen 5000`);
      // CUBIC is the default of Linux. A namespace may set it only for a route.
      const route = `10.77.${i}.0/24 dev ${end} src 10.77.${i}.${host} scope link`;
      await shell(`ip -n ${name} route change ${route} congctl cubic`);
    }
  }

  async #addNamespace(name: string): Promise<void> {
    await shell(`ip netns add ${name} && ip -n ${name} link set lo up`);
    const settings = SETTINGS.map((text) => `"${text}"`).join(" ");
    await shell(`ip netns exec ${name} sysctl -qw ${settings}`);
  }
}

async function isRunning(pid: string): Promise<boolean> {
  return await Deno.stat(`/proc/${pid}`).then(() => true, () => false);
}

/** A process in a namespace. */
export class Running {
  readonly #child: Deno.ChildProcess;
  /** Its end, and what it has printed. */
  readonly ended: Promise<Ended>;

  constructor(argv: readonly string[], { env, timeout = 300 }: CommandOptions) {
    const names = ["PATH", "HOME", "DENO_DIR", "TMPDIR"];
    const kept = names.flatMap((name) => {
      const value = Deno.env.get(name);
      return value === undefined ? [] : [[name, value] as const];
    });
    this.#child = spawned(
      new Deno.Command("setpriv", {
        args: ["--pdeathsig", "KILL", "--", ...argv],
        clearEnv: true,
        env: { ...Object.fromEntries(kept), NO_COLOR: "1", ...env },
        cwd: ROOT,
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
      }),
    );
    this.ended = this.#end(timeout);
  }

  /** Kills it, as a power failure does. */
  async kill(): Promise<void> {
    this.#kill();
    await this.ended;
  }

  async #end(timeout: number): Promise<Ended> {
    const start = performance.now();
    const timer = setTimeout(() => this.#kill(), timeout * 1000);
    const { success, stdout, stderr } = await this.#child.output();
    clearTimeout(timer);
    const decoder = new TextDecoder();
    return {
      seconds: (performance.now() - start) / 1000,
      isSuccess: success,
      stdout: decoder.decode(stdout),
      stderr: decoder.decode(stderr),
    };
  }

  #kill(): void {
    try {
      this.#child.kill("SIGKILL");
    } catch (error) {
      // It has ended by itself.
      if (!(error instanceof TypeError)) throw error;
    }
  }
}

/** The program of a link. */
class Emulator {
  readonly #child: Deno.ChildProcess;
  readonly #commands: WritableStreamDefaultWriter<Uint8Array>;
  readonly #answers: ReadableStreamDefaultReader<Uint8Array>;
  #link: Link;

  private constructor(argv: readonly string[], link: Link) {
    this.#child = spawned(
      new Deno.Command(argv[0] ?? "", {
        args: argv.slice(1),
        stdin: "piped",
        stdout: "piped",
      }),
    );
    this.#commands = this.#child.stdin.getWriter();
    this.#answers = this.#child.stdout.getReader();
    this.#link = link;
  }

  static async start(argv: readonly string[], link: Link): Promise<Emulator> {
    const emulator = new Emulator(argv, link);
    const { done } = await emulator.#answers.read();
    if (done) throw new Error("Cannot start the emulator of a link");
    await emulator.set({});
    return emulator;
  }

  async set(change: Partial<Link>): Promise<void> {
    this.#link = { ...this.#link, ...change };
    const { rtt, rate, isHole = false } = this.#link;
    // As long as the round trip: a usual size for a router.
    const line = `${rate} ${rtt / 2} ${Math.max(20, rtt)} ${isHole ? 1 : 0}\n`;
    await this.#commands.write(new TextEncoder().encode(line));
    await this.#answers.read();
  }

  /** It ends with its standard input. */
  async stop(): Promise<void> {
    await this.#commands.close();
    await this.#child.status;
    await this.#answers.cancel();
  }
}
