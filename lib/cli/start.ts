/**
 * `deno task start`: the embedded Glance on a socket, with a sample image and three things to try.
 *
 * @module
 */
import { GlanceClientWrapper } from "../http/client.ts";
import { GlanceImageService } from "../images/service.ts";
import { createEmbeddedGlance, directoryStore, memoryStore } from "../local/mod.ts";
import { denoFiles } from "./deno_files.ts";
import { denoWorld, endingSignal, goToCaller } from "./deno_world.ts";
import { CommandFailed, EXIT, exitCodeOf, sentenceOf, UsageError } from "./failure.ts";
import { codeOf, fileError } from "./file_words.ts";
import type { Flags } from "./flags.ts";
import { flagsHelp } from "./help.ts";
import { Messages } from "./messages.ts";
import { printText } from "./output.ts";
import { readFlagsOnly } from "./parse.ts";
import { sampleBytes } from "./sample.ts";
import { type Handler, serve } from "./serve.ts";
import type { World, WritableFile } from "./world.ts";

const FLAGS = {
  "host": { kind: "text", value: "<HOST>", summary: "Address to listen on; 127.0.0.1 without it" },
  "port": {
    kind: "number",
    value: "<PORT>",
    min: 0,
    summary: "Port; 9292 without it, 0 for a free one",
  },
  "data": {
    kind: "text",
    value: "<DIR>",
    summary: "Directory to keep images in; without it, they are gone when this ends",
  },
  "help": { kind: "switch", short: "h", summary: "Show this" },
} as const satisfies Flags;

const SUMMARY =
  "Serves an Image API v2 without accounts, to try things out: everybody who reaches it may do everything.";

/** Bytes of the sample image. */
const SAMPLE_SIZE = 256 * 1024;

/** What keeps a directory from holding images, where it means something else than for a file. */
const DATA_WORDS: Readonly<Record<string, string>> = {
  EEXIST: "it is no directory; choose another with --data",
  EBUSY: "another server uses it; stop that one, or choose another directory with --data",
};

const LOOPBACK = /^(127\.|localhost$|::1$)/;

/** Serves until the world's signal is aborted; gives the exit code. */
export async function runStart(args: readonly string[], world: World): Promise<number> {
  const messages = new Messages(world.stderr);
  try {
    const { host = "127.0.0.1", port = 9292, data, help } = readFlagsOnly(args, FLAGS);
    if (help) {
      await printText({ world }, flagsHelp("deno task start [flags]", SUMMARY, FLAGS));
      return EXIT.ok;
    }
    if (port > 65_535) {
      throw new UsageError(`Cannot use "--port ${port}": it must be at most 65535`);
    }
    if (data === "") {
      throw new UsageError('Cannot use "--data": the name of the directory is empty');
    }
    await serveGlance({ host, port, data: data ?? null }, world, messages);
    return EXIT.ok;
  } catch (error) {
    messages.line(sentenceOf(error));
    return exitCodeOf(error);
  } finally {
    await messages.flush();
  }
}

/** What is served where. */
interface Plan {
  readonly host: string;
  readonly port: number;
  /** Null for memory. */
  readonly data: string | null;
}

async function serveGlance(plan: Plan, world: World, messages: Messages): Promise<void> {
  const lock = plan.data === null ? null : await lockDirectory(plan.data);
  try {
    const glance = createEmbeddedGlance({ store: await openStore(plan.data) });
    const handler: Handler = (request) => glance.fetch(request);
    const server = serve(handler, plan);
    try {
      await addSample(handler);
      await printText({ world }, welcome(server.url, plan));
      if (!LOOPBACK.test(plan.host)) {
        messages.line(
          "Whoever reaches this address may read, change and delete everything: there are no accounts.",
        );
      }
      await ended(world.signal);
    } finally {
      await server.stop();
    }
  } finally {
    lock?.close();
  }
}

async function openStore(directory: string | null): Promise<ReturnType<typeof memoryStore>> {
  if (directory === null) return memoryStore();
  const store = directoryStore(directory);
  await store.ready().catch((error) => {
    throw unusable(directory, error);
  });
  return store;
}

/** Two servers in one directory would not know of each other's images. */
async function lockDirectory(directory: string): Promise<WritableFile> {
  try {
    await Deno.mkdir(directory, { recursive: true });
    return await denoFiles.create(`${directory}/lock`);
  } catch (error) {
    throw unusable(directory, error);
  }
}

function unusable(directory: string, error: unknown): CommandFailed {
  const state = DATA_WORDS[codeOf(error) ?? ""];
  if (state === undefined) return fileError("use", directory, error);
  return new CommandFailed(`Cannot use "${directory}": ${state}`, error);
}

/** An image to look at, where there is none. */
async function addSample(handler: Handler): Promise<void> {
  const client = new GlanceClientWrapper({
    apiServers: ["localhost"],
    authStrategy: "noauth",
    fetch: (input, init) => handler(new Request(input, init)),
  });
  const service = new GlanceImageService(client);
  if ((await service.detail({}, { limit: 1 })).length > 0) return;
  const meta = { name: "sample", diskFormat: "raw", containerFormat: "bare" };
  await service.create({}, { ...meta, visibility: "public" }, sampleBytes(SAMPLE_SIZE));
}

function welcome(url: string, { data }: Plan): string {
  // Nobody can connect to "any address".
  const reachable = url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:");
  return `Listening on ${url}
Images are kept in ${data === null ? "memory, until this ends" : `"${data}"`}.

Try, in another terminal:
  curl ${reachable}/v2/images
  GLANCE_API_SERVERS=${reachable} npx -y deno@${Deno.version.deno} task glance image-list
  openstack --os-auth-type none --os-endpoint ${reachable} image list

Ctrl-C stops it.`;
}

/** Fulfilled when the signal is aborted. */
function ended(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

if (import.meta.main) {
  goToCaller();
  Deno.exit(await runStart(Deno.args, denoWorld(endingSignal())));
}
