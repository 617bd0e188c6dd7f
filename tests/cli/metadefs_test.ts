/** Commands about the catalog of metadata definitions, on the embedded Glance. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { CliHarness, type CliHarnessOptions, embedded, responding } from "./harness.ts";
import { MemoryFiles } from "./memory_files.ts";

const FILES = new MemoryFiles({
  "ns.json": JSON.stringify({
    namespace: "OS::Mine",
    display_name: "Mine",
    description: "one line\nand another",
    visibility: "public",
    protected: false,
    self: "/v2/metadefs/namespaces/OS::Mine",
    schema: "/v2/schemas/metadefs/namespace",
    created_at: "2020-01-01T00:00:00Z",
    updated_at: "2020-01-01T00:00:00Z",
    resource_type_associations: [{
      name: "OS::Nova::Flavor",
      prefix: "hw_",
      created_at: "2020-01-01T00:00:00Z",
    }],
    properties: { p: { title: "P", type: "string", enum: ["a", "b"] } },
    objects: [{ name: "o", description: "an object", self: "/x", schema: "/y", properties: {} }],
    tags: [{ name: "t", created_at: "2020-01-01T00:00:00Z" }],
  }),
  "list.json": "[]",
  "nameless.json": "{}",
});

/** A harness with the namespace of the file. */
async function catalog(): Promise<CliHarness> {
  const harness = new CliHarness();
  await out(harness, "md-namespace-import --file ns.json");
  return harness;
}

/** Runs a command that must succeed without messages; returns standard output. */
async function out(
  harness: CliHarness,
  line: string,
  options: CliHarnessOptions = {},
): Promise<string> {
  const outcome = await harness.run(line.split(" "), { files: FILES, ...options });
  assertEquals([outcome.code, outcome.stderr], [0, ""], line);
  return outcome.stdout;
}

/** The names in the first column of a list. */
async function names(harness: CliHarness, line: string): Promise<string[]> {
  return [...(await out(harness, line)).matchAll(/^\| (\S+)/gm)].map(([, name]) => name ?? "")
    .slice(1);
}

const MINE = `\
+----------------------------+--------------------------------+
| Property                   | Value                          |
+----------------------------+--------------------------------+
| created_at                 | 2026-01-02T03:04:05Z           |
| description                | one line                       |
|                            | and another                    |
| display_name               | Mine                           |
| namespace                  | OS::Mine                       |
| objects                    | ["o"]                          |
| owner                      | local                          |
| properties                 | ["p"]                          |
| protected                  | False                          |
| resource_type_associations | ["OS::Nova::Flavor"]           |
| schema                     | /v2/schemas/metadefs/namespace |
| tags                       | ["t"]                          |
| updated_at                 | 2026-01-02T03:04:05Z           |
| visibility                 | public                         |
+----------------------------+--------------------------------+
`;

Deno.test("md-namespace-import accepts the output of md-namespace-show, with times and links", async () => {
  const harness = await catalog();
  assertEquals(await out(harness, "md-namespace-show OS::Mine"), MINE);
  const shown = await out(harness, "md-namespace-show OS::Mine --json");
  const other = new CliHarness();
  const stdin = new TextEncoder().encode(shown);
  assertEquals(await out(other, "md-namespace-import", { stdin }), MINE);
  assertEquals(await out(other, "md-namespace-show OS::Mine --json"), shown);
});

Deno.test("md-namespace-create and the other md-namespace commands create, change, list and delete", async () => {
  const harness = new CliHarness();
  const created = await out(
    harness,
    "md-namespace-create Own --display-name Mine --visibility public --protected True --resource-type-associations OS::Nova::Flavor OS::Glance::Image",
  );
  for (
    const line of ["| namespace                  | Own ", "| protected                  | True "]
  ) {
    assertStringIncludes(created, line);
  }
  assertStringIncludes(created, '["OS::Nova::Flavor", "OS::Glance::Image"]');
  await out(harness, "md-namespace-create Other");
  assertEquals((await names(harness, "md-namespace-list")).sort(), ["Other", "Own"]);
  assertEquals((await names(harness, "md-namespace-list --page-size 1")).sort(), ["Other", "Own"]);
  assertEquals(await names(harness, "md-namespace-list --visibility public"), ["Own"]);
  assertEquals(await names(harness, "md-namespace-list --resource-types OS::Nova::Flavor"), [
    "Own",
  ]);

  const changed = await out(harness, "md-namespace-update Own --namespace New --protected False");
  assertStringIncludes(changed, "| namespace                  | New ");
  assertStringIncludes(changed, "| display_name               | Mine ");
  assertStringIncludes(changed, "| visibility                 | public ");
  assertEquals(await out(harness, "md-namespace-delete New"), "");
  assertEquals(await names(harness, "md-namespace-list"), ["Other"]);
});

Deno.test("md-namespace-list continues after an earlier namespace when its marker was deleted", async () => {
  const glance = embedded();
  let listed = 0;
  // Another client deletes the last namespace of the first page.
  const harness = new CliHarness(async (request) => {
    const response = await glance(request);
    const isList = request.method === "GET" && request.url.includes("/namespaces?");
    if (isList && listed++ === 0) {
      const { namespaces } = await response.clone().json();
      const marker = namespaces.at(-1).namespace;
      const url = `http://glance.test:9292/v2/metadefs/namespaces/${marker}`;
      await glance(new Request(url, { method: "DELETE" }));
    }
    return response;
  });
  for (const name of ["A", "B", "C", "D"]) await out(harness, `md-namespace-create ${name}`);
  assertEquals((await names(harness, "md-namespace-list --page-size 2")).sort(), [
    "A",
    "B",
    "C",
    "D",
  ]);
  assertEquals(listed > 2, true);
  assertEquals((await names(harness, "md-namespace-list")).length, 3);
});

Deno.test("md-resource-type-associate and md-resource-type-deassociate change the resource types of a namespace", async () => {
  const harness = await catalog();
  const line =
    "md-resource-type-associate OS::Mine --name OS::Glance::Image --prefix i: --properties-target image";
  const made = JSON.parse(await out(harness, `${line} --json`));
  assertEquals([made.name, made.prefix, made.properties_target], [
    "OS::Glance::Image",
    "i:",
    "image",
  ]);
  const list = "md-namespace-resource-type-list OS::Mine";
  assertEquals((await names(harness, list)).sort(), ["OS::Glance::Image", "OS::Nova::Flavor"]);
  assertStringIncludes(await out(harness, list), "| OS::Glance::Image | i:     | image ");
  assertEquals(await out(harness, "md-resource-type-deassociate OS::Mine OS::Nova::Flavor"), "");
  assertEquals(await names(harness, list), ["OS::Glance::Image"]);
  assertEquals((await names(harness, "md-resource-type-list")).includes("OS::Glance::Image"), true);
});

Deno.test("md-object-create and the other md-object commands create, show, change and delete", async () => {
  const harness = await catalog();
  const schema =
    '{"description":"one-two-three-four-five-six-seven-eight-nine-ten-eleven","properties":{"p":{"title":"P","type":"integer"}}}';
  await out(harness, `md-object-create OS::Mine --name n --schema ${schema}`);
  assertEquals((await names(harness, "md-object-list OS::Mine")).includes("n"), true);
  assertStringIncludes(
    await out(harness, "md-object-list OS::Mine"),
    "| n    | one-two-three-four-five-six-seven-eight-nine-ten-  |\n|      | eleven                                             |\n",
  );
  assertStringIncludes(await out(harness, "md-object-show OS::Mine n"), '| properties  | ["p"] ');
  assertEquals(
    await out(harness, "md-object-property-show OS::Mine n p"),
    `\
+----------+---------+
| Property | Value   |
+----------+---------+
| name     | p       |
| title    | P       |
| type     | integer |
+----------+---------+
`,
  );
  const changed = await out(
    harness,
    'md-object-update OS::Mine n --name m --schema {"description":"d"} --json',
  );
  const { name, description, properties } = JSON.parse(changed);
  assertEquals([name, description, properties], ["m", "d", { p: { title: "P", type: "integer" } }]);
  assertEquals(await out(harness, "md-object-delete OS::Mine m"), "");
  assertEquals(await names(harness, "md-object-list OS::Mine"), ["o"]);
  assertEquals(await out(harness, "md-namespace-objects-delete OS::Mine"), "");
  assertEquals(await names(harness, "md-object-list OS::Mine"), []);
});

Deno.test("--type is the type of a property unless --schema has one", async () => {
  const create = "md-property-create OS::Mine --title N --json --type string";
  for (
    const [name, schema, type] of [["n", "{}", "string"], ["o", '{"type":"integer"}', "integer"]]
  ) {
    const created = await out(await catalog(), `${create} --name ${name} --schema ${schema}`);
    assertEquals(JSON.parse(created).type, type);
  }
});

Deno.test("md-property-create and the other md-property commands create, show, change and delete", async () => {
  const harness = await catalog();
  const create =
    'md-property-create OS::Mine --name n --title N --schema {"type":"integer","minimum":2}';
  assertEquals(
    await out(harness, create),
    `\
+----------+---------+
| Property | Value   |
+----------+---------+
| minimum  | 2       |
| name     | n       |
| title    | N       |
| type     | integer |
+----------+---------+
`,
  );
  assertEquals(JSON.parse(await out(harness, "md-property-show OS::Mine n --json")).minimum, 2);
  const changed = await out(harness, "md-property-update OS::Mine n --name m --title M");
  for (const line of ["| minimum  | 2 ", "| name     | m ", "| title    | M "]) {
    assertStringIncludes(changed, line);
  }
  assertEquals((await names(harness, "md-property-list OS::Mine")).sort(), ["m", "p"]);
  assertEquals(
    Object.keys(JSON.parse(await out(harness, "md-property-list OS::Mine --json"))).sort(),
    [
      "m",
      "p",
    ],
  );
  assertEquals(await out(harness, "md-property-delete OS::Mine m"), "");
  assertEquals(await out(harness, "md-namespace-properties-delete OS::Mine"), "");
  assertEquals(await names(harness, "md-property-list OS::Mine"), []);
});

Deno.test("md-tag-create and the other md-tag commands create, rename, replace, append and delete", async () => {
  const harness = await catalog();
  assertStringIncludes(
    await out(harness, "md-tag-create OS::Mine --name one"),
    "| name       | one ",
  );
  assertStringIncludes(
    await out(harness, "md-tag-update OS::Mine one --name two"),
    "| name       | two ",
  );
  assertEquals(JSON.parse(await out(harness, "md-tag-show OS::Mine two --json")).name, "two");
  assertEquals((await names(harness, "md-tag-list OS::Mine")).sort(), ["t", "two"]);
  await out(harness, "md-tag-create-multiple OS::Mine --names a,b,,c --append");
  assertEquals((await names(harness, "md-tag-list OS::Mine")).sort(), ["a", "b", "c", "t", "two"]);
  assertEquals(await names(harness, "md-tag-create-multiple OS::Mine --names d;e --delim ;"), [
    "d",
    "e",
  ]);
  assertEquals((await names(harness, "md-tag-list OS::Mine")).sort(), ["d", "e"]);
  assertEquals(await out(harness, "md-tag-delete OS::Mine d"), "");
  assertEquals(await out(harness, "md-namespace-tags-delete OS::Mine"), "");
  assertEquals(await names(harness, "md-tag-list OS::Mine"), []);
});

Deno.test("md-namespace-create and the other md commands report usage errors before any request", async (t) => {
  const cases: readonly (readonly [line: string, code: number, says: string])[] = [
    [
      "md-namespace-create N --created-at x",
      2,
      "Cannot use --created-at: Glance sets it; leave it out",
    ],
    ["md-namespace-update N --self x", 2, "Cannot use --self: Glance sets it; leave it out"],
    [
      "md-resource-type-associate N --name R --updated-at x",
      2,
      "Cannot use --updated-at: Glance sets it; leave it out",
    ],
    [
      "md-namespace-update N",
      2,
      'Cannot update a namespace: no change is given; see "glance-edge help md-namespace-update"',
    ],
    [
      "md-object-update N o",
      2,
      'Cannot update an object: no change is given; see "glance-edge help md-object-update"',
    ],
    [
      "md-property-update N p",
      2,
      'Cannot update a property: no change is given; see "glance-edge help md-property-update"',
    ],
    [
      "md-object-create N --name o --schema []",
      2,
      'Cannot use "--schema []": it must be a JSON object',
    ],
    [
      "md-property-create N --name o --title t --schema {",
      2,
      'Cannot use "--schema {": it must be a JSON object',
    ],
    [
      "md-tag-create-multiple N --names ,,",
      2,
      'Cannot use "--names ,,": it contains no tag; add a name',
    ],
    ["md-tag-create N", 2, 'Cannot run "md-tag-create": --name is missing; add it'],
    [
      "md-namespace-import --file list.json",
      1,
      'Cannot import "list.json": it is not a JSON object; correct it',
    ],
    [
      "md-namespace-import --file nameless.json",
      1,
      'Cannot import "nameless.json": it has no "namespace"; add its name',
    ],
    [
      "md-namespace-import",
      2,
      "Cannot import a namespace: there is no data; name a file with --file, or redirect one (< FILE)",
    ],
    [
      "md-object-show N",
      2,
      'Cannot run "md-object-show": <OBJECT> is missing; see "glance-edge help md-object-show"',
    ],
  ];
  for (const [line, code, message] of cases) {
    await t.step(line, async () => {
      const { harness, requests } = responding({});
      const outcome = await harness.run(line.split(" "), { files: FILES });
      assertEquals([outcome.code, outcome.stdout, outcome.stderr], [code, "", `${message}\n`]);
      assertEquals(requests, []);
    });
  }
});

Deno.test("md-namespace-create and the other md commands print the action, the cause and a hint when Glance rejects the request", async (t) => {
  const unseen = "one of them does not exist, or you cannot see it (req-…)";
  const cases: readonly (readonly [line: string, says: string])[] = [
    [
      "md-namespace-show N",
      'Cannot show metadata namespace "N": the server responded with 404, "…"; check the namespace: it does not exist, or you cannot see it (req-…)',
    ],
    [
      "md-namespace-create OS::Mine",
      'Cannot create metadata namespace "OS::Mine": the server responded with 409, "…"; choose another name, or update the existing namespace (req-…)',
    ],
    [
      "md-object-show OS::Mine x",
      `Cannot show object "x" of metadata namespace "OS::Mine": the server responded with 404, "…"; check the namespace and the object: ${unseen}`,
    ],
    [
      "md-object-create OS::Mine --name o --schema {}",
      'Cannot add object "o" to metadata namespace "OS::Mine": the server responded with 409, "…"; choose another name, or update the existing definition (req-…)',
    ],
    [
      'md-property-create OS::Mine --name p --title P --schema {"type":"string"}',
      'Cannot add property "p" to metadata namespace "OS::Mine": the server responded with 409, "…"; choose another name, or update the existing definition (req-…)',
    ],
    [
      "md-tag-create OS::Mine --name t",
      'Cannot add tag "t" to metadata namespace "OS::Mine": the server responded with 409, "…"; there is nothing left to do (req-…)',
    ],
    [
      "md-tag-update OS::Mine x --name y",
      `Cannot rename tag "x" of metadata namespace "OS::Mine": the server responded with 404, "…"; check the namespace and the tag: ${unseen}`,
    ],
    [
      "md-resource-type-deassociate OS::Mine x",
      `Cannot delete resource type "x" of metadata namespace "OS::Mine": the server responded with 404, "…"; check the namespace and the resource type: ${unseen}`,
    ],
  ];
  for (const [line, says] of cases) {
    await t.step(line, async () => {
      const { code, stdout, stderr } = await (await catalog()).run(line.split(" "));
      const pattern = says.split("…").map(RegExp.escape).join(".*");
      assertMatch(stderr, new RegExp(`^${pattern}\n$`));
      assertEquals([code, stdout], [1, ""]);
    });
  }
});

Deno.test("md-object-property-show fails when the object does not have the property", async () => {
  const harness = await catalog();
  const { code, stderr } = await harness.run(["md-object-property-show", "OS::Mine", "o", "x"]);
  assertEquals([code, stderr], [
    1,
    'Cannot show property "x" of object "o": the object has none\n',
  ]);
});

Deno.test("task-create creates a task and prints it without its links", async () => {
  const task = { id: "t", type: "import", status: "pending", self: "/v2/tasks/t", schema: "/s" };
  const { harness, requests } = responding({
    "POST /v2/tasks": Response.json(task, { status: 201 }),
  });
  const line = 'task-create --type import --input {"import_from":"http://web/1"}';
  assertEquals(
    await out(harness, line),
    `\
+----------+---------+
| Property | Value   |
+----------+---------+
| id       | t       |
| status   | pending |
| type     | import  |
+----------+---------+
`,
  );
  assertEquals(requests.map(({ body }) => JSON.parse(body)), [{
    type: "import",
    input: { import_from: "http://web/1" },
  }]);
});
