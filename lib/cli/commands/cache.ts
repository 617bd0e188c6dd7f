/** Commands for the image cache of a server: `cache-…`. */
import type { CachedImage, CacheTarget } from "../../api/wire.ts";
import { forEachImage } from "./shared/each_image.ts";
import { findImageId, IMAGE } from "./shared/find_image.ts";
import { NO_TABLE } from "./shared/image_columns.ts";
import { CommandFailed } from "../system/errors.ts";
import { command, type Invocation, type Positional } from "../args/command.ts";
import { text } from "../args/flags.ts";
import { type Column, printJson, printList, printRecord } from "../output/records.ts";

const IMAGES: Positional = { ...IMAGE, summary: "Id or name of an image", many: true };

const WHERE = "Each server has its own cache. Choose the server with --os-image-url.";

/** glanceclient's columns. */
const COLUMNS: readonly Column[] = [
  ["ID", "id"],
  ["State", "state"],
  ["Last Accessed (UTC)", (image) => momentText(image["last_accessed"])],
  ["Last Modified (UTC)", (image) => momentText(image["last_modified"])],
  ["Size", (image) => String(image["size"] ?? "N/A")],
  ["Hits", (image) => String(image["hits"] ?? "N/A")],
];

export const COMMANDS = {
  "cache-list": command({
    details: WHERE,
    async run(invocation) {
      await checkSingleServer(invocation);
      const state = await invocation.call("cache.list");
      if (invocation.json) return await printJson(invocation, state);
      const cached = state.cached_images.map((image) => rowOf(image.image_id, "cached", image));
      const queued = state.queued_images.map((id) => rowOf(id, "queued", {}));
      await printList(invocation, [...cached, ...queued], COLUMNS, { align: "center" });
    },
  }),
  "cache-queue": command({
    details: WHERE,
    output: NO_TABLE,
    positionals: [IMAGES],
    run: onEachImage("cache.queue", ["queue", "queued"]),
  }),
  "cache-delete": command({
    details: WHERE,
    output: NO_TABLE,
    positionals: [IMAGES],
    run: onEachImage("cache.delete", ["drop", "dropped"]),
  }),
  "cache-clear": command({
    details: WHERE,
    output: NO_TABLE,
    flags: {
      "target": text("<TARGET>", "What to clear: both, cache or queue (default: both)", {
        choices: ["both", "cache", "queue"],
      }),
    },
    async run(invocation) {
      const { target = "both" } = invocation.values;
      await checkSingleServer(invocation);
      // The parser has checked `choices`.
      const one = target === "both" ? [] as const : [target as CacheTarget] as const;
      await invocation.call("cache.clear", ...one);
    },
  }),
  "cache-clean": command({
    details: WHERE,
    output: NO_TABLE,
    async run(invocation) {
      await checkSingleServer(invocation);
      await invocation.call("cache.clean");
    },
  }),
  "cache-prune": command({
    details: WHERE,
    output: { columns: ["total_bytes_pruned", "total_files_pruned"] },
    async run(invocation) {
      await checkSingleServer(invocation);
      await printRecord(invocation, await invocation.call("cache.prune"));
    },
  }),
  "cache-nodes-list": command({
    details: "Only for clouds whose servers share the record of their caches (centralized_db).",
    positionals: [IMAGE],
    async run(invocation, image) {
      const urls = await invocation.call("cache.nodes", await findImageId(invocation, image));
      if (invocation.json) return await printJson(invocation, urls);
      await printList(invocation, urls.map((url) => ({ url })), [["Node Reference URL", "url"]]);
    },
  }),
};

function onEachImage(operation: "cache.queue" | "cache.delete", words: readonly [string, string]) {
  return async (invocation: Invocation<Record<never, never>>): Promise<void> => {
    await checkSingleServer(invocation);
    await forEachImage(invocation, words, (id) => invocation.call(operation, id));
  };
}

/** @throws {CommandFailed} if there are several servers: each has its own cache. */
async function checkSingleServer({ connect }: Pick<Invocation, "connect">): Promise<void> {
  const { client, context } = await connect();
  const servers = await client.servers(context);
  if (servers.length === 1) return;
  throw new CommandFailed(
    `Cannot choose a cache: there are ${servers.length} servers with a cache each (${
      servers.map(({ endpoint }) => endpoint).join(", ")
    }); choose one with --os-image-url`,
  );
}

function rowOf(id: string, state: string, image: Partial<CachedImage>): object {
  return { ...image, id, state };
}

/** Formats seconds since 1970 as Python does: with microseconds unless they are zero. */
export function momentText(seconds: unknown): string {
  if (typeof seconds !== "number" || seconds === 0) return "N/A";
  const micros = Math.round(seconds * 1e6);
  const whole = Math.floor(micros / 1e6);
  const rest = micros - whole * 1e6;
  const text = new Date(whole * 1000).toISOString().slice(0, 19);
  return rest === 0 ? text : `${text}.${String(rest).padStart(6, "0")}`;
}
