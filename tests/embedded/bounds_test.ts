/** Bounds of the embedded Glance: memory and time stay proportional to what a client sends. */
import { assertEquals, assertLess } from "@std/assert";
import { createEmbeddedGlance } from "../../lib/embedded/mod.ts";
import { SimulatedClock } from "../support/clock.ts";
import { assertLinear } from "../support/growth.ts";
import { create, send } from "./glance.ts";

const MIB = 2 ** 20;
const JSON_PATCH = { "content-type": "application/openstack-images-v2.1-json-patch" };

/** An endless body. */
function endless() {
  const state = { taken: 0, isCanceled: false };
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      state.taken += MIB;
      controller.enqueue(new Uint8Array(MIB).fill(0x20));
    },
    cancel() {
      state.isCanceled = true;
    },
  }, { highWaterMark: 0 });
  return { body, state };
}

Deno.test("fetch() rejects an endless JSON body at the limit on every path", async () => {
  const glance = createEmbeddedGlance();
  const id = await create(glance);
  for (
    const [method, path, headers] of [
      ["POST", "/v2/images", {}],
      ["PATCH", `/v2/images/${id}`, JSON_PATCH],
      ["POST", `/v2/images/${id}/members`, {}],
      ["POST", `/v2/images/${id}/import`, {}],
      ["POST", "/v2/tasks", {}],
      ["POST", "/v2/metadefs/namespaces", {}],
    ] as const
  ) {
    const { body, state } = endless();
    const response = await send(glance, method, path, body, headers);
    await response.body?.cancel();
    assertEquals([response.status, state.isCanceled], [413, true], path);
    assertLess(state.taken, 20 * MIB, path);
  }
});

Deno.test("fetch() cuts values that an error message shows", async () => {
  const glance = createEmbeddedGlance();
  for (const name of [Array(200_000).fill("x"), { ["x".repeat(MIB)]: 1 }]) {
    const response = await send(glance, "POST", "/v2/images", JSON.stringify({ name }));
    const text = await response.text();
    assertEquals(response.status, 400);
    assertLess(text.length, 70_000);
  }
});

Deno.test("fetch() responds with 408 when a body does not end in time", async () => {
  const clock = new SimulatedClock();
  const glance = createEmbeddedGlance({ now: clock.now, sleep: clock.sleep });
  const body = new ReadableStream<Uint8Array>();
  const response = await clock.run(send(glance, "POST", "/v2/images", body));
  await response.body?.cancel();
  assertEquals([response.status, clock.now(), clock.pending], [408, 60_000, 0]);
});

Deno.test("fetch() rejects an unknown token before reading the body", async () => {
  const glance = createEmbeddedGlance({ identify: () => null });
  const { body, state } = endless();
  const response = await send(glance, "POST", "/v2/images", body);
  await response.body?.cancel();
  assertEquals([response.status, state], [401, { taken: 0, isCanceled: true }]);
});

Deno.test("fetch() responds when identify or onError throws", async () => {
  const faults: readonly (() => never)[] = [
    () => {
      throw new Error("faulty");
    },
    () => Promise.reject(new Error("faulty")) as never,
    () => Promise.resolve({ projectId: "p", userId: "u", roles: ["admin"] }) as never,
    () => "admin" as never,
    () => undefined as never,
  ];
  for (const faulty of faults) {
    const glance = createEmbeddedGlance({ identify: faulty, onError: faulty });
    const response = await send(glance, "GET", "/v2/images");
    await response.body?.cancel();
    assertEquals(response.status, 500);
  }
});

/** Requests with many items of one kind. */
const MANY: Readonly<Record<string, (count: number) => Promise<unknown>>> = {
  "tags of a namespace": async (count) => {
    const glance = createEmbeddedGlance();
    await post(glance, "/v2/metadefs/namespaces", { namespace: "n" });
    await post(glance, "/v2/metadefs/namespaces/n/tags", { tags: names(count) });
  },
  "parts of a new namespace": async (count) => {
    await post(createEmbeddedGlance(), "/v2/metadefs/namespaces", {
      namespace: "n",
      tags: names(count / 4),
      objects: names(count / 4),
      resource_type_associations: names(count / 4),
      properties: Object.fromEntries(
        names(count / 4).map(({ name }) => [name, { title: name, type: "string" }]),
      ),
    });
  },
  "operations of a patch": async (count) => {
    const glance = createEmbeddedGlance();
    const id = await create(glance);
    const patch = names(count).map(({ name }, i) => ({
      op: i % 2 === 0 ? "add" : "remove",
      path: `/p${Math.floor(i / 2) % 50}`,
      value: name,
    }));
    const response = await send(
      glance,
      "PATCH",
      `/v2/images/${id}`,
      JSON.stringify(patch),
      JSON_PATCH,
    );
    await response.body?.cancel();
  },
  "tags of an image": async (count) => {
    const glance = createEmbeddedGlance({ tagQuota: 1e6 });
    await post(glance, "/v2/images", { tags: names(count).map(({ name }) => name) });
  },
  "sort keys": (count) => list(`sort=${"name:asc,".repeat(count / 9)}id`),
  "classic sort keys": (count) => list("sort_key=name&sort_dir=asc&".repeat(count / 27)),
  "tag filters": (count) => list("tag=a&".repeat(count / 6)),
  "property filters": (count) => list(names(count / 10).map(({ name }) => `p_${name}=1`).join("&")),
  "markers": (count) => list(`${"a=1&".repeat(count / 8)}${"marker=&".repeat(count / 16)}`),
  "values of a filter": (count) => list(`name=in:${"a,".repeat(count / 2)}`),
  "quoted values of a filter": (count) => list(`name=in:${'"a",'.repeat(count / 4)}"a"`),
  "spaces in Accept": (count) =>
    list("", { accept: `application/vnd.openstack.images-v2${" ".repeat(count)}x` }),
  "slashes in a path": (count) => get(`/v2${"/".repeat(count)}images`),
  "spaces in a name of a path": (count) =>
    get(`/v2/metadefs/namespaces/${"%20".repeat(count / 3)}x`),
};

for (const [what, ask] of Object.entries(MANY)) {
  Deno.test(`fetch() takes linear time for a request with many ${what}`, async () => {
    await assertLinear(4_000, ask, what);
  });
}

function names(count: number): { name: string }[] {
  return Array.from({ length: Math.ceil(count) }, (_, i) => ({ name: `name-${i}` }));
}

async function post(glance: ReturnType<typeof createEmbeddedGlance>, path: string, body: unknown) {
  const response = await send(glance, "POST", path, JSON.stringify(body));
  const text = await response.text();
  assertEquals(response.status, 201, text.slice(0, 300));
}

const filled = createEmbeddedGlance();
const isFilled = Promise.all(
  Array.from({ length: 50 }, (_, i) => create(filled, { name: `image ${i % 5}` })),
);

async function list(search: string, headers: Record<string, string> = {}): Promise<void> {
  await get(`/v2/images?${search}`, headers);
}

async function get(path: string, headers: Record<string, string> = {}): Promise<void> {
  await isFilled;
  const response = await send(filled, "GET", path, undefined, headers);
  await response.body?.cancel();
}
