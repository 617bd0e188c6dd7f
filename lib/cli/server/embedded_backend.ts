/** A gateway to an embedded Glance in this process, to try things out without a cloud. */
import { mkdir } from "node:fs/promises";
import { GlanceClientWrapper } from "../../api/client.ts";
import { GlanceImageService } from "../../images/service.ts";
import { createEmbeddedGlance, directoryStorage, memoryStorage } from "../../embedded/mod.ts";
import { createImageRouter } from "../../router/mod.ts";
import { CommandFailed } from "../system/errors.ts";
import { codeOf, fileError } from "../system/fs_errors.ts";
import { sampleBytes } from "./sample.ts";
import {
  type Backend,
  examplesWithoutToken,
  type GatewaySettings,
  routerOptions,
} from "./backend.ts";
import type { SystemFiles, WritableFile } from "../system/system.ts";

/** Size of the sample image in bytes. */
const SAMPLE_SIZE = 256 * 1024;

/** URL of the server in this process. It is never resolved. */
const SERVER = "http://embedded.invalid";

/** Causes and hints by error code, if they differ from those for files. */
const DIRECTORY_ERRORS: Readonly<Record<string, string>> = {
  EEXIST: "it is not a directory; choose another one with --data",
  EBUSY: "another server uses it; stop that server, or choose another directory with --data",
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
  const lock = directory === null ? null : await lockDirectory(directory, files);
  try {
    const glance = createEmbeddedGlance({
      storage: await openStore(directory),
      onError: (error) => settings.log.error(error),
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
        "Gateway to an embedded Glance without authentication, to try things out.",
        `Images are stored in ${
          directory === null ? "memory until this server stops" : `"${directory}"`
        }.`,
      ],
      examples: examplesWithoutToken,
      warning:
        "Every client that can reach this address can read, change and delete all images: there is no authentication.",
      servers: [],
      [Symbol.dispose]: () => lock?.close(),
    };
  } catch (error) {
    lock?.close();
    throw error;
  }
}

async function openStore(directory: string | null): Promise<ReturnType<typeof memoryStorage>> {
  if (directory === null) return memoryStorage();
  const storage = directoryStorage(directory);
  await storage.ready().catch((error) => {
    throw unusable(directory, error);
  });
  return storage;
}

/** Locks the directory: two servers would not see each other's images. */
async function lockDirectory(directory: string, files: SystemFiles): Promise<WritableFile> {
  try {
    await mkdir(directory, { recursive: true });
    return await files.create(`${directory}/lock`);
  } catch (error) {
    throw unusable(directory, error);
  }
}

function unusable(directory: string, error: unknown): CommandFailed {
  const state = DIRECTORY_ERRORS[codeOf(error) ?? ""];
  if (state === undefined) return fileError("use", directory, error);
  return new CommandFailed(`Cannot use "${directory}": ${state}`, error);
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
