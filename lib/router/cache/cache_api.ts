/**
 * Glance's cache API (`/v2/cache`) for the cache of the gateway. By default, Glance allows it to administrators only.
 * So each request is preceded by `GET /v2/cache` to Glance, which decides whether the caller may list Glance's own
 * cache.
 */
import type { GlanceImage } from "../../api/types.ts";
import type { SlotCache } from "../../cache/slot_cache.ts";
import { parseKey } from "../../cache/image_slots.ts";
import type { DefinedResponse } from "../forward/upstream_response.ts";
import type { Gateway, GatewayRequest } from "../gateway_request.ts";
import type { CacheCode } from "./cache_code.ts";

/** Options of the cache API. */
export interface CacheApiOptions {
  readonly gateway: Gateway;
  readonly code: CacheCode;
  readonly cache: SlotCache;
  /** The record of an image whose data the caller may read, or Glance's error response. */
  readonly recordOf: (call: GatewayRequest) => Promise<DefinedResponse | Response>;
  /** Reads a whole image into the cache while `shouldContinue` returns true. */
  readonly fill: (
    call: GatewayRequest,
    image: GlanceImage,
    shouldContinue: () => boolean,
  ) => Promise<void>;
}

interface ImageUse {
  hits: number;
  /** Seconds since 1970. */
  lastAccessed: number;
}

/** Values of `x-image-cache-clear-target`. */
const TARGETS: readonly string[] = ["", "cache", "queue"];

/** Handles requests for the cache API. */
export class CacheApi {
  readonly #options: CacheApiOptions;
  readonly #uses = new Map<string, ImageUse>();
  /** Images that are being cached on request, with a symbol that identifies the request. */
  readonly #queue = new Map<string, symbol>();

  constructor(options: CacheApiOptions) {
    this.#options = options;
  }

  /** Counts a read of a cached image. `now` is in milliseconds since 1970. */
  used(imageId: string, now: number): void {
    const use = this.#uses.get(imageId) ?? { hits: 0, lastAccessed: 0 };
    this.#uses.set(imageId, use);
    use.hits++;
    use.lastAccessed = now / 1000;
  }

  /** Handles a request of an operation `cache.*`. */
  async handle(call: GatewayRequest): Promise<Response> {
    const { gateway, code, cache } = this.#options;
    const glanceList = await code.forwardRequest(gateway, call, {
      operation: "cache.list",
      method: "GET",
      path: "/v2/cache",
      idempotent: true,
    });
    // 404 and 409 mean that Glance has no cache; it has checked the caller before.
    if (glanceList.status >= 400 && ![404, 409].includes(glanceList.status)) {
      return await code.documentResponse(gateway, call, glanceList);
    }
    switch (call.route.operation) {
      case "cache.list":
        return Response.json({
          cached_images: this.#images(),
          queued_images: [...this.#queue.keys()],
        });
      case "cache.queue":
        return await this.#add(call);
      case "cache.delete":
        return await this.#delete(call);
      case "cache.clear":
        return await this.#clear(call);
      case "cache.clean":
        await cache.storage.reload();
        return new Response(null);
      case "cache.prune":
        return Response.json(await this.#prune());
      default:
        return Response.json(this.#nodesOf(call));
    }
  }

  #nodesOf(call: GatewayRequest): string[] {
    const { gateway, code } = this.#options;
    if (this.#keysOf(imageIdOf(call)).length === 0) return [];
    return [code.publicEndpoint(gateway, call.request, call.address.mount)];
  }

  /** The images with stored slots; `size` is the number of stored bytes. */
  #images() {
    const { index } = this.#options.cache.storage;
    const images = new Map<string, { size: number; storedAt: number }>();
    for (const { key, size, storedAt } of index.slots()) {
      const imageId = parseKey(key)?.imageId ?? "";
      const image = images.get(imageId) ?? { size: 0, storedAt: 0 };
      images.set(imageId, {
        size: image.size + size,
        storedAt: Math.max(image.storedAt, storedAt),
      });
    }
    return Array.from(images, ([image_id, { size, storedAt }]) => {
      const last_modified = storedAt / 1000;
      const { hits = 0, lastAccessed: last_accessed = last_modified } = this.#uses.get(image_id) ??
        {};
      return { image_id, hits, last_accessed, last_modified, size };
    });
  }

  async #add(call: GatewayRequest): Promise<Response> {
    const { recordOf, fill, gateway, code } = this.#options;
    const record = await recordOf(call);
    if (record instanceof Response) return record;
    if (record.status !== 200) return await code.documentResponse(gateway, call, record);
    const image = record.result as GlanceImage;
    if (image.status !== "active") {
      throw new code.HttpError(400, "Only images with status active can be targeted for queueing");
    }
    this.#options.cache.pin(image.id);
    if (!this.#queue.has(image.id)) {
      const entry = Symbol();
      this.#queue.set(image.id, entry);
      const isQueued = () => this.#queue.get(image.id) === entry;
      // An error is not reported: clients poll the list to see whether the image is cached.
      fill(call, image, isQueued).catch(() => {}).then(() => {
        if (isQueued()) this.#queue.delete(image.id);
      });
    }
    return new Response(null, { status: 202 });
  }

  async #delete(call: GatewayRequest): Promise<Response> {
    const imageId = imageIdOf(call);
    if (this.#keysOf(imageId).length === 0 && !this.#queue.has(imageId)) {
      const { recordOf, code, gateway } = this.#options;
      const record = await recordOf(call);
      if (record instanceof Response) return record;
      if (record.status !== 200) return await code.documentResponse(gateway, call, record);
    }
    this.#queue.delete(imageId);
    this.#uses.delete(imageId);
    await this.#options.cache.remove(imageId);
    return new Response(null, { status: 204 });
  }

  async #clear({ request }: GatewayRequest): Promise<Response> {
    const target = (request.headers.get("x-image-cache-clear-target") ?? "").toLowerCase();
    if (!TARGETS.includes(target)) {
      throw new this.#options.code.HttpError(
        400,
        "If provided 'x-image-cache-clear-target' must be 'cache', 'queue' or empty string.",
      );
    }
    if (target !== "cache") this.#queue.clear();
    if (target !== "queue") {
      this.#uses.clear();
      await this.#options.cache.remove(null);
    }
    return new Response(null, { status: 204 });
  }

  async #prune() {
    const pruned = await this.#options.cache.storage.prune();
    const total_bytes_pruned = pruned.reduce((sum, { size }) => sum + size, 0);
    return { total_files_pruned: pruned.length, total_bytes_pruned };
  }

  #keysOf(imageId: string): string[] {
    const slots = [...this.#options.cache.storage.index.slots()];
    return slots.map(({ key }) => key).filter((key) => key.startsWith(`${imageId}/`));
  }
}

function imageIdOf({ address: { values } }: GatewayRequest): string {
  return values["image_id"] ?? "";
}
