/** The requests of every command: only those that it needs. */
import { assertEquals } from "@std/assert";
import { inDirectory } from "../support/directory.ts";
import { COMMANDS } from "../../lib/cli/command_table.ts";
import { files, named, prepared, ROWS, SETUP, words } from "./every_command.ts";
import { CliHarness, embedded, type Fetch } from "./harness.ts";

Deno.test("runGlance() sends only the requests that a command needs", async (t) => {
  for (const [line, expected] of Object.entries(ROWS)) {
    await t.step(line, async () => {
      const { harness, requests } = await prepared();
      const { code, stderr } = await harness.run(words(line), { files: files() });
      // Its summary is on standard error.
      if (!line.startsWith("image-audit")) assertEquals(stderr, "");
      assertEquals(code, 0);
      assertEquals(requests, expected);
    });
  }
});

Deno.test("runGlance() signs in with one request, and once more for another region", async (t) => {
  const signIn = "POST http://keystone.test/v3/auth/tokens";
  // An existing image shows which hash the target makes.
  const hashOfTarget = "GET http://there.test/v2/images?limit=1&status=active&sort_key=created_at";
  const rows = {
    "image-show {disk}": [signIn, "GET http://here.test/v2/images/{disk}"],
    "image-copy {disk} --to-region There": [
      signIn,
      signIn,
      "GET http://here.test/v2/images/{disk}",
      hashOfTarget,
      "POST http://there.test/v2/images",
      "GET http://here.test/v2/images/{disk}/file",
      "PUT http://there.test/v2/images/{copy}/file",
      "GET http://there.test/v2/images/{copy}",
    ],
    "image-copy disk --to-region There": [
      signIn,
      "GET http://here.test/v2/images?limit=200&name=eq%3Adisk&os_hidden=false",
      signIn,
      hashOfTarget,
      "POST http://there.test/v2/images",
      "GET http://here.test/v2/images/{disk}/file",
      "PUT http://there.test/v2/images/{copy}/file",
      "GET http://there.test/v2/images/{copy}",
    ],
  };
  for (const [line, expected] of Object.entries(rows)) {
    await t.step(line, () =>
      inDirectory(async (directory) => {
        const file = `${directory}/clouds.json`;
        await Deno.writeTextFile(file, "{}");
        const { harness, requests } = await twoRegions();
        const { code, stderr } = await harness.run(words(line), {
          environment: { ...SIGN_IN, OS_CLIENT_CONFIG_FILE: file },
        });
        assertEquals([code, stderr], [0, ""]);
        assertEquals(requests, expected);
      }));
  }
});

Deno.test("runGlance() refuses a region without an image service, before any request to one", async () => {
  await inDirectory(async (directory) => {
    const file = `${directory}/clouds.json`;
    await Deno.writeTextFile(file, "{}");
    const { harness, requests } = await twoRegions();
    const environment = { ...SIGN_IN, OS_REGION_NAME: "Mars", OS_CLIENT_CONFIG_FILE: file };
    const { code, stderr } = await harness.run(words("image-delete {disk}"), { environment });
    assertEquals([code, stderr], [
      1,
      'Cannot use the region "Mars": the image service of the cloud is in "Here", "There"; choose one of these\n',
    ]);
    assertEquals(requests, ["POST http://keystone.test/v3/auth/tokens"]);
  });
});

Deno.test("runGlance() has a row in this file for every command", () => {
  const known = new Set(Object.keys(ROWS).map((line) => line.split(" ")[0]));
  const missing = COMMANDS.map(({ name }) => name).filter((name) => !known.has(name));
  assertEquals(missing, ["image-copy", "start"]);
});

const SIGN_IN = {
  OS_AUTH_URL: "http://keystone.test/v3",
  OS_USERNAME: "alice",
  OS_PASSWORD: "secret",
  OS_PROJECT_NAME: "demo",
  OS_DEFAULT_DOMAIN_ID: "default",
  OS_REGION_NAME: "Here",
};

/** A cloud of two regions, the first one with an image. */
async function twoRegions(): Promise<{ harness: CliHarness; requests: string[] }> {
  const requests: string[] = [];
  const endpoints = ["Here", "There"].map((region) => (
    { region, interface: "public", url: `http://${region.toLowerCase()}.test` }
  ));
  const token = {
    catalog: [{ type: "image", name: "glance", endpoints }],
    expires_at: "2099-01-01T00:00:00Z",
    user: { id: "alice" },
    project: { id: "local" },
  };
  const glances: Readonly<Record<string, Fetch>> = {
    "keystone.test": () =>
      Promise.resolve(
        Response.json({ token }, { status: 201, headers: { "x-subject-token": "t" } }),
      ),
    "here.test": embedded(),
    "there.test": embedded(),
  };
  const harness = new CliHarness(async (request) => {
    const { host } = new URL(request.url);
    requests.push(`${request.method} ${copied(named(request.url))}`);
    return await glances[host]?.(request) ?? new Response(null, { status: 404 });
  });
  const [create = ""] = SETUP;
  const environment = { GLANCE_API_SERVERS: "http://here.test" };
  const { code, stderr } = await harness.run(words(create), { environment, files: files() });
  assertEquals([code, stderr], [0, ""]);
  requests.length = 0;
  return { harness, requests };
}

/** A URL with a name in place of a random id. */
function copied(url: string): string {
  return url.replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/, "{copy}");
}
