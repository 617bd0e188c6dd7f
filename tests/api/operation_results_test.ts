/** The results of operations for responses of a server. */
import { assertEquals, assertRejects } from "@std/assert";
import { UnexpectedResponse } from "../../lib/errors.ts";
import { empty } from "../support/scripted_fetch.ts";
import { harnessOf } from "../support/client_harness.ts";
import { type OperationName, OPERATIONS } from "../../lib/api/mod.ts";
import { argsOf } from "./operation_requests.ts";

/** A response -> the result of the operation. */
const RESPONSES: readonly (readonly [name: OperationName, response: unknown, result: unknown])[] = [
  ["list", { images: [{ id: "1" }], next: "/x" }, { images: [{ id: "1" }], next: "/x" }],
  ["get", { id: "42" }, { id: "42" }],
  ["getImageLocations", [{ url: "a:b" }], [{ url: "a:b" }]],
  ["tasks", { tasks: [{ id: "t" }] }, [{ id: "t" }]],
  ["members.list", { members: [], schema: "x" }, []],
  ["info.import", { "import-methods": { value: [] } }, { value: [] }],
  ["info.stores", { stores: [{ id: "ceph" }] }, [{ id: "ceph" }]],
  ["info.storesDetail", { stores: [] }, []],
  ["info.usage", { usage: { a: 1 } }, { a: 1 }],
  ["tasks.list", { tasks: [{ id: "t" }], next: "/x" }, { tasks: [{ id: "t" }], next: "/x" }],
  ["tasks.create", { id: "t" }, { id: "t" }],
  ["schemas.getMetadef", { name: "tag" }, { name: "tag" }],
  ["cache.list", { cached_images: [], queued_images: ["1"] }, {
    cached_images: [],
    queued_images: ["1"],
  }],
  ["cache.prune", { total_files_pruned: 1, total_bytes_pruned: 9 }, {
    total_files_pruned: 1,
    total_bytes_pruned: 9,
  }],
  ["cache.nodes", { cached_nodes: ["http://a"] }, ["http://a"]],
  ["cache.nodes", ["http://a"], ["http://a"]],
  ["metadefs.namespaces.list", { namespaces: [{ namespace: "a" }], next: "/x" }, {
    namespaces: [{ namespace: "a" }],
    next: "/x",
  }],
  ["metadefs.namespaces.get", { namespace: "a" }, { namespace: "a" }],
  ["metadefs.resourceTypes.list", { resource_types: [{ name: "A" }] }, [{ name: "A" }]],
  ["metadefs.associations.list", { resource_type_associations: [] }, []],
  ["metadefs.objects.list", { objects: [{ name: "o" }] }, [{ name: "o" }]],
  ["metadefs.properties.list", { properties: { p: { title: "P" } } }, { p: { title: "P" } }],
  ["metadefs.tags.list", { tags: [{ name: "t" }] }, [{ name: "t" }]],
  ["versions.root", { versions: [] }, []],
  ["versions.list", { versions: [{ id: "v2.15", status: "CURRENT" }] }, [
    { id: "v2.15", status: "CURRENT" },
  ]],
];

for (const [name, response, result] of RESPONSES) {
  Deno.test(`run() returns ${JSON.stringify(result)} when "${name}" gets the response ${JSON.stringify(response)}`, async () => {
    const [status = 200] = OPERATIONS[name].success;
    const { client } = harnessOf([Response.json(response, { status })]);
    assertEquals(await client.run({}, name, argsOf(name) as never), result as never);
  });
}

Deno.test('call() accepts status 300 for "versions.list"', async () => {
  const { client } = harnessOf([Response.json({ versions: [] }, { status: 300 })]);
  assertEquals(await client.call({}, "versions.list"), []);
});

Deno.test("run() accepts an empty body, and JSON, when the operation has no result", async () => {
  const call = async (name: OperationName, response: Response) => {
    const { client } = harnessOf([response]);
    assertEquals(await client.run({}, name, argsOf(name) as never), undefined as never);
    assertEquals(response.body === null || response.bodyUsed, true);
  };
  for (const name of ["delete", "deactivate", "tags.update"] as const) await call(name, empty());
  const status = 202;
  for (const name of ["import", "cache.queue", "addImageLocation"] as const) {
    for (const body of ["", "\n", "null", "{}"]) await call(name, new Response(body, { status }));
  }
});

Deno.test("run() throws UnexpectedResponse for HTML when the operation has no result", async () => {
  const page = "<html>Please sign in</html>";
  for (const [name, message] of [["delete", "status 200"], ["import", "neither empty"]] as const) {
    const status = name === "import" ? 202 : 200;
    const { client } = harnessOf(Array.from({ length: 3 }, () => new Response(page, { status })));
    const call = () => client.run({}, name, argsOf(name) as never) as Promise<unknown>;
    const error = await assertRejects(call, UnexpectedResponse, message);
    const server = name === "import" ? "http://a" : "http://c";
    assertEquals([error.server, error.imageId, error.status], [server, "42", status]);
  }
});

for (
  const name of [
    ...["tasks", "members.list", "info.stores", "versions.list", "metadefs.tags.list"] as const,
    ...["metadefs.properties.list", "metadefs.namespaces.list", "cache.nodes"] as const,
  ] as const
) {
  Deno.test(`run() throws UnexpectedResponse when the document of "${name}" lacks its key`, async () => {
    for (const document of [{}, { other: [] }, "text", null, 7]) {
      const { client } = harnessOf(Array.from({ length: 3 }, () => Response.json(document)));
      const call = () => client.run({}, name, argsOf(name) as never) as Promise<unknown>;
      await assertRejects(call, UnexpectedResponse, "a JSON document with");
    }
  });
}
