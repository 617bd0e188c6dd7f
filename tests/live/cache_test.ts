/** A gateway with a cache in front of a real Keystone and Glance. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { directoryStore } from "../../lib/cache/mod.ts";
import { createImageRouter } from "../../lib/router/mod.ts";
import { ourGlance } from "./glance_commands.ts";
import { PythonGlance } from "./python_glance.ts";
import { randomBytes, RawGlance, revokeToken } from "./raw_glance.ts";
import { type LiveStack, startStack } from "./stack.ts";

const SLOT = 64 * 1024;
const DATA = randomBytes(5 * SLOT + 1);

/** What a reader receives. */
interface Read {
  readonly status: number;
  readonly body: string;
  readonly bytes: Uint8Array;
  /** `Cache-Status`. */
  readonly source: string | null;
}

/** A gateway with a cache in a directory. Its clock can be advanced. */
class Gateway implements AsyncDisposable {
  readonly url: string;
  readonly #client = Deno.createHttpClient({});
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  #advanced = 0;

  constructor({ glanceUrls, directory }: LiveStack, authorizationTtl?: number) {
    const store = directoryStore(`${directory}/cache-${crypto.randomUUID()}`);
    const router = createImageRouter({
      apiServers: glanceUrls,
      cache: { store, size: 1e9, slotSize: SLOT, authorizationTtl },
      metrics: true,
      now: () => performance.now() + this.#advanced,
      fetch: (input, init) => fetch(input, { ...init, client: this.#client }),
    });
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, router.fetch);
    this.url = `http://127.0.0.1:${this.#server.addr.port}`;
  }

  advance(ms: number): void {
    this.#advanced += ms;
  }

  /** Bytes that were sent from the cache. */
  async sentBytes(): Promise<number> {
    const text = await (await fetch(`${this.url}/metrics`)).text();
    return Number(/^glance_edge_cache_sent_bytes_total\S* (\d+)/m.exec(text)?.[1] ?? 0);
  }

  /** Resolves when all data of an image is stored and verified. */
  async isVerified(): Promise<boolean> {
    const text = await (await fetch(`${this.url}/metrics`)).text();
    return text.includes('event="verified"');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
    this.#client.close();
  }
}

async function read(server: string, id: string, token: string, range?: string): Promise<Read> {
  const headers = { "x-auth-token": token, ...range !== undefined && { range } };
  const response = await fetch(`${server}/v2/images/${id}/file`, { headers });
  const bytes = new Uint8Array(await response.arrayBuffer());
  const body = response.ok ? `${bytes.byteLength} bytes` : new TextDecoder().decode(bytes);
  return { status: response.status, body, bytes, source: response.headers.get("cache-status") };
}

/** Waits for a state; polls. */
async function until(isReached: () => Promise<boolean>): Promise<void> {
  for (let look = 0; look < 400; look++) {
    if (await isReached()) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error("Cannot see the expected state");
}

Deno.test("createImageRouter() with a cache refuses readers as Glance does", async (t) => {
  await using stack = await startStack({ isStrict: true });
  for (const ttl of [undefined, 0]) {
    const time = ttl ?? 5_000;
    await t.step(`within ${time} ms after a right is lost`, async (t) => {
      await using gateway = new Gateway(stack, ttl);
      const [glance] = stack.glanceUrls;
      const alice = await stack.token("alice");
      const bob = await stack.token("bob");
      const carol = await stack.token("carol");
      const admin = await stack.token("admin");
      const owner = new RawGlance(glance, alice.token);
      const administrator = new RawGlance(glance, admin.token);
      const id = await owner.create({ name: "cached", visibility: "shared" }, DATA);
      await owner.json("POST", `images/${id}/members`, { member: bob.projectId });

      const assertHit = async (token: string) => {
        const { status, bytes, source } = await read(gateway.url, id, token);
        assertEquals([status, source], [200, "glance-edge; hit"]);
        assertEquals(bytes, DATA);
      };
      /** Compares the refusals of the gateway with those of Glance. */
      const assertRefused = async (expected: number, token: string) => {
        gateway.advance(time);
        const before = await gateway.sentBytes();
        for (const range of [undefined, "bytes=0-9", "bytes=70000-"]) {
          const direct = await read(glance, id, token, range);
          const through = await read(gateway.url, id, token, range);
          assertEquals(direct.status, expected);
          assertEquals(through, direct);
        }
        assertEquals(await gateway.sentBytes() - before, 0);
      };

      await t.step("the owner fills the cache", async () => {
        const first = await read(gateway.url, id, alice.token);
        assertEquals([first.status, first.source], [200, "glance-edge; fwd=miss; stored"]);
        assertEquals(first.bytes, DATA);
        await until(() => gateway.isVerified());
      });
      await t.step(
        "the owner, a member and another token of the owner read from the cache",
        async () => {
          for (const { token } of [alice, bob, await stack.token("alice")]) await assertHit(token);
        },
      );
      await t.step("a range is read from the cache", async () => {
        const part = await read(gateway.url, id, bob.token, "bytes=65000-66000");
        assertEquals([part.status, part.source], [206, "glance-edge; hit"]);
        assertEquals(part.bytes, DATA.slice(65_000, 66_001));
      });
      await t.step("a reader without the right to download", () => assertRefused(403, carol.token));
      await t.step("a token that never was valid", () => assertRefused(401, "invalid"));
      await t.step("no token", () => assertRefused(401, ""));
      await t.step("a removed member", async () => {
        await assertHit(bob.token);
        await owner.json("DELETE", `images/${id}/members/${bob.projectId}`);
        await assertRefused(404, bob.token);
      });
      await t.step("a revoked token", async () => {
        const { token } = await stack.token("alice");
        await assertHit(token);
        await revokeToken(stack.credentials("alice"), admin.token, token);
        await assertRefused(401, token);
        await assertHit(alice.token);
      });
      await t.step("a deactivated image", async () => {
        await administrator.json("POST", `images/${id}/actions/deactivate`);
        await assertRefused(403, alice.token);
        const { status, bytes } = await read(gateway.url, id, admin.token);
        assertEquals(status, 200);
        assertEquals(bytes, DATA);
        await administrator.json("POST", `images/${id}/actions/reactivate`);
        gateway.advance(time);
        await assertHit(alice.token);
      });
      await t.step("a deleted image", async () => {
        await owner.json("DELETE", `images/${id}`);
        await assertRefused(404, alice.token);
      });
    });
  }
  await t.step(
    "the cache commands of glance manage the cache, for administrators",
    (t) => checkCommands(t, stack),
  );
});

async function checkCommands(t: Deno.TestContext, stack: LiveStack): Promise<void> {
  await using gateway = new Gateway(stack);
  const owner = await RawGlance.as(stack, "alice");
  const id = await owner.create({ name: "cached" }, DATA);
  await using theirs = new PythonGlance();
  const programs = { "python-glanceclient": theirs.run, "the command line": ourGlance({}) };
  for (const [name, glance] of Object.entries(programs)) {
    const run = (line: string, user: "admin" | "alice" = "admin") =>
      glance(`--os-image-url ${gateway.url} ${line}`, stack.environment(user));
    const ok = async (line: string) => {
      const { code, stdout, stderr } = await run(line);
      assertEquals(code, 0, `${line}: ${stderr}`);
      return stdout;
    };
    /** The states in which the image is listed: `cached`, `queued`, both while it is being cached, or none. */
    const states = async () => {
      const rows = (await ok("cache-list")).split("\n").filter((row) => row.includes(id));
      return rows.flatMap((row) => /cached|queued/.exec(row) ?? []).join();
    };
    const isCached = async () => await states() === "cached";
    await t.step(`${name}: cache-queue caches an image`, async () => {
      assertEquals(await states(), "");
      await ok(`cache-queue ${id}`);
      await until(isCached);
      const { source } = await read(gateway.url, id, (await stack.token("alice")).token);
      assertEquals(source, "glance-edge; hit");
    });
    await t.step(`${name}: cache-delete removes it`, async () => {
      await ok(`cache-delete ${id}`);
      assertEquals(await states(), "");
    });
    await t.step(`${name}: cache-clear removes all images`, async () => {
      await ok(`cache-queue ${id}`);
      await until(isCached);
      await ok("cache-clear --target cache");
      assertEquals(await states(), "");
    });
    await t.step(`${name}: only administrators may`, async () => {
      for (const line of ["cache-list", `cache-queue ${id}`, `cache-delete ${id}`, "cache-clear"]) {
        const { code, stdout, stderr } = await run(line, "alice");
        assertMatch(stdout + stderr, /403|not (authorized|permitted)|forbidden/i, line);
        assert(code === 1 || name !== "the command line", `${line}: ${code}`);
      }
    });
  }
}
