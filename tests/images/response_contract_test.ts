/** Responses have the status and the body that the table of operations states, or the client throws a typed error with a hint. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { GlanceClientWrapper } from "../../mod.ts";
import { UnexpectedResponse } from "../../lib/errors.ts";
import { downloadAll } from "../support/downloads.ts";
import { BYTES, record, Served } from "../support/image.ts";
import { factsOf, harnessOf } from "../support/client_harness.ts";
import { type OperationName, OPERATIONS } from "../../lib/api/mod.ts";

const NAMES = Object.keys(OPERATIONS) as OperationName[];

/** The arguments of operations after the placeholders of their paths. */
const REST: Partial<Record<OperationName, readonly unknown[]>> = {
  "create": [{}],
  "update": [[]],
  "import": [{ method: { name: "web-download" } }],
  "addImageLocation": ["file:///x"],
  "upload": [new Uint8Array(1)],
  "stage": [new Uint8Array(1)],
  "members.create": ["project"],
  "members.update": ["accepted"],
  "tasks.create": [{ type: "import", input: {} }],
  "metadefs.namespaces.create": [{ namespace: "n" }],
  "metadefs.namespaces.update": [{}],
  "metadefs.associations.create": [{ name: "OS::Glance::Image" }],
  "metadefs.objects.create": [{ name: "o" }],
  "metadefs.objects.update": [{}],
  "metadefs.properties.create": [{ name: "p", title: "P", type: "string" }],
  "metadefs.properties.update": [{ title: "P", type: "string" }],
  "metadefs.tags.createAll": [["t"]],
  "metadefs.tags.update": ["other"],
};

/** Calls an operation of one server with this response; returns the error and the number of requests. */
async function refusal(name: OperationName, respond: () => Response) {
  let requests = 0;
  const client = new GlanceClientWrapper({
    netloc: "glance.test/image",
    fetch: () => {
      requests++;
      return Promise.resolve(respond());
    },
  });
  const args = [...OPERATIONS[name].parameters.map(() => "42"), ...REST[name] ?? []];
  const call = () => client.run({}, name, args as never) as Promise<unknown>;
  const error = await assertRejects(call, UnexpectedResponse, undefined, name);
  assert(/^Cannot [a-z]+ .*: .*; check /.test(error.message), error.message);
  assertEquals([error.server, error.attempts], ["http://glance.test/image", 1], name);
  return { error, requests };
}

/** Statuses below 400 that some server might send. */
const STATUSES = [200, 201, 202, 204, 205, 206, 300, 304];

Deno.test("call() throws UnexpectedResponse for each status below 400 that an operation does not define", async () => {
  for (const name of NAMES) {
    for (const status of STATUSES) {
      if (OPERATIONS[name].success.includes(status)) continue;
      const isEmpty = status === 204 || status === 205 || status === 304;
      const body = isEmpty ? null : JSON.stringify({ versions: [] });
      const { error, requests } = await refusal(name, () => new Response(body, { status }));
      assertEquals([error.status, requests], [status, 1], name);
    }
  }
});

Deno.test("call() names the missing Image API when a wrong path lists the versions", async () => {
  for (const name of NAMES) {
    if (OPERATIONS[name].success.includes(300)) continue;
    const response = () => Response.json({ versions: [] }, { status: 300 });
    const { error } = await refusal(name, response);
    const cause = '"http://glance.test/image" returned a list of versions (300)';
    assert(error.message.includes(`${cause} instead of a response`), error.message);
    assert(error.message.endsWith("check the path of the endpoint"), error.message);
  }
});

/** Operations whose success has no checked body: it is empty, or any JSON. */
const WITHOUT_RESULT: ReadonlySet<string> = new Set([
  ...["upload", "stage", "import", "addImageLocation", "cache.queue", "cache.clean"],
  ...NAMES.filter((name) => OPERATIONS[name].success.join() === "204"),
]);

Deno.test("call() throws UnexpectedResponse when the document of an operation is empty or foreign", async () => {
  const foreign = [
    "",
    "<html>Please sign in</html>",
    "null",
    "7",
    '"OK"',
    '{"status": "ok"}',
    "[7]",
  ];
  for (const name of NAMES) {
    const [status] = OPERATIONS[name].success;
    if (status === undefined || WITHOUT_RESULT.has(name) || name === "data") continue;
    for (const body of foreign) {
      const isDefined = name === "healthcheck"
        ? !body.startsWith("<")
        : LOOSE[name]?.includes(body);
      if (isDefined) continue;
      const { error } = await refusal(name, () => new Response(body, { status }));
      assertEquals(error.status, status, `${name}: ${body}`);
    }
  }
});

/** Documents without a field that all of them have. */
const LOOSE: Partial<Record<OperationName, readonly string[]>> = {
  "cache.prune": ['{"status": "ok"}'],
  "cache.nodes": ["[7]"],
};

Deno.test("call() throws UnexpectedResponse for a page when the operation has no result", async () => {
  for (const name of WITHOUT_RESULT as ReadonlySet<OperationName>) {
    const [status] = OPERATIONS[name].success;
    if (status === undefined || status === 204) continue;
    await refusal(name, () => new Response("<html>Please sign in</html>", { status }));
  }
});

Deno.test("show() throws UnexpectedResponse when the record is of another image", async () => {
  const { client } = harnessOf([Response.json({ id: "ABC" })]);
  assertEquals((await client.call({}, "get", "abc")).id, "ABC");
  const { error } = await refusal("get", () => Response.json({ id: "43" }));
  assert(error.message.includes('is about "43" instead of "42"'), error.message);
  await refusal("update", () => Response.json({ id: "43" }));
});

Deno.test("show() throws UnexpectedResponse when size, hash or name has the wrong type", async () => {
  const wrong = [
    ...[1.5, -1, "5", true, {}, [], 2 ** 60].map((size) => ({ size })),
    ...[7, {}, [], false].flatMap((value) =>
      ["name", "disk_format", "checksum", "os_hash_algo", "os_hash_value", "stores"].map((
        field,
      ) => ({
        [field]: value,
      }))
    ),
  ];
  for (const fields of wrong) {
    const { error } = await refusal("get", () => Response.json({ id: "42", ...fields }));
    assert(error.message.includes(`"${Object.keys(fields)[0]}"`), error.message);
  }
});

Deno.test("call() uses another server at once when a response is not what the operation defines", async () => {
  const mismatches = [
    Response.json({ versions: [] }, { status: 300 }),
    new Response("<html>Please sign in</html>"),
  ];
  const { client, clock, events, script } = harnessOf([...mismatches, Response.json({ id: "42" })]);
  assertEquals((await client.call({}, "get", "42")).id, "42");
  assertEquals([script.hosts, clock.now()], [["a", "b", "c"], 0]);
  const cooled = factsOf(events).filter(({ kind }) => kind === "cooldown");
  assertEquals(cooled.map(({ server }) => server), ["http://a", "http://b"]);
});

Deno.test("call() uses one server for an operation that is not idempotent", async () => {
  const { client, script } = harnessOf([Response.json({}, { status: 300 }), 204]);
  await assertRejects(() => client.call({}, "upload", "42", new Uint8Array(1)), UnexpectedResponse);
  assertEquals(script.hosts, ["a"]);
});

Deno.test("download() uses another server when a response has another status", async () => {
  for (const status of [201, 300]) {
    const served = new Served();
    const steps = [record(), served.whole(BYTES, { status }), served.whole()];
    assertEquals(await downloadAll(harnessOf(steps)), BYTES);
    assertEquals(served.areOver, true);
  }
});
