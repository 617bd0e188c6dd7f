import { assert, assertEquals } from "@std/assert";
import { Wire } from "./wire.ts";

const MIB = 1024 * 1024;
const READERS = 200;

/** Bytes by which the process may grow for all slow readers together. */
const LIMIT = 64 * MIB;

/** Idle upstream connections, as many of new downloads, and a margin. */
const CONNECTIONS = 8 + 8 + 8;

/** Number of runs, of which the best counts: a busy machine delays garbage collection and timers. */
const RUNS = 3;

Deno.test({
  name:
    `GET /file adds at most 64 MiB to the gateway's process when ${READERS} clients read slowly`,
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    let cost = await costOfReaders();
    for (let run = 1; run < RUNS && !isWithin(cost); run++) cost = await costOfReaders();
    assert(cost.memory <= LIMIT, `${mib(cost.memory)} MiB more`);
    assert(cost.connections <= CONNECTIONS, `${cost.connections} connections at once`);
  },
});

/** The cost of slow readers for the gateway. */
interface Cost {
  /** Bytes by which the process has grown. */
  readonly memory: number;
  /** Most connections to servers at once. */
  readonly connections: number;
}

function isWithin({ memory, connections }: Cost): boolean {
  return memory <= LIMIT && connections <= CONNECTIONS;
}

async function costOfReaders(): Promise<Cost> {
  await using wire = new Wire();
  const { id } = await wire.image(16 * MIB);
  const servers = wire.fronts.map(({ url }) => url);
  await using gateway = await GatewayProcess.start(servers);
  // Warm up: what the gateway allocates for its first downloads does not count.
  for (let i = 0; i < 4; i++) await readAll(gateway.url, id);
  const readers: Deno.Conn[] = [];
  try {
    await openSlowly(gateway.url, id, readers);
    const one = await gateway.memory();
    const others = Array.from(
      { length: READERS - 1 },
      () => openSlowly(gateway.url, id, readers),
    );
    await Promise.all(others);
    const memory = await gateway.memory() - one;
    const connections = wire.fronts[0].mostOpen + wire.fronts[1].mostOpen;
    console.log(
      `${mib(memory)} MiB more, on top of ${mib(one)}; ${connections} connections at most`,
    );
    return { memory, connections };
  } finally {
    for (const reader of readers) reader.close();
  }
}

const ROOT = new URL("../../", import.meta.url).pathname;

/** The arguments of `deno task start`. */
function startArguments(): readonly string[] {
  const { tasks } = JSON.parse(Deno.readTextFileSync(`${ROOT}deno.json`));
  const words: string[] = tasks.start.command.split(" ");
  return words.slice(words.indexOf("deno") + 1);
}

/** A process of `deno task start`. */
class GatewayProcess implements AsyncDisposable {
  readonly url: string;
  readonly #child: Deno.ChildProcess;

  private constructor(child: Deno.ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
  }

  static async start(servers: readonly string[]): Promise<GatewayProcess> {
    const child = new Deno.Command(Deno.execPath(), {
      args: [...startArguments(), "--port=0", "--no-log"],
      cwd: ROOT,
      env: { GLANCE_API_SERVERS: servers.join(","), NO_COLOR: "1" },
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const output = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const { value = "" } = await output.read();
    await output.cancel();
    return new GatewayProcess(child, /http:\S+/.exec(value)?.[0] ?? "");
  }

  /** Resident bytes of the process, after they have stopped to change. */
  async memory(): Promise<number> {
    let last = await this.#residentBytes();
    for (let i = 0; i < 40; i++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      const now = await this.#residentBytes();
      if (Math.abs(now - last) < MIB) return now;
      last = now;
    }
    return last;
  }

  async #residentBytes(): Promise<number> {
    const status = await Deno.readTextFile(`/proc/${this.#child.pid}/status`);
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.status;
  }
}

async function readAll(url: string, id: string): Promise<void> {
  const response = await fetch(`${url}/v2/images/${id}/file`);
  assertEquals((await response.arrayBuffer()).byteLength, 16 * MIB);
}

/** Opens a download, reads the status line and nothing else. `readers` gets the connection at once. */
async function openSlowly(url: string, id: string, readers: Deno.Conn[]): Promise<void> {
  const { hostname, port } = new URL(url);
  const reader = await Deno.connect({ hostname, port: Number(port) });
  readers.push(reader);
  const request = `GET /v2/images/${id}/file HTTP/1.1\r\nhost: localhost\r\n\r\n`;
  await reader.write(new TextEncoder().encode(request));
  const head = new Uint8Array(16);
  await reader.read(head);
  assertEquals(new TextDecoder().decode(head.subarray(0, 12)), "HTTP/1.1 200");
}

function mib(bytes: number): string {
  return (bytes / MIB).toFixed(1);
}
