/** Commands that start during an outage of all servers. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { serve } from "../../lib/cli/server/serve.ts";
import { createEmbeddedGlance } from "../../lib/embedded/mod.ts";
import { freePort } from "../support/free_port.ts";
import { inDirectory } from "../support/directory.ts";
import { CliHarness, embedded, type Fetch, type Outcome } from "./harness.ts";

const TWO_SERVERS = { GLANCE_API_SERVERS: "a.test:9292,b.test:9292" };
const MAIN = new URL("../../lib/cli/main.ts", import.meta.url).pathname;

/** A network that refuses connections at first. */
function awayFor(connections: number): { readonly fetch: Fetch; readonly requests: () => number } {
  const glance = embedded();
  let requests = 0;
  const fetch: Fetch = (request) => {
    requests++;
    return requests > connections ? glance(request) : Promise.reject(new TypeError("refused"));
  };
  return { fetch, requests: () => requests };
}

Deno.test("image-list waits when all servers are unavailable, and reports it once", async () => {
  const { fetch } = awayFor(20);
  const { code, stderr } = await new CliHarness(fetch).run(["image-list"], {
    environment: TWO_SERVERS,
  });
  assertEquals(code, 0);
  assert(/^Waiting up to \d+ s for a server: .*refused\n$/.test(stderr), stderr);
});

Deno.test("image-list fails when an outage lasts longer than --outage-timeout", async () => {
  const { fetch } = awayFor(1_000);
  const { code, stderr } = await new CliHarness(fetch).run(
    ["image-list", "--outage-timeout", "9"],
    { environment: TWO_SERVERS },
  );
  assertEquals(code, 1);
  assertStringIncludes(stderr, "within 9 s; raise --outage-timeout to wait longer; last error");
});

Deno.test("image-list does not wait when the only server that the user has named is unavailable", async () => {
  const { fetch, requests } = awayFor(1_000);
  const { code, stderr } = await new CliHarness(fetch).run(["image-list"]);
  assertEquals([code, requests()], [1, 4]);
  assert(!stderr.includes("Waiting"), stderr);
  const longOutage = awayFor(20);
  const waits = await new CliHarness(longOutage.fetch).run([
    "image-list",
    "--outage-timeout",
    "60",
  ]);
  assertEquals([waits.code, longOutage.requests()], [0, 21]);
});

Deno.test("image-list does not wait when --outage-timeout is 0 during an outage", async () => {
  const { fetch, requests } = awayFor(1_000);
  const { code } = await new CliHarness(fetch).run(["image-list", "--outage-timeout", "0"], {
    environment: TWO_SERVERS,
  });
  assertEquals([code, requests()], [1, 4]);
});

/** A cloud whose Keystone refuses connections at first, and whose Glance does, too. */
function cloudAwayFor(keystone: number, glance: number): Fetch {
  const away = awayFor(glance);
  let requests = 0;
  return (request) => {
    const { host, pathname } = new URL(request.url);
    if (host !== "keystone.test") return away.fetch(request);
    assertEquals(pathname, "/v3/auth/tokens");
    if (++requests <= keystone) return Promise.reject(new TypeError("refused"));
    const interfaces = ["http://a.test", "http://b.test"].map((url) => (
      { interface: "public", region: "Here", region_id: "Here", url }
    ));
    const token = {
      user: { id: "u" },
      project: { id: "p" },
      roles: [{ name: "member" }],
      catalog: [{ type: "image", name: "glance", endpoints: interfaces }],
    };
    const headers = { "x-subject-token": "t" };
    return Promise.resolve(Response.json({ token }, { status: 201, headers }));
  };
}

/** Runs a command with credentials for Keystone. */
function signedIn(fetch: Fetch, args: readonly string[]): Promise<Outcome> {
  return inDirectory(async (directory) => {
    const file = `${directory}/clouds.json`;
    await Deno.writeTextFile(file, "{}");
    const environment = {
      OS_AUTH_URL: "http://keystone.test/v3",
      OS_USERNAME: "alice",
      OS_PASSWORD: "secret",
      OS_PROJECT_NAME: "demo",
      OS_CLIENT_CONFIG_FILE: file,
    };
    return await new CliHarness(fetch).run(args, { environment });
  });
}

Deno.test("image-list waits for Keystone, and prints that once", async () => {
  const { code, stderr } = await signedIn(cloudAwayFor(12, 0), ["image-list"]);
  assertEquals(code, 0, stderr);
  assert(/^Waiting up to \d+ s for a server: .*keystone\.test.*refused\n$/.test(stderr), stderr);
});

Deno.test("image-list waits for Keystone, then for Glance", async () => {
  const { code, stderr } = await signedIn(cloudAwayFor(12, 12), ["image-list"]);
  assertEquals(code, 0, stderr);
  assertEquals(stderr.match(/^Waiting up to \d+ s for a server: /gm)?.length, 2, stderr);
});

Deno.test("image-list fails when Keystone is unavailable for longer than --outage-timeout", async () => {
  const args = ["image-list", "--outage-timeout", "9"];
  const { code, stderr } = await signedIn(cloudAwayFor(1_000, 0), args);
  assertEquals(code, 1);
  assertStringIncludes(stderr, "within 9 s; raise --outage-timeout to wait longer; last error");
});

Deno.test("image-list continues as a process when a server starts after the command", async () => {
  const ports = [freePort(), freePort()];
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-net", "--allow-read", "--allow-env", MAIN, "image-list"],
    env: {
      GLANCE_API_SERVERS: ports.map((port) => `http://127.0.0.1:${port}`).join(","),
      NO_COLOR: "1",
    },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let stderr = "";
  const lines = process.stderr.pipeThrough(new TextDecoderStream());
  const glance = createEmbeddedGlance();
  const servers: ReturnType<typeof serve>[] = [];
  try {
    for await (const text of lines) {
      stderr += text;
      if (servers.length > 0 || !stderr.includes("\n")) continue;
      const [port = 0] = ports;
      servers.push(serve((request) => glance.fetch(request), { host: "127.0.0.1", port }));
    }
    const { code } = await process.status;
    assertEquals([code, servers.length], [0, 1], stderr);
    assert(/^Waiting up to \d+ s for a server: .*refused/.test(stderr), stderr);
  } finally {
    await process.stdout.cancel();
    for (const server of servers) await server.kill();
  }
});
