/**
 * The edge cache of a gateway, imported on demand because few gateways have one. Code that is loaded at the start is
 * passed in, so that bundlers do not duplicate or split it.
 */
import type { CacheEvent } from "../../cache/cache_events.ts";
import type { CachedReader, SlotSource } from "../../cache/cached_reader.ts";
import { DEFAULT_SLOT_SIZE, SlotCache } from "../../cache/slot_cache.ts";
import {
  type ImageContent,
  parseKey,
  prefixOf,
  type Slot,
  slotAt,
  slotOf,
} from "../../cache/image_slots.ts";
import { nativeDigest } from "../../cache/slot_format.ts";
import type { GlanceImage } from "../../api/types.ts";
import type { DefinedResponse } from "../forward/upstream_response.ts";
import type { DataPlan } from "../file/conditions.ts";
import type { DataCache, Gateway, GatewayRequest } from "../gateway_request.ts";
import type { CacheOptions } from "../options.ts";
import type { Origin } from "../../cache/fill/origin.ts";
import type { RequestContext } from "../../context.ts";
import { CacheApi } from "./cache_api.ts";
import { problemOf } from "./cache_problem.ts";
import { cachedBody } from "./cached_body.ts";
import { glanceOrigin } from "./glance_origin.ts";
import { Permissions } from "./permissions.ts";
import { RangeProbes } from "./range_probes.ts";
import type { CacheCode } from "./cache_code.ts";

/** The name in `Cache-Status`. */
const CACHE_NAME = "glance-edge";

/** The parameters of `Cache-Status` (RFC 9211) by the source of the first byte. */
const STATUS: Readonly<Record<SlotSource, string>> = {
  hit: "hit",
  collapsed: "fwd=miss; collapsed",
  miss: "fwd=miss",
};

/** The edge cache of a gateway. */
export class GatewayCache implements DataCache {
  readonly #gateway: Gateway;
  readonly #code: CacheCode;
  readonly #cache: SlotCache;
  readonly #create: () => SlotCache;
  readonly #permissions: Permissions;
  readonly #api: CacheApi;
  readonly #slotSize: number;
  readonly #probes: RangeProbes;

  constructor(gateway: Gateway, options: CacheOptions, code: CacheCode) {
    const { store, size, slotSize = DEFAULT_SLOT_SIZE, authorizationTtl = 5_000 } = options;
    const { now, wallClock, timer, sleep } = gateway.client.options;
    this.#gateway = gateway;
    this.#code = code;
    this.#slotSize = slotSize;
    this.#probes = new RangeProbes(timer);
    this.#permissions = new Permissions(gateway, authorizationTtl, code);
    const onEvent = (event: CacheEvent) => this.#observe(event);
    const clocks = { now, wallClock, timer, sleep };
    const verified = new Set<string>();
    this.#create = () =>
      new SlotCache({
        store,
        size,
        slotSize,
        verified,
        isPerRequest: code.isWorkerd(),
        ...clocks,
        createHasher: code.createHasher,
        digest: nativeDigest,
        onEvent,
      });
    this.#cache = this.#create();
    this.#api = new CacheApi({
      gateway,
      code,
      cache: this.#cache,
      recordOf: (call) => {
        const data = dataCallOf(call);
        return this.record(data, () => code.requestRecord(gateway, data));
      },
      fill: (call, image, shouldContinue) => this.#fill(call, image, shouldContinue),
    });
  }

  /**
   * The record of an image whose data the reader may read, or Glance's error response.
   *
   * @param request requests the record.
   */
  async record(
    call: GatewayRequest,
    request: () => Promise<DefinedResponse>,
  ): Promise<DefinedResponse | Response> {
    return await this.#permissions.record(call, request);
  }

  /** Opens the data of an image; null if it cannot be cached. */
  async open(call: GatewayRequest, image: GlanceImage, plan: DataPlan): Promise<Response | null> {
    const cached = cacheable(image);
    if (cached === null || new URLSearchParams(call.address.search).has("prefer")) return null;
    const { options } = this.#gateway;
    const [start, end] = plan.kind === "part" ? [plan.start, plan.end + 1] : [0, cached.size];
    const origin = this.#origin(call.context, image, cached);
    // On workerd, a request cannot wait for another one.
    const cache = this.#code.isWorkerd() ? this.#create() : this.#cache;
    const reader = cache.open(cached, start, end, origin);
    const { first, verifier } = await closingOnError(reader, async () => ({
      first: await firstBytes(reader, call),
      verifier: await this.#code.verifierFor(image, plan, options.verify),
    }));
    const headers = this.#code.dataHeaders(image, plan);
    this.#describe(headers, reader, slotAt(cached, this.#slotSize, start));
    const { recorder, mayReuseChunks } = call;
    const input = { reader, first, verifier, length: end - start, recorder, mayReuseChunks };
    const body = cachedBody(this.#code, input);
    return new Response(body, { status: plan.kind === "part" ? 206 : 200, headers });
  }

  /** Handles a request for Glance's cache API. */
  async manage(call: GatewayRequest): Promise<Response> {
    await this.#cache.storage.load();
    return await this.#api.handle(call);
  }

  /** Reads a whole image into the cache while `shouldContinue` returns true. */
  async #fill(
    { context }: GatewayRequest,
    image: GlanceImage,
    shouldContinue: () => boolean,
  ): Promise<void> {
    const cached = cacheable(image);
    if (cached === null) return;
    const origin = this.#origin(context, image, cached);
    const reader = this.#cache.open(cached, 0, cached.size, origin);
    await closingOnError(reader, async () => {
      while (shouldContinue() && await reader.read() !== null);
    });
    await reader.close();
    if (shouldContinue()) await this.#cache.idle();
  }

  #origin(context: RequestContext, image: GlanceImage, cached: ImageContent): Origin {
    const { client, metrics } = this.#gateway;
    return glanceOrigin(this.#code, {
      gateway: this.#gateway,
      context,
      image,
      onBytes: (bytes) => metrics.counters?.add("cache_origin_bytes_total", {}, bytes),
      key: prefixOf(cached),
      // On workerd, a request cannot wait for another one.
      probes: this.#code.isWorkerd() ? new RangeProbes(client.options.timer) : this.#probes,
      onServer: (server) => this.#cache.sentBy(cached, server),
    });
  }

  #describe(headers: Headers, { source }: CachedReader, slot: Slot): void {
    const { client: { options: { wallClock } }, metrics } = this.#gateway;
    const status = source ?? "miss";
    metrics.counters?.add("cache_requests_total", { result: status });
    if (status === "hit") this.#api.used(slot.image.imageId, wallClock());
    const stored = status === "miss" && this.#cache.storage.isStorable(slot) ? "; stored" : "";
    headers.set("cache-status", `${CACHE_NAME}; ${STATUS[status]}${stored}`);
    const storedAt = this.#cache.storage.index.storedAt(slot.key);
    if (status !== "hit" || storedAt === null) return;
    headers.set("age", String(Math.max(0, Math.floor((wallClock() - storedAt) / 1000))));
  }

  /** Cools down the servers that sent wrong data, so that others are preferred. */
  async #coolDown(servers: readonly string[], cause: unknown): Promise<void> {
    const { client, options } = this.#gateway;
    const context = options.service?.() ?? {};
    for (const server of servers) await client.coolDown(context, server, cause);
  }

  #observe(event: CacheEvent): void {
    const { client, metrics } = this.#gateway;
    const problem = problemOf(event);
    if (problem !== null) client.options.onEvent(problem);
    if (event.kind === "mismatch") this.#coolDown(event.servers, problem?.cause).catch(() => {});
    if (event.kind === "cached") metrics.counters?.add("cache_sent_bytes_total", {}, event.bytes);
    else metrics.counters?.add("cache_events_total", { event: event.kind });
  }
}

/** A request for the data of the image in a request for the cache API. */
function dataCallOf(call: GatewayRequest): GatewayRequest {
  const path = `/v2/images/${call.address.values["image_id"]}/file`;
  return { ...call, address: { ...call.address, path, search: "" } };
}

/** Reads the first bytes before the status is sent. */
async function firstBytes(reader: CachedReader, { signal }: GatewayRequest) {
  const close = () => void reader.close();
  signal?.addEventListener("abort", close, { once: true });
  try {
    return await reader.read();
  } finally {
    signal?.removeEventListener("abort", close);
    signal?.throwIfAborted();
  }
}

/** The result of the work. If it fails, the reader is closed, so that its slot can be evicted. */
async function closingOnError<Result>(
  reader: CachedReader,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    await reader.close();
    throw error;
  }
}

/**
 * The identity of an image's data; null if it cannot be cached: the image is not active or is empty, or its id or hash
 * does not have the usual form.
 */
function cacheable(image: GlanceImage): ImageContent | null {
  const { id: imageId, status, size, os_hash_algo, os_hash_value, checksum } = image;
  if (status !== "active" || !size) return null;
  const [algorithm, hash] = os_hash_algo && os_hash_value
    ? [os_hash_algo, os_hash_value]
    : ["md5", checksum ?? ""];
  const content = { imageId, size, algorithm, hash: hash.toLowerCase() };
  // Keys become file paths, and must be parsable when a store is listed.
  return parseKey(slotOf(content, 1, 0).key) === null ? null : content;
}
