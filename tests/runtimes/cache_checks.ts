/** The checks of a gateway with an edge cache, from outside. */
import { REFUSED_TOKEN, type Servers } from "./servers.ts";
import type { Results } from "./suite.ts";

const READERS = 50;

/** Polls until what a runtime does in the background is done. */
const POLLS = 200;

interface CachedRead {
  readonly status: number;
  readonly bytes: Uint8Array;
  /** `Cache-Status`. */
  readonly source: string;
}

/** Reads through the gateway on a runtime. */
class CacheReader {
  readonly #base: string;
  readonly #query: string;
  readonly #servers: Servers;

  constructor(base: string, query: string, servers: Servers) {
    this.#base = base;
    this.#query = query;
    this.#servers = servers;
  }

  async read(id: string, headers: Record<string, string> = {}): Promise<CachedRead> {
    const url = `${this.#base}/cache/v2/images/${id}/file${this.#query}`;
    const response = await fetch(url, { headers: { "x-auth-token": "one", ...headers } });
    return {
      status: response.status,
      bytes: new Uint8Array(await response.arrayBuffer()),
      source: response.headers.get("cache-status") ?? "",
    };
  }

  /** A whole image that was read twice: before it was cached, and after that. */
  async missAndHit(): Promise<string> {
    const id = await this.#servers.image();
    const first = await this.read(id);
    this.#expect(first, 200, "fwd=miss");
    // The last slot is stored after the response.
    for (let poll = 0;; poll++) {
      const before = this.sent(id);
      const next = await this.read(id);
      this.#expect(next, 200, poll < POLLS ? "" : "hit");
      if (next.source.endsWith("hit") && this.sent(id) === before) return id;
    }
  }

  async range(): Promise<void> {
    const id = await this.missAndHit();
    const before = this.sent(id);
    const part = await this.read(id, { range: "bytes=65000-66000" });
    this.#expect(part, 206, "hit", 65_000, 66_001);
    expect(this.sent(id) === before, "the origin has sent data for a cached range");
  }

  async refusal(): Promise<void> {
    const id = await this.missAndHit();
    const { status, bytes } = await this.read(id, { "x-auth-token": REFUSED_TOKEN });
    const text = new TextDecoder().decode(bytes);
    expect(status === 403 && text === "not for this token", `${status} ${text.slice(0, 99)}`);
    this.#expect(await this.read(id, { "x-auth-token": "two" }), 200, "hit");
  }

  async readers(): Promise<void> {
    const id = await this.#servers.image();
    const { bytes: { byteLength } } = this.#servers;
    await Promise.all(Array.from({ length: READERS }, async (_, n) => {
      const start = n % 2 === 0 ? 0 : n * 9_999;
      this.#expect(await this.read(id, { range: `bytes=${start}-` }), 206, "", start);
    }));
    // One byte shows whether the store has ranges.
    const sent = this.sent(id);
    expect(sent <= byteLength + 1, `${(sent / byteLength).toFixed(3)} reads of the origin`);
  }

  /** Bytes that the origin has sent of an image. */
  sent(id: string): number {
    return this.#servers.sent.get(id) ?? 0;
  }

  #expect(read: CachedRead, status: number, source: string, start = 0, end?: number): void {
    const expected = this.#servers.bytes.subarray(start, end);
    expect(read.status === status, `status ${read.status}`);
    expect(read.source.includes(source), `Cache-Status: ${read.source}`);
    const isSame = expected.byteLength === read.bytes.byteLength &&
      expected.every((byte, at) => byte === read.bytes[at]);
    expect(isSame, `other bytes (${read.bytes.byteLength} instead of ${expected.byteLength})`);
  }
}

/** The checks of the gateway with a cache in a store. */
export async function cacheChecks(
  base: string,
  query: string,
  store: string,
  servers: Servers,
): Promise<Results> {
  const reader = new CacheReader(base, `${query}&store=${encodeURIComponent(store)}`, servers);
  const checks = {
    "hit": () => reader.missAndHit(),
    "range": () => reader.range(),
    "refusal": () => reader.refusal(),
    [`${READERS} readers`]: () => reader.readers(),
  };
  const results: Results = {};
  for (const [name, check] of Object.entries(checks)) {
    results[`cache (${store}): ${name}`] = await check().then(() => "", String);
  }
  return results;
}

function expect(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}
