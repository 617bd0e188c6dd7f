/** A gateway to an embedded Glance in this process, to try things out without a cloud. */
import { GlanceClientWrapper } from "../../api/client.ts";
import { GlanceImageService } from "../../images/service.ts";
import { createEmbeddedGlance, directoryStorage, memoryStorage } from "../../embedded/mod.ts";
import { FileError } from "../../embedded/storage/file_error.ts";
import { createImageRouter } from "../../router/mod.ts";
import { lockDirectory, unusable } from "./directory_lock.ts";
import { sampleBytes } from "./sample.ts";
import {
  type Backend,
  examplesWithoutToken,
  type GatewaySettings,
  routerOptions,
} from "./backend.ts";
import type { RouterSettings } from "../start/router_options.ts";
import type { SystemFiles } from "../system/system.ts";
import { definedMembers } from "../../validate.ts";

/** Size of the sample image in bytes. */
const SAMPLE_SIZE = 256 * 1024;

/** URL of the server in this process. It is never resolved. */
const SERVER = "http://embedded.invalid";

/**
 * Defaults of the router's options. The server is in this process: a request waits for the disk, and to repeat it would
 * not help.
 */
const IN_PROCESS: Partial<RouterSettings> = {
  numRetries: 0,
  requestTimeout: Infinity,
  stallTimeout: Infinity,
  hedgeDelay: Infinity,
};

/**
 * Creates a gateway to an embedded Glance with images in a directory, or in memory for null. If it has no image,
 * a sample is added.
 *
 * @throws {CommandFailed} if the directory cannot be used.
 */
export async function serveEmbedded(
  directory: string | null,
  files: SystemFiles,
  settings: GatewaySettings,
): Promise<Backend> {
  // Two servers would not see each other's images.
  const lock = directory === null ? null : await lockDirectory(directory, "--data", files);
  try {
    const glance = createEmbeddedGlance({
      storage: await openStore(directory),
      onError: (error) => settings.log.error(error),
    });
    const fetch = (input: string, init: RequestInit) => glance.fetch(new Request(input, init));
    // The server is useful without it, for example on a full disk.
    await addSample(fetch).catch((error) => settings.log.error(error));
    const { onEvent, ...options } = routerOptions(settings);
    const router = createImageRouter({
      ...IN_PROCESS,
      ...definedMembers(options),
      // There is no other server that could be used meanwhile.
      onEvent: (event) => void (event.kind !== "cooldown" && onEvent?.(event)),
      apiServers: [SERVER],
      authStrategy: "noauth",
      fetch,
    });
    return {
      handler: async (request) => await router.fetch(request),
      about: [
        "Gateway to an embedded Glance without authentication, to try things out.",
        `Images are stored in ${
          directory === null ? "memory until this server stops" : `"${directory}"`
        }.`,
      ],
      examples: examplesWithoutToken,
      warning:
        "Every client that can reach this address can read, change and delete all images: there is no authentication.",
      servers: [],
      [Symbol.dispose]: () => lock?.[Symbol.dispose](),
    };
  } catch (error) {
    lock?.[Symbol.dispose]();
    throw error;
  }
}

async function openStore(directory: string | null): Promise<ReturnType<typeof memoryStorage>> {
  if (directory === null) return memoryStorage();
  const storage = directoryStorage(directory);
  await storage.ready().catch((error) => {
    throw unusable(error instanceof FileError ? error.path : directory, "--data", error);
  });
  return storage;
}

/** Adds a sample image if there is no image. */
async function addSample(
  fetch: (input: string, init: RequestInit) => Promise<Response>,
): Promise<void> {
  const client = new GlanceClientWrapper({ apiServers: [SERVER], authStrategy: "noauth", fetch });
  const service = new GlanceImageService(client);
  if ((await service.detail({}, { limit: 1 })).length > 0) return;
  const meta = { name: "sample", diskFormat: "raw", containerFormat: "bare" };
  await service.create({}, { ...meta, visibility: "public" }, sampleBytes(SAMPLE_SIZE));
}
