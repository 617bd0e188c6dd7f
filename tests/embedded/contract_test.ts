/**
 * The embedded Glance passes the contract of the real one, in every configuration, and each of its exchanges
 * conforms to the OpenAPI document.
 */
import { assertEquals, assertRejects } from "@std/assert";

import { directoryStorage, memoryStorage } from "../../lib/embedded/mod.ts";
import { type OperationName, OPERATIONS } from "../../lib/api/mod.ts";
import { Conversation, NAMESPACES } from "../contract/conversation.ts";
import { Conformance } from "../contract/conformance.ts";
import { IMAGE_API_CHECKS, reasonToSkip, type Target } from "../contract/image_api.ts";
import { embeddedTarget } from "./target.ts";

const conformance = new Conformance();

function runContract(label: string, cloud: Target): void {
  const target = conformance.of(cloud);
  for (const check of IMAGE_API_CHECKS) {
    if (reasonToSkip(check, target) !== null) continue;
    Deno.test(`${label} keeps the contract: ${check.name}`, () => check.run(target));
  }
}

runContract("createEmbeddedGlance()", embeddedTarget());

runContract(
  "createEmbeddedGlance() of version 2.15",
  embeddedTarget({ version: "2.15" }, { version: "2.15" }),
);

runContract(
  "createEmbeddedGlance() of version 2.18",
  embeddedTarget({ version: "2.18", imageCache: {} }, { version: "2.18", imageCache: true }),
);

/** Two servers on one storage; requests alternate between them. */
function alternating(): Target {
  const storage = memoryStorage();
  const web = new Map<string, string>();
  const servers = [
    embeddedTarget({ storage }, {}, web),
    embeddedTarget({ storage }, {}, web),
  ] as const;
  let count = 0;
  return { ...servers[0], fetch: (input, init) => servers[count++ % 2 ? 1 : 0].fetch(input, init) };
}

runContract("createEmbeddedGlance() of two servers with one storage", alternating());

const directory = await Deno.makeTempDir({ prefix: "embedded-glance-" });
addEventListener("unload", () => Deno.removeSync(directory, { recursive: true }));
runContract(
  "createEmbeddedGlance() with a directory",
  embeddedTarget({ storage: directoryStorage(directory) }),
);

runContract(
  "createEmbeddedGlance() with the limits of Ceph",
  embeddedTarget({
    supportsRanges: false,
    stores: [{ id: "ceph", default: "true" }],
    showLocations: false,
    showDirectUrl: false,
  }, {
    supportsRanges: false,
    stores: ["ceph"],
    readOnlyStore: null,
    importMethods: ["glance-direct", "web-download"],
    showLocations: false,
    showDirectUrl: false,
  }),
);

Deno.test("createEmbeddedGlance() with a centralized cache lists the nodes of an image", async () => {
  const imageCache = { nodeUrl: "http://glance.test:9292" };
  const cloud = new Conversation(
    conformance.of(embeddedTarget({ version: "2.18", imageCache }, { version: "2.18" })),
  );
  const { id } = await cloud.imageWith("data");
  assertEquals((await cloud.put(`/v2/cache/${id}`, undefined, "admin")).status, 202);
  assertEquals((await cloud.get(`/v2/cache/nodes/${id}`, "admin")).status, 200);
});

Deno.test("createEmbeddedGlance() refuses requests without a token", async () => {
  const cloud = new Conversation(conformance.of(embeddedTarget()));
  const paths = [
    "/v2/info/import",
    "/v2/info/stores",
    "/v2/info/usage",
    "/v2/metadefs/resource_types",
    `${NAMESPACES}/any/resource_types`,
  ];
  for (const path of paths) assertEquals((await cloud.get(path, null)).status, 401, path);
});

/** Changes of a response, and the part of the document to which it does not conform then. */
const WRONG: readonly (readonly [change: (image: object) => unknown, cause: string])[] = [
  [(image) => ({ ...image, size: "1" }), "#/components/schemas/Image"],
  [(image) => ({ ...image, custom: 1 }), "#/components/schemas/Image"],
  [(image) => ({ ...image, id: "1" }), "#/components/schemas/Image"],
  [(image) => ({ ...image, created_at: "yesterday" }), "#/components/schemas/Image"],
  [() => ({ id: "1" }), "#/components/schemas/Image"],
  [() => undefined, "is not in the document"],
];

Deno.test("createEmbeddedGlance() would not pass with another response", async () => {
  const right = embeddedTarget();
  for (const [change, cause] of WRONG) {
    const wrong: Target = {
      ...right,
      fetch: async (input, init) => {
        const response = await right.fetch(input, init);
        const body = change(await response.json());
        const { status } = response;
        return body === undefined ? new Response("{}") : Response.json(body, { status });
      },
    };
    const cloud = new Conversation(new Conformance().of(wrong));
    await assertRejects(() => cloud.post("/v2/images", { name: "x" }), Error, cause);
  }
});

/** Operations that are never accepted, and why. */
const NEVER_ACCEPTED: Readonly<Record<string, string>> = {
  "tasks.delete": "Glance always refuses it",
  "versions.root": "its status is 300",
};

/** Operations that are never refused, and why. */
const NEVER_REFUSED: Readonly<Record<string, string>> = {
  "healthcheck": "it needs no token",
  "versions.list": "it needs no token",
};

// It runs after the checks: an operation that they do not use would not be compared.
Deno.test("createEmbeddedGlance() has accepted and refused each operation of the document", () => {
  const names = Object.keys(OPERATIONS).toSorted() as OperationName[];
  const { accepted, refused } = conformance;
  assertEquals(names.filter((name) => !accepted.has(name)), Object.keys(NEVER_ACCEPTED));
  assertEquals(names.filter((name) => !refused.has(name)), Object.keys(NEVER_REFUSED));
});
