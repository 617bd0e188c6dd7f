/** Commands about the image cache. */
import { assertEquals, assertMatch } from "@std/assert";
import { momentText } from "../../../lib/cli/commands/cache.ts";
import { CliHarness, embedded, responding } from "../harness.ts";
import { MemoryFiles } from "../memory_files.ts";

const ID = "11111111-1111-4111-8111-111111111111";
const OTHER_ID = "22222222-2222-4222-8222-222222222222";
const STATE = {
  cached_images: [
    { image_id: ID, hits: 0, size: 5, last_accessed: 0, last_modified: 1_795_636_295.721919 },
  ],
  queued_images: [OTHER_ID],
};

Deno.test("cache-list prints cached and queued images as glanceclient does", async () => {
  const { harness } = responding({ "GET /v2/cache": STATE });
  const { code, stdout, stderr } = await harness.run(["cache-list"]);
  assertEquals([code, stderr], [0, ""]);
  assertEquals(
    stdout,
    `\
+--------------------------------------+--------+---------------------+----------------------------+------+------+
|                  ID                  | State  | Last Accessed (UTC) |    Last Modified (UTC)     | Size | Hits |
+--------------------------------------+--------+---------------------+----------------------------+------+------+
| 11111111-1111-4111-8111-111111111111 | cached |         N/A         | 2026-11-25T19:51:35.721919 |  5   |  0   |
| 22222222-2222-4222-8222-222222222222 | queued |         N/A         |            N/A             | N/A  | N/A  |
+--------------------------------------+--------+---------------------+----------------------------+------+------+
`,
  );
  assertEquals(JSON.parse((await harness.run(["cache-list", "--json"])).stdout), STATE);
});

Deno.test("momentText() writes microseconds", () => {
  const cases: readonly (readonly [number, string])[] = [
    [1_795_636_295, "2026-11-25T19:51:35"],
    [1_795_636_295.5, "2026-11-25T19:51:35.500000"],
    [1_795_636_295.000001, "2026-11-25T19:51:35.000001"],
    [0, "N/A"],
  ];
  for (const [seconds, text] of cases) assertEquals(momentText(seconds), text);
});

Deno.test("cache-queue, cache-delete and cache-clear send their requests, and print nothing", async (t) => {
  const cases: readonly (readonly [line: string, asked: readonly string[]])[] = [
    [`cache-queue ${ID}`, [`PUT /v2/cache/${ID}`]],
    [`cache-delete ${ID} ${OTHER_ID}`, [`DELETE /v2/cache/${ID}`, `DELETE /v2/cache/${OTHER_ID}`]],
    ["cache-clear", ["DELETE /v2/cache null"]],
    ["cache-clear --target both", ["DELETE /v2/cache null"]],
    ["cache-clear --target queue", ["DELETE /v2/cache queue"]],
  ];
  for (const [line, requested] of cases) {
    await t.step(line, async () => {
      const { harness, requests } = responding({
        [`PUT /v2/cache/${ID}`]: null,
        [`DELETE /v2/cache/${ID}`]: null,
        [`DELETE /v2/cache/${OTHER_ID}`]: null,
        "DELETE /v2/cache": null,
      });
      const { code, stdout, stderr } = await harness.run(line.split(" "));
      assertEquals([code, stdout, stderr], [0, "", ""]);
      const shown = requests.map(({ method, path, headers }) =>
        `${method} ${path}${
          path === "/v2/cache" ? ` ${headers.get("x-image-cache-clear-target")}` : ""
        }`
      );
      assertEquals(shown, requested);
    });
  }
});

Deno.test("cache-list and the other cache commands fail when there are several servers", async () => {
  const { harness, requests } = responding({});
  const environment = { GLANCE_API_SERVERS: "a:9292,b:9292" };
  const lines = ["cache-list", `cache-queue ${ID}`, `cache-delete ${ID}`, "cache-clear"];
  for (const line of [...lines, "cache-clean", "cache-prune"]) {
    const { code, stderr } = await harness.run(line.split(" "), { environment });
    const [, listed] = /\((.*)\)/.exec(stderr) ?? [];
    assertEquals(listed?.split(", ").sort(), ["http://a:9292", "http://b:9292"]);
    assertEquals(
      [code, stderr.replace(/\(.*\)/, "(…)")],
      [
        1,
        "Cannot choose a cache: there are 2 servers with a cache each (…); choose one with --os-image-url\n",
      ],
    );
  }
  assertEquals(requests, []);
  const url = "--os-image-url http://a:9292 cache-clear";
  await harness.run(url.split(" "), { environment });
  assertEquals(requests.map(({ path }) => path), ["/v2/cache"]);
});

Deno.test("cache-prune prints what was deleted, and cache-clean prints nothing", async () => {
  const harness = await withCachedImage({ maxSize: 0 });
  const pruned = await harness.run(["cache-prune"]);
  assertEquals([pruned.code, pruned.stderr], [0, ""]);
  assertEquals(
    pruned.stdout,
    `\
+--------------------+-------+
| Property           | Value |
+--------------------+-------+
| total_bytes_pruned | 19    |
| total_files_pruned | 1     |
+--------------------+-------+
`,
  );
  assertEquals(JSON.parse((await harness.run(["cache-prune", "--json"])).stdout), {
    total_bytes_pruned: 0,
    total_files_pruned: 0,
  });
  const { code, stdout, stderr } = await harness.run(["cache-clean"]);
  assertEquals([code, stdout, stderr], [0, "", ""]);
});

Deno.test("cache-nodes-list prints the servers that cache an image", async () => {
  const harness = await withCachedImage({ nodeUrl: "http://a.test:9292" });
  const { code, stdout, stderr } = await harness.run(["cache-nodes-list", "disk"]);
  assertEquals([code, stderr], [0, ""]);
  assertEquals(
    stdout,
    `\
+--------------------+
| Node Reference URL |
+--------------------+
| http://a.test:9292 |
+--------------------+
`,
  );
  const json = await harness.run(["cache-nodes-list", ID, "--json"]);
  assertEquals(JSON.parse(json.stdout), ["http://a.test:9292"]);
});

Deno.test("cache-clean, cache-prune and cache-nodes-list name what the cloud lacks", async () => {
  const old = await withCachedImage({}, "2.16");
  for (const line of [["cache-clean"], ["cache-prune"], ["cache-nodes-list", ID]]) {
    const { code, stdout, stderr } = await old.run(line);
    assertEquals([code, stdout], [1, ""], stderr);
    assertMatch(stderr, /that the cloud offers the image cache|operator of the cloud to enable it/);
  }
  const single = await withCachedImage({});
  const { code, stderr } = await single.run(["cache-nodes-list", ID]);
  assertEquals(code, 1);
  assertMatch(stderr, /centralized/i);
});

/** A Glance with a cached image. */
async function withCachedImage(
  imageCache: { readonly maxSize?: number; readonly nodeUrl?: string },
  version = "2.18",
): Promise<CliHarness> {
  const harness = new CliHarness(embedded({ imageCache, version }));
  const flags = ["--disk-format", "raw", "--container-format", "bare", "--file", "disk.img"];
  const files = new MemoryFiles({ "disk.img": "the bytes of a disk" });
  for (
    const args of [["image-create", "--id", ID, "--name", "disk", ...flags], ["cache-queue", ID]]
  ) {
    assertEquals((await harness.run(args, { files })).code, 0);
  }
  return harness;
}
