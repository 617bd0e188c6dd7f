/** `image-copy`, between two clouds of a clouds.yaml. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Interrupted } from "../../../lib/cli/system/errors.ts";
import { CliHarness, type CliHarnessOptions, embedded, type Fetch } from "../harness.ts";
import { MemoryFiles } from "../memory_files.ts";

const ID = "11111111-1111-4111-8111-111111111111";
const DATA = "the bytes of a disk";

const CLOUDS = {
  clouds: {
    here: { auth_type: "none", image_endpoint_override: "http://here.test" },
    there: { auth_type: "none", image_endpoint_override: "http://there.test" },
    also_here: { auth_type: "none", image_endpoint_override: "http://here.test/" },
  },
};

/** Two clouds, the first one with an image named `disk`; the hosts of requests are recorded. */
async function twoClouds(
  there: (glance: Fetch) => Fetch = (glance) => glance,
): Promise<{
  readonly hosts: Set<string>;
  readonly environment: Readonly<Record<string, string>>;
  run(line: string, options?: CliHarnessOptions): ReturnType<CliHarness["run"]>;
  [Symbol.asyncDispose](): Promise<void>;
}> {
  const glances: Readonly<Record<string, Fetch>> = {
    "here.test": embedded(),
    "there.test": there(embedded()),
  };
  const hosts = new Set<string>();
  const harness = new CliHarness((request) => {
    const { host } = new URL(request.url);
    hosts.add(host);
    return glances[host]?.(request) ?? Promise.resolve(new Response("no", { status: 404 }));
  });
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(`${folder}/clouds.json`, JSON.stringify(CLOUDS));
  const environment = { OS_CLIENT_CONFIG_FILE: `${folder}/clouds.json`, OS_CLOUD: "here" };
  const run = (line: string, options: CliHarnessOptions = {}) =>
    harness.run(line.split(" "), { environment, ...options });
  const files = new MemoryFiles({ "disk.img": DATA });
  const create =
    `image-create --id ${ID} --name disk --disk-format raw --container-format bare --file disk.img --tags gold --property os_type=linux --property old=1`;
  const { code, stderr } = await run(create, { files });
  assertEquals([code, stderr], [0, ""]);
  hosts.clear();
  return {
    hosts,
    environment,
    run,
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

Deno.test("image-copy creates an equal image in another cloud and prints it", async () => {
  await using clouds = await twoClouds();
  const { code, stdout, stderr } = await clouds.run("image-copy disk --to-cloud there --json");
  assertEquals([code, stderr], [0, ""]);
  const copy = JSON.parse(stdout);
  assertEquals(
    [copy.id !== ID, copy.name, copy.status, copy.size, copy.tags, copy.os_type, copy.old],
    [true, "disk", "active", DATA.length, ["gold"], "linux", "1"],
  );
  const { bytes } = await clouds.run("--os-cloud there image-download disk");
  assertEquals(new TextDecoder().decode(bytes), DATA);
  const table = await clouds.run("image-copy disk --to-cloud there --name other");
  assertStringIncludes(table.stdout, "| name             | other ");
});

Deno.test("image-copy sets the properties of the copy from its flags", async () => {
  await using clouds = await twoClouds();
  const { stdout } = await clouds.run(
    `image-copy ${ID} --to-cloud there --name copy --visibility private --property a=b --remove-property old --store local --verify required --connections 2 --part-size 1 --json`,
  );
  const { name, visibility, a, old, os_type, stores } = JSON.parse(stdout);
  assertEquals([name, visibility, a, old, os_type, stores], [
    "copy",
    "private",
    "b",
    undefined,
    "linux",
    "local",
  ]);
});

Deno.test("image-copy uses the flags and variables of a cloud for that cloud only", async () => {
  await using clouds = await twoClouds();
  const line = "--os-image-url http://here.test image-copy disk --to-cloud there";
  assertEquals((await clouds.run(line)).code, 0);
  assertEquals([...clouds.hosts].sort(), ["here.test", "there.test"]);
  clouds.hosts.clear();
  const servers = { GLANCE_API_SERVERS: "http://here.test", OS_REGION_NAME: "here" };
  const environment = { ...clouds.environment, ...servers };
  const outcome = await clouds.run("image-copy disk --to-cloud there --name b", { environment });
  assertEquals([outcome.code, outcome.stderr], [0, ""]);
  assertEquals([...clouds.hosts].sort(), ["here.test", "there.test"]);
});

Deno.test("image-copy leaves no image in the other cloud when it fails", async () => {
  await using clouds = await twoClouds((glance) => async (request) => {
    if (request.method !== "PUT") return await glance(request);
    await request.body?.cancel();
    return new Response("full", { status: 413 });
  });
  const { code, stdout, stderr } = await clouds.run("image-copy disk --to-cloud there");
  assertEquals([code, stdout], [1, ""]);
  assertMatch(stderr, /^Cannot upload image "[^"]+": [^\n]+\n$/);
  assertEquals(JSON.parse((await clouds.run("--os-cloud there image-list --json")).stdout), []);
});

Deno.test("image-copy leaves no image in the other cloud when it is interrupted", async () => {
  const ended = new AbortController();
  await using clouds = await twoClouds((glance) => (request) => {
    if (request.method === "PUT") ended.abort(new Interrupted("SIGTERM"));
    return glance(request);
  });
  const { signal } = ended;
  const outcome = await clouds.run("image-copy disk --to-cloud there", { signal });
  assertEquals([outcome.code, outcome.stdout, outcome.stderr], [143, "", ""]);
  assertEquals(JSON.parse((await clouds.run("--os-cloud there image-list --json")).stdout), []);
});

Deno.test("image-copy prints the cause and a hint when it fails", async (t) => {
  const cases: readonly (readonly [line: string, code: number, says: string])[] = [
    [
      "image-copy disk",
      2,
      "Cannot copy an image: the target is missing; add --to-cloud, or --to-region for another region of the same cloud",
    ],
    [
      "image-copy disk --to-cloud also_here",
      1,
      'Cannot copy image "disk" to itself: the target is the same project of the same cloud; choose another target, or give the copy another --name or --store',
    ],
    [
      "image-copy disk --to-cloud here",
      1,
      'Cannot copy image "disk" to itself: the target is the same project of the same cloud; choose another target, or give the copy another --name or --store',
    ],
    [
      "image-copy nobody --to-cloud there",
      1,
      'Cannot find image "nobody": no image with this id or name is visible to you; see "glance-edge image-list"',
    ],
    [
      "image-copy disk --to-cloud there --store moon",
      1,
      'Cannot use the store "moon": this cloud has "local"; choose one of them',
    ],
    [
      "image-copy disk --to-cloud there --property x",
      2,
      'Cannot use "--property x": it must have the form KEY=VALUE',
    ],
    [
      "image-copy --to-cloud there",
      2,
      'Cannot run "image-copy": <IMAGE> is missing; see "glance-edge help image-copy"',
    ],
  ];
  for (const [line, code, message] of cases) {
    await t.step(line, async () => {
      await using clouds = await twoClouds();
      const outcome = await clouds.run(line);
      assertEquals([outcome.code, outcome.stdout, outcome.stderr], [code, "", `${message}\n`]);
    });
  }
  await t.step("a cloud that is not there", async () => {
    await using clouds = await twoClouds();
    const { code, stderr } = await clouds.run("image-copy disk --to-cloud moon");
    assertEquals(code, 1);
    assertMatch(stderr, /^Cannot [^\n]*"moon"[^\n]*\n$/);
  });
});

Deno.test("image-copy creates a second image when the cloud is the same and the name differs", async () => {
  await using clouds = await twoClouds();
  assertEquals((await clouds.run("image-copy disk --to-cloud here --name second")).code, 0);
  const { stdout } = await clouds.run("image-list --json");
  assertEquals(JSON.parse(stdout).map(({ name }: { name: string }) => name), ["disk", "second"]);
});
