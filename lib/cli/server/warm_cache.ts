/**
 * Reads an image of its own through a gateway with a cache in memory, so that the code of the cache is loaded and
 * compiled before the first readers need it.
 */
import type { GlanceImage } from "../../api/types.ts";
import { memoryStore, type SlotStore } from "../../cache/mod.ts";
import { createImageRouter } from "../../router/mod.ts";
import { CHUNKS_NOT_RETAINED } from "../../router/gateway_request.ts";
import { sleep } from "../../timer.ts";

const SLOT_SIZE = 64 * 1024;
const DATA = /* @__PURE__ */ new Uint8Array(4 * SLOT_SIZE);
const ID = "00000000-0000-4000-8000-000000000000";

const IMAGE: Partial<GlanceImage> = {
  id: ID,
  status: "active",
  size: DATA.byteLength,
  // Each round has other data, which is not cached.
  os_hash_algo: "sha512",
};

/** Milliseconds to wait until an image was verified after its reads. */
const VERIFICATION_LIMIT = 1_000;

/** Rounds of reads, and readers in each of them. */
const ROUNDS = 6;
const READERS = 10;

/** Reads an image that does not exist anywhere else. Resolves to the number of bytes read; never rejects. */
export async function warmCache(): Promise<number> {
  let bytes = 0;
  try {
    for (let round = 0; round < ROUNDS; round++) bytes += await readOnce(round);
  } catch {
    // The first readers load what they need.
  }
  return bytes;
}

async function readOnce(round: number): Promise<number> {
  const hash = round.toString(16).padStart(128, "0");
  const verified = new AbortController();
  const router = createImageRouter({
    apiServers: ["http://glance.invalid"],
    authStrategy: "noauth",
    fetch: (url, init) => Promise.resolve(respond(String(url), new Headers(init?.headers), hash)),
    // Nothing is waited for.
    timer: () => () => {},
    hedgeDelay: Infinity,
    metrics: true,
    cache: {
      store: storeUntil(() => verified.abort("verified")),
      size: 2 * DATA.byteLength,
      slotSize: SLOT_SIZE,
    },
  });
  const read = async (start: number) => {
    const headers = { "x-auth-token": "none", ...start > 0 && { range: `bytes=${start}-` } };
    const url = `http://localhost/v2/images/${ID}/file`;
    const response = await router.request(url, { headers }, CHUNKS_NOT_RETAINED);
    let bytes = 0;
    // No chunk is kept.
    for await (const chunk of response.body ?? []) bytes += chunk.byteLength;
    return bytes;
  };
  const reads = Array.from({ length: READERS }, (_, reader) => read(reader % 2 * reader * 9_973));
  const total = (await Promise.all(reads)).reduce((sum, bytes) => sum + bytes);
  await sleep(VERIFICATION_LIMIT, verified.signal).catch(() => {});
  return total;
}

/** A store that calls `onVerified` when all slots are deleted: the verification finds that the hash is wrong. */
function storeUntil(onVerified: () => void): SlotStore {
  const store = memoryStore();
  let left = DATA.byteLength / SLOT_SIZE;
  return {
    ...store,
    async delete(key) {
      await store.delete(key);
      if (--left === 0) onVerified();
    },
  };
}

/** Responds as Glance does. */
function respond(url: string, headers: Headers, os_hash_value: string): Response {
  if (!new URL(url).pathname.endsWith("/file")) return Response.json({ ...IMAGE, os_hash_value });
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(headers.get("range") ?? "") ?? [];
  if (from === undefined) return bodyOf(DATA, 200);
  const start = Number(from);
  if (start >= DATA.byteLength) return new Response(null, { status: 416 });
  const end = Math.min(DATA.byteLength, to ? Number(to) + 1 : DATA.byteLength);
  const response = bodyOf(DATA.slice(start, end), 206);
  response.headers.set("content-range", `bytes ${start}-${end - 1}/${DATA.byteLength}`);
  return response;
}

function bodyOf(data: Uint8Array<ArrayBuffer>, status: number): Response {
  const headers = {
    "content-type": "application/octet-stream",
    "content-length": String(data.byteLength),
  };
  return new Response(data, { status, headers });
}
