/** Commands about the cloud itself, tasks and locations. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { CliHarness, responding } from "../harness.ts";
import { MemoryFiles } from "../memory_files.ts";

const ID = "11111111-1111-4111-8111-111111111111";
const RAW = ["--disk-format", "raw", "--container-format", "bare"] as const;

/** Runs a command that must succeed without messages; returns standard output. */
async function out(harness: CliHarness, line: string): Promise<string> {
  const { code, stdout, stderr } = await harness.run(line.split(" "));
  assertEquals([code, stderr], [0, ""]);
  return stdout;
}

async function withImage(harness: CliHarness): Promise<CliHarness> {
  const files = new MemoryFiles({ "disk.img": "the bytes of a disk" });
  const create = ["image-create", "--id", ID, "--name", "disk", ...RAW, "--file", "disk.img"];
  assertEquals((await harness.run(create, { files })).code, 0);
  return harness;
}

Deno.test("import-info prints the import methods", async () => {
  const methods = { description: "Import methods available.", type: "array", value: ["x"] };
  const { harness } = responding({ "GET /v2/info/import": { "import-methods": methods } });
  assertEquals(
    await out(harness, "import-info"),
    `\
+----------------+-------------------------------------------------------------------------------+
| Property       | Value                                                                         |
+----------------+-------------------------------------------------------------------------------+
| import-methods | {"description": "Import methods available.", "type": "array", "value": ["x"]} |
+----------------+-------------------------------------------------------------------------------+
`,
  );
  assertEquals(JSON.parse(await out(harness, "import-info --json")), { "import-methods": methods });
});

Deno.test("usage prints a row for each quota", async () => {
  const usage = {
    image_size_total: { limit: 1000, usage: 0 },
    image_count_total: { limit: 9, usage: 2 },
  };
  const { harness } = responding({ "GET /v2/info/usage": { usage } });
  assertEquals(
    await out(harness, "usage"),
    `\
+-------------------+-------+-------+
| Quota             | Limit | Usage |
+-------------------+-------+-------+
| image_size_total  | 1000  | 0     |
| image_count_total | 9     | 2     |
+-------------------+-------+-------+
`,
  );
  assertEquals(JSON.parse(await out(harness, "usage --json")), usage);
});

Deno.test("stores-delete deletes an image from one store", async () => {
  const { harness, requests } = responding({ [`DELETE /v2/stores/fast/${ID}`]: null });
  assertEquals(await out(harness, `stores-delete ${ID} --store fast`), "");
  assertEquals(requests.map(({ path }) => path), [`/v2/stores/fast/${ID}`]);
  const { code, stderr } = await harness.run(["stores-delete", ID]);
  assertEquals([code, stderr], [2, 'Cannot run "stores-delete": --store is missing; add it\n']);
});

Deno.test("explain prints the properties of a record", async () => {
  const shown = await out(new CliHarness(), "explain image");
  assertMatch(shown, /^\| Attribute +\| Description +\|$/m);
  assertMatch(shown, /^\| min_ram +\| [^|]+\|$/m);
  const schema = JSON.parse(await out(new CliHarness(), "explain image --json"));
  assertEquals(schema.name, "image");
  assertMatch(
    await out(new CliHarness(), "explain metadefs/namespace"),
    /^\| display_name +\| [^|]+\|$/m,
  );
  assertEquals((await new CliHarness().run(["explain", "nonsense"])).code, 1);
});

Deno.test("member-get prints one member", async () => {
  const harness = await withImage(new CliHarness());
  await out(harness, "member-create disk p1");
  const shown = await out(harness, "member-get disk p1");
  for (const line of ["| member_id  | p1 ", "| status     | pending "]) {
    assertStringIncludes(shown, line);
  }
  assertEquals(JSON.parse(await out(harness, "member-get disk p1 --json")).status, "pending");
});

Deno.test("image-tasks prints what glanceclient prints, more of it with --verbose", async () => {
  const task = {
    id: "t1",
    image_id: ID,
    message: "Copied 3 MiB",
    status: "success",
    updated_at: "2026-01-02T03:04:05",
    user_id: "u",
    request_id: "req-1",
    result: null,
    owner: "o",
    input: { a: 1 },
    expires_at: null,
  };
  const { harness } = responding({ [`GET /v2/images/${ID}/tasks`]: { tasks: [task] } });
  assertEquals(
    await out(harness, `image-tasks ${ID}`),
    `\
+--------------+---------+---------------------+
| Message      | Status  | Updated at          |
+--------------+---------+---------------------+
| Copied 3 MiB | success | 2026-01-02T03:04:05 |
+--------------+---------+---------------------+
`,
  );
  assertStringIncludes(
    await out(harness, `-v image-tasks ${ID}`),
    `
| ${ID} | t1      | Copied 3 MiB | success | 2026-01-02T03:04:05 | u       | req-1      | None   | o     | {"a": 1} | None       |
`,
  );
});

Deno.test("task-list requests page after page, in the order of its flags", async () => {
  const task = (id: string) => ({ id, type: "import", status: "success", owner: "o" });
  const { harness, requests } = responding({
    "GET /v2/tasks?limit=2&sort_key=status&sort_dir=desc&type=import": {
      tasks: [task("1"), task("2")],
    },
    "GET /v2/tasks?limit=2&sort_key=status&sort_dir=desc&type=import&marker=2": {
      tasks: [task("3")],
    },
  });
  assertEquals(
    await out(harness, "task-list --page-size 2 --type import"),
    `\
+----+--------+---------+-------+
| ID | Type   | Status  | Owner |
+----+--------+---------+-------+
| 1  | import | success | o     |
| 2  | import | success | o     |
| 3  | import | success | o     |
+----+--------+---------+-------+
`,
  );
  assertEquals(requests.length, 2);
});

Deno.test("task-list continues after an earlier task when its marker was deleted", async () => {
  const task = (id: string) => ({ id, type: "import", status: "success", owner: "o" });
  const query = "limit=2&sort_key=status&sort_dir=desc";
  for (const status of [400, 404]) {
    const { harness } = responding({
      [`GET /v2/tasks?${query}`]: { tasks: [task("1"), task("2")] },
      [`GET /v2/tasks?${query}&marker=2`]: new Response("no such marker", { status }),
      [`GET /v2/tasks?${query}&marker=1`]: { tasks: [task("3")] },
    });
    const rows = JSON.parse(await out(harness, "task-list --page-size 2 --json"));
    assertEquals(rows.map(({ id }: { id: string }) => id), ["1", "2", "3"]);
  }
});

Deno.test("task-list fails when its marker was deleted and no earlier task exists", async () => {
  const query = "limit=2&sort_key=status&sort_dir=desc";
  const { harness } = responding({
    [`GET /v2/tasks?${query}`]: {
      tasks: [{ id: "1", type: "import", status: "x", owner: "o" }],
      next: "/v2/tasks?marker=1",
    },
    [`GET /v2/tasks?${query}&marker=1`]: new Response("no such marker", { status: 404 }),
  });
  const { code, stdout } = await harness.run(["task-list", "--page-size", "2"]);
  assertEquals([code, stdout], [1, ""]);
});

Deno.test("task-show prints a task without its links", async () => {
  const task = { id: "t1", status: "success", self: "/v2/tasks/t1", schema: "/v2/schemas/task" };
  const { harness } = responding({ "GET /v2/tasks/t1": task });
  assertEquals(
    await out(harness, "task-show t1"),
    `\
+----------+---------+
| Property | Value   |
+----------+---------+
| id       | t1      |
| status   | success |
+----------+---------+
`,
  );
  assertEquals(JSON.parse(await out(harness, "task-show t1 --json")), task);
});

Deno.test("location-add and the other location commands add, change and remove locations", async () => {
  const here = { url: "http://web/1", metadata: {} };
  const there = { url: "http://web/2", metadata: { a: "b" } };
  const image = { id: ID, status: "active", self: `/v2/images/${ID}`, locations: [here, there] };
  const path = `/v2/images/${ID}`;
  const { harness, requests } = responding({
    [`GET ${path}`]: image,
    [`PATCH ${path}`]: image,
    [`POST ${path}/locations`]: null,
  });
  const patches = () =>
    requests.splice(0).filter(({ method }) => method !== "GET").map(({ body }) => JSON.parse(body));

  const shown = await out(harness, `location-update ${ID} --url http://web/1 --metadata {"x":1}`);
  assertStringIncludes(shown, "| locations | ");
  assertEquals(shown.includes("self"), false);
  assertEquals(patches(), [[{
    op: "replace",
    path: "/locations",
    value: [{ url: "http://web/1", metadata: { x: 1 } }, there],
  }]]);

  await out(harness, `location-delete ${ID} --url http://web/1 --url http://web/2`);
  assertEquals(patches(), [[{ op: "remove", path: "/locations/1" }, {
    op: "remove",
    path: "/locations/0",
  }]]);

  await out(harness, `location-add ${ID} --url http://web/3 --hash-algo sha512 --hash-value ff`);
  assertEquals(patches(), [{
    url: "http://web/3",
    validation_data: { os_hash_algo: "sha512", os_hash_value: "ff" },
  }]);

  await out(harness, `location-add ${ID} --url http://web/3 --metadata {"a":1} --checksum aa`);
  assertEquals(patches(), [[{
    op: "add",
    path: "/locations/-",
    value: { url: "http://web/3", metadata: { a: 1 }, validation_data: { checksum: "aa" } },
  }]]);
});

Deno.test("location-add and the other location commands print the cause and a hint when they fail", async (t) => {
  const path = `/v2/images/${ID}`;
  const { harness } = responding({ [`GET ${path}`]: { id: ID, locations: [] } });
  const { harness: blind } = responding({ [`GET ${path}`]: { id: ID } });
  const cases: readonly (readonly [CliHarness, line: string, code: number, says: string])[] = [
    [
      harness,
      `location-update ${ID} --url x`,
      1,
      `Cannot find the location "x": image "${ID}" does not have it; see "glance-edge image-show ${ID}"`,
    ],
    [
      blind,
      `location-delete ${ID} --url x`,
      1,
      `Cannot change the locations of image "${ID}": this cloud does not show locations; ask an administrator of the cloud`,
    ],
    [
      harness,
      `location-add ${ID} --url x --metadata []`,
      2,
      'Cannot use "--metadata []": it must be a JSON object',
    ],
    [
      harness,
      `location-add ${ID} --url x --metadata {`,
      2,
      'Cannot use "--metadata {": it must be a JSON object',
    ],
    [harness, `location-add ${ID}`, 2, 'Cannot run "location-add": --url is missing; add it'],
  ];
  for (const [where, line, code, message] of cases) {
    await t.step(line, async () => {
      const outcome = await where.run(line.split(" "));
      assertEquals([outcome.code, outcome.stderr], [code, `${message}\n`]);
    });
  }
});
