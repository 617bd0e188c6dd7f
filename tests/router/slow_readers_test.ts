import { assert, assertEquals } from "@std/assert";
import { Wire } from "./wire.ts";

const MIB = 1024 * 1024;
const READERS = 200;

/** What all of the slow readers together may cost above one. */
const LIMIT = 64 * MIB;

/**
 * What the process may grow by for each of them. Deno's server holds half a mebibyte behind a socket that
 * takes nothing, and its client as much of what a server sends on: no program can change that.
 */
const PROCESS_LIMIT = 1.5 * MIB;

Deno.test(`${READERS} slow readers hold at most 64 MiB more than one`, async () => {
  await using wire = new Wire();
  const { id } = await wire.image(16 * MIB);
  await using gateway = await GatewayProcess.start(wire.fronts.map(({ url }) => url));
  const readers: Deno.Conn[] = [];
  try {
    readers.push(await openSlowly(gateway.url, id));
    const one = await gateway.memory();
    while (readers.length < READERS) readers.push(await openSlowly(gateway.url, id));
    const all = await gateway.memory();
    const [held, process] = [all.held - one.held, all.process - one.process];
    console.log(`${mib(held)} MiB in chunks and objects, ${mib(process)} MiB in the process`);
    assert(held <= LIMIT, `${mib(held)} MiB more`);
    assert(process <= PROCESS_LIMIT * READERS, `${mib(process)} MiB more in the process`);
  } finally {
    for (const reader of readers) reader.close();
  }
});

/** Bytes: what the program itself holds, and what its process has of the machine. */
interface Memory {
  readonly held: number;
  readonly process: number;
}

/** A gateway in a process of its own. */
class GatewayProcess implements AsyncDisposable {
  readonly url: string;
  readonly #child: Deno.ChildProcess;
  readonly #output: ReadableStreamDefaultReader<string>;

  private constructor(
    child: Deno.ChildProcess,
    url: string,
    output: ReadableStreamDefaultReader<string>,
  ) {
    this.#child = child;
    this.url = url;
    this.#output = output;
  }

  static async start(servers: readonly string[]): Promise<GatewayProcess> {
    const script = new URL("gateway_process.ts", import.meta.url).pathname;
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--v8-flags=--expose-gc", "--allow-net", script, ...servers],
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const output = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const { value = "" } = await output.read();
    return new GatewayProcess(child, value.trim(), output);
  }

  /** What it holds, once that has stopped to change. */
  async memory(): Promise<Memory> {
    let last = await this.#look();
    for (let look = 0; look < 40; look++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      const now = await this.#look();
      if (Math.abs(now.process - last.process) < MIB) return now;
      last = now;
    }
    return last;
  }

  async #look(): Promise<Memory> {
    const usage: Deno.MemoryUsage = await (await fetch(`${this.url}/memory`)).json();
    return { held: usage.heapUsed + usage.external, process: usage.rss };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGTERM");
    await this.#output.cancel();
    await this.#child.status;
  }
}

/** A reader that has the headers and the first bytes, and takes no more. */
async function openSlowly(url: string, id: string): Promise<Deno.Conn> {
  const { hostname, port } = new URL(url);
  const reader = await Deno.connect({ hostname, port: Number(port) });
  const request = `GET /v2/images/${id}/file HTTP/1.1\r\nhost: gateway\r\n\r\n`;
  await reader.write(new TextEncoder().encode(request));
  const head = new Uint8Array(16);
  await reader.read(head);
  assertEquals(new TextDecoder().decode(head.subarray(0, 12)), "HTTP/1.1 200");
  return reader;
}

function mib(bytes: number): string {
  return (bytes / MIB).toFixed(1);
}
