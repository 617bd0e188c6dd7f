/**
 * The checks for every runtime, as one program that runs on all of them: it is bundled, requested over HTTP,
 * and responds with its results.
 */
import {
  connect,
  GlanceError,
  type GlanceImageService,
  type GlanceOptions,
  type Progress,
  type RequestContext,
} from "../../mod.ts";
import { cacheApiStore, directoryStore, memoryStore, type SlotStore } from "../../lib/cache/mod.ts";
import { createImageRouter, type ImageRouter } from "../../lib/router/mod.ts";
import { traceDownloads } from "./trace_check.ts";

/** The outcome of a check: empty if it passes. */
export type Results = Record<string, string>;

/** Where the checks find their servers. */
interface Harness {
  readonly service: GlanceImageService;
  readonly context: RequestContext;
  /** Endpoint roots: a healthy server, and one that cuts every body in the middle. */
  readonly healthy: string;
  readonly cutting: string;
  /** A server that reads nothing. */
  readonly unresponsive: string;
  readonly imageId: string;
  readonly size: number;
}

const META = { name: "uploaded", diskFormat: "raw", containerFormat: "bare" };

const MIB = 1024 ** 2;

const CHECKS: Readonly<Record<string, (harness: Harness) => Promise<void>>> = {
  "list and show": async ({ service, context, imageId }) => {
    const images = await service.detail(context, { limit: 5, filters: { name: "suite" } });
    expect(images.some(({ id }) => id === imageId), "the image is not listed");
    expect((await service.show(context, imageId)).status === "active", "it is not active");
  },
  "download": async ({ service, context, imageId, size }) => {
    expect(await count(await service.download(context, imageId)) === size, "other bytes");
  },
  "BYOB": async ({ service, context, imageId, size }) => {
    const reader = (await service.download(context, imageId)).getReader({ mode: "byob" });
    let total = 0;
    for (;;) {
      const { done, value } = await reader.read(new Uint8Array(10_000));
      if (done) break;
      total += value.byteLength;
    }
    expect(total === size, `${total} bytes`);
  },
  "verified": async ({ service, context, imageId, size }) => {
    const stream = await service.download(context, imageId, { verify: "required" });
    expect(await count(stream) === size, "other bytes");
  },
  "range": async ({ service, context, imageId }) => {
    const stream = await service.download(context, imageId, { range: { start: 5, end: 14 } });
    expect(await count(stream) === 10, "other bytes");
  },
  "parallel": async ({ service, context, imageId, size }) => {
    const options = { connections: 3, partSize: 65_536 };
    expect(await count(await service.download(context, imageId, options)) === size, "other bytes");
  },
  "resume": async ({ cutting, healthy, imageId, size }) => {
    const resumes: number[] = [];
    const { service, context } = await at([cutting, healthy], {
      onEvent: (event) => event.kind === "resume" && resumes.push(event.offset),
    });
    expect(await count(await service.download(context, imageId)) === size, "other bytes");
  },
  "traces": async ({ cutting, healthy, imageId }) => {
    const spans = await traceDownloads([cutting, healthy], imageId);
    const names = ["glance.download", "GET", "glance.resume", "GET /v2/images/{image_id}/file"];
    expect(names.every((name) => spans.includes(name)), `spans: ${spans}`);
  },
  "cut for good": async ({ cutting, imageId }) => {
    const { service, context } = await at([cutting], { stallTimeout: 2_000 });
    const error = await caught(async () => await count(await service.download(context, imageId)));
    expect(error instanceof GlanceError, `no typed error: ${error}`);
  },
  "cancel": async ({ service, context, imageId }) => {
    const reader = (await service.download(context, imageId)).getReader();
    await reader.read();
    await reader.cancel("enough");
  },
  "upload": async ({ service, context }) => {
    const data = () => streamOf(5, 40_000);
    const image = await service.create(context, META, data, { size: 200_000 });
    expect(image.size === 200_000 && image.status === "active", `${image.status} ${image.size}`);
    await service.delete(context, image.id);
  },
  "upload Blob": async ({ healthy }) => {
    const { service, context } = await at([`${healthy}/sized`]);
    const data = new Blob([new Uint8Array(100_000), new Uint8Array(50_000)]);
    const progress: Progress[] = [];
    const image = await service.create(context, META, data, {
      onProgress: (one) => progress.push(one),
    });
    expect(image.size === 150_000 && image.status === "active", `${image.status} ${image.size}`);
    expect(progress.at(-1)?.transferred === 150_000, JSON.stringify(progress.at(-1)));
    await service.delete(context, image.id);
  },
  "upload bytes": async ({ healthy }) => {
    const { service, context } = await at([`${healthy}/sized`]);
    const image = await service.create(context, META, new Uint8Array(100_000));
    expect(image.size === 100_000 && image.status === "active", `${image.status} ${image.size}`);
    await service.delete(context, image.id);
  },
  "upload empty": async ({ healthy }) => {
    const { service, context } = await at([`${healthy}/sized`]);
    const image = await service.create(context, META, new Blob());
    expect(image.size === 0 && image.status === "active", `${image.status} ${image.size}`);
    await service.delete(context, image.id);
  },
  "upload with its size": async ({ healthy }) => {
    const { service, context } = await at([`${healthy}/sized`]);
    const image = await service.create(context, META, streamOf(5, 40_000), { size: 200_000 });
    expect(image.size === 200_000 && image.status === "active", `${image.status} ${image.size}`);
    await service.delete(context, image.id);
  },
  "upload queue": async ({ unresponsive, service, context }) => {
    const { id } = await service.create(context, META);
    const { service: other } = await at([unresponsive], {
      stallTimeout: 500,
      requestTimeout: 1_000,
    });
    let pulled = 0;
    const data = new ReadableStream({
      pull(controller) {
        pulled += 262_144;
        if (pulled <= 64 * MIB) controller.enqueue(new Uint8Array(262_144));
        else controller.close();
      },
    }, { highWaterMark: 0 });
    const last: Progress[] = [];
    const onProgress = (one: Progress) => last.splice(0, 1, one);
    // The server would not even say which format the image has.
    const options = { onProgress, inspect: "off" } as const;
    const error = await caught(() => other.update(context, id, {}, data, options));
    expect(error instanceof GlanceError, `${error}`);
    const reported = last[0]?.transferred ?? 0;
    expect(
      pulled > 0 && pulled < 16 * MIB && reported < 16 * MIB,
      `${pulled} bytes taken, ${reported} reported`,
    );
    await service.delete(context, id);
  },
  "upload cut": async ({ service, context }) => {
    const meta = { name: "broken", diskFormat: "raw", containerFormat: "bare" };
    const failing = () => streamOf(3, 40_000, new Error("the source broke"));
    const error = await caught(() => service.create(context, meta, failing));
    expect(error instanceof Error && error.message === "the source broke", `${error}`);
    const left = await service.detail(context, { filters: { name: "broken" } });
    expect(left.length === 0, "a short image was left");
  },
  "page": async ({ healthy }) => {
    const router = createImageRouter({ apiServers: [healthy], page: true });
    const url = "http://gateway.invalid/";
    const page = await router.request(url, { headers: { accept: "text/html,*/*;q=0.8" } });
    const text = await page.text();
    expect(page.headers.get("content-type") === "text/html; charset=utf-8", text);
    expect(text.includes("<bdi>suite</bdi>"), "the image is not in the document");
    const files = [...text.matchAll(/ (?:src|href)="(page\/[^"]+)"/g)];
    expect(files.length === 3, `${files.length} files`);
    for (const [, path = ""] of files) {
      const plain = await (await router.request(url + path)).text();
      const headers = { "accept-encoding": "gzip" };
      const { body } = await router.request(url + path, { headers });
      const unpacked = body?.pipeThrough(new DecompressionStream("gzip")) ?? null;
      expect(await new Response(unpacked).text() === plain, `${path} differs after gzip`);
      expect(plain.length > 100, `${path} is empty`);
    }
  },
  "foreign redirect": async ({ healthy, imageId }) => {
    const { service } = await at([`${healthy}/redirecting`]);
    const error = await caught(() => service.show({ authToken: "canary" }, imageId));
    expect(error instanceof GlanceError && error.name === "RedirectRefused", `${error}`);
  },
};

/** Runs all checks against the servers that a test has started. */
export async function runSuite(url: URL): Promise<Results> {
  const [healthy, cutting] = [parameter(url, "healthy"), parameter(url, "cutting")];
  const { service, context } = await at([healthy]);
  const imageId = parameter(url, "image");
  const { size } = await service.show(context, imageId);
  const unresponsive = parameter(url, "unresponsive");
  const harness = { service, context, healthy, cutting, unresponsive, imageId, size: size ?? NaN };
  const results: Results = {};
  for (const [name, check] of Object.entries(CHECKS)) {
    results[name] = await check(harness).then(() => "", (error) => `${error?.stack ?? error}`);
  }
  return results;
}

const GATEWAYS = new Map<string, ImageRouter>();

/**
 * A gateway for the cutting server and, with `resume`, the healthy one; with `one`, only for the healthy one.
 * Requests with the same options share a gateway, as those of a program do.
 */
export async function gateway(request: Request): Promise<Response> {
  const url = new URL(request.url);
  const [, kind = "", rest] = /^\/gateway-(\w+)(\/.*)$/.exec(url.pathname) ?? [];
  const [healthy, cutting] = [parameter(url, "healthy"), parameter(url, "cutting")];
  const servers = new Map([["resume", [cutting, healthy]], ["cut", [cutting]], ["one", [healthy]]]);
  const router = GATEWAYS.get(kind) ?? createImageRouter({
    apiServers: servers.get(kind) ?? [],
    authStrategy: "noauth",
    numRetries: 2,
    // Only the gateway that cuts has to fail.
    ...kind === "cut" && { stallTimeout: 2_000 },
    random: () => 0.99,
  });
  GATEWAYS.set(kind, router);
  // The Host is sent unchanged, because the gateway checks it on each runtime.
  const host = request.headers.get("host");
  return await router.fetch(
    new Request(new URL(rest ?? "/", url), {
      method: request.method,
      headers: { ...host !== null && { host } },
    }),
  );
}

/** The stores of an edge cache, by name; `path` is a directory. */
const STORES: Readonly<Record<string, (path: string) => SlotStore>> = {
  "directory": directoryStore,
  "memory": memoryStore,
  "Cache API": () => cacheApiStore("slots"),
};

/** A gateway with a cache, in front of the healthy server. */
async function cachingGateway(request: Request): Promise<Response> {
  const url = new URL(request.url);
  const name = parameter(url, "store");
  const router = GATEWAYS.get(name) ?? createImageRouter({
    apiServers: [parameter(url, "healthy")],
    cache: {
      store: STORES[name]!(parameter(url, "directory")),
      size: 10 * MIB,
      slotSize: 65_536,
      authorizationTtl: 0,
    },
    metrics: true,
  });
  GATEWAYS.set(name, router);
  return await router.fetch(
    new Request(new URL(url.pathname.slice("/cache".length), url), request),
  );
}

/**
 * The whole program: `/run`, a gateway below `/gateway-resume`, `/gateway-cut` and `/gateway-one`, and one with a cache
 * below `/cache`.
 */
export async function handle(request: Request): Promise<Response> {
  const url = new URL(request.url);
  if (url.pathname.startsWith("/cache/")) return await cachingGateway(request);
  return url.pathname === "/run" ? Response.json(await runSuite(url)) : await gateway(request);
}

function at(apiServers: string[], options: GlanceOptions = {}) {
  return connect({ apiServers, environment: {}, numRetries: 2, ...options });
}

function streamOf(chunks: number, size: number, end?: Error): ReadableStream<Uint8Array> {
  let left = chunks;
  return new ReadableStream({
    pull(controller) {
      if (left-- > 0) return controller.enqueue(new Uint8Array(size));
      if (end !== undefined) return controller.error(end);
      controller.close();
    },
  });
}

async function count(stream: ReadableStream<Uint8Array>): Promise<number> {
  const reader = stream.getReader();
  for (let total = 0;;) {
    const { done, value } = await reader.read();
    if (done) return total;
    total += value.byteLength;
  }
}

async function caught(work: () => Promise<unknown>): Promise<unknown> {
  return await work().then(() => null, (error) => error);
}

function expect(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}

function parameter(url: URL, name: string): string {
  return url.searchParams.get(name) ?? "";
}
