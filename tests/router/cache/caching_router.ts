/** A gateway with a cache, for tests. */
import { memoryStore, type SlotStore } from "../../../lib/cache/mod.ts";
import type { GlanceEvent } from "../../../lib/events.ts";
import { settled } from "../../../lib/testing/clock.ts";
import type { Cloud } from "../cloud.ts";

const SLOT = 64 * 1024;

/** A router with an empty cache. */
export function cachingRouter(
  cloud: Cloud,
  options: { authorizationTtl?: number; store?: SlotStore; size?: number } = {},
  onEvent: (event: GlanceEvent) => void = () => {},
) {
  return cloud.router({
    onEvent,
    wallClock: () => 0,
    cache: { store: memoryStore(), size: 10_000_000, slotSize: SLOT, ...options },
    metrics: true,
  });
}

/** Resolves when the whole image is stored and its hash was verified, or has another one. */
export async function verified(
  router: ReturnType<typeof cachingRouter>,
  event: "verified" | "mismatch" = "verified",
  count = 1,
): Promise<void> {
  const isVerified = async () => {
    const text = await (await router.request("/metrics")).text();
    const [, number] = new RegExp(`event="${event}"} (\\d+)`).exec(text) ?? [];
    return Number(number ?? 0) >= count;
  };
  while (!await isVerified()) await settled();
}

export async function bytesOf(response: Response): Promise<Uint8Array> {
  return new Uint8Array(await response.arrayBuffer());
}

/** Bytes of data that were requested from Glance with real ranges. */
export function dataRequests(cloud: Cloud): string[] {
  return cloud.requests
    .filter(({ path, headers }) =>
      path.endsWith("/file") && headers.get("range") !== "bytes=9007199254740991-"
    )
    .map(({ headers }) => headers.get("range") ?? "whole");
}
