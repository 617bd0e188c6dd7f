/**
 * The gateway in front of a Glance in this process, to try things out: no cloud, no accounts.
 *
 * @module
 */
import { GlanceClientWrapper } from "../../api/client.ts";
import { GlanceImageService } from "../../images/service.ts";
import { createEmbeddedGlance, directoryStore, memoryStore } from "../../embedded/mod.ts";
import { createImageRouter } from "../../router/mod.ts";
import { denoFiles } from "../system/deno_files.ts";
import { CommandFailed } from "../system/errors.ts";
import { codeOf, fileError } from "../system/fs_errors.ts";
import { logError, routerOptions } from "./gateway_log.ts";
import { sampleBytes } from "./sample.ts";
import { type Backend, type GatewaySettings, triesWithoutToken } from "./backend.ts";
import type { WritableFile } from "../system/system.ts";

/** Bytes of the sample image. */
const SAMPLE_SIZE = 256 * 1024;

/** The name of the server in this process; it goes to no resolver. */
const SERVER = "http://embedded.invalid";

/** What keeps a directory from holding images, where it means something else than for a file. */
const DATA_WORDS: Readonly<Record<string, string>> = {
  EEXIST: "it is no directory; choose another with --data",
  EBUSY: "another server uses it; stop that one, or choose another directory with --data",
};

/**
 * Serves the images of a directory, or of memory, with a sample where there is none.
 *
 * @throws {CommandFailed} where the directory cannot hold images.
 */
export async function serveEmbedded(
  directory: string | null,
  settings: GatewaySettings,
): Promise<Backend> {
  const lock = directory === null ? null : await lockDirectory(directory);
  try {
    const glance = createEmbeddedGlance({
      store: await openStore(directory),
      onError: (error) => logError(settings, error),
    });
    const fetch = (input: string, init: RequestInit) => glance.fetch(new Request(input, init));
    await addSample(fetch);
    const router = createImageRouter({
      ...routerOptions(settings),
      apiServers: [SERVER],
      authStrategy: "noauth",
      fetch,
    });
    return {
      handler: async (request) => await router.fetch(request),
      about: [
        "A gateway in front of the embedded Glance, to try things out: no accounts.",
        `Images are kept in ${directory === null ? "memory, until this ends" : `"${directory}"`}.`,
      ],
      tries: triesWithoutToken,
      warning:
        "Whoever reaches this address may read, change and delete everything: there are no accounts.",
      [Symbol.dispose]: () => lock?.close(),
    };
  } catch (error) {
    lock?.close();
    throw error;
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
async function addSample(
  fetch: (input: string, init: RequestInit) => Promise<Response>,
): Promise<void> {
  const client = new GlanceClientWrapper({ apiServers: [SERVER], authStrategy: "noauth", fetch });
  const service = new GlanceImageService(client);
  if ((await service.detail({}, { limit: 1 })).length > 0) return;
  const meta = { name: "sample", diskFormat: "raw", containerFormat: "bare" };
  await service.create({}, { ...meta, visibility: "public" }, sampleBytes(SAMPLE_SIZE));
}
