/** OperationCases of the operations for metadata definitions. */
import { assert, assertEquals, assertObjectMatch } from "@std/assert";
import { Conflict, NotAuthorized, NotFound } from "../../../mod.ts";
import type { Fields } from "../raw_glance.ts";
import {
  asUnauthenticated,
  namesOf,
  nothing,
  type OperationCase,
  type OperationCases,
  type OperationHarness,
  type Prepare,
} from "./case.ts";
import type { OperationName } from "../../../lib/api/mod.ts";

export type MetadefRowNames = Extract<OperationName, `metadefs.${string}`>;

const NOWHERE = "no::where";
const FLAVOR = "OS::Nova::Flavor";
const COLOR = { name: "color", type: "string", title: "Color" } as const;
const OBJECT = {
  name: "paint",
  properties: { color: { type: "string", title: "Color" } },
} as const;
const CONTENT: Fields = {
  properties: { color: { type: "string", title: "Color" } },
  objects: [OBJECT],
  tags: [{ name: "wet" }],
  resource_type_associations: [{ name: FLAVOR, prefix: "hw_" }],
};

/** Creates a namespace with one definition of each kind; returns its name. */
async function namespaceOf({ raw }: OperationHarness, meta: Fields = {}): Promise<string> {
  const namespace = `case::${crypto.randomUUID()}`;
  await raw.admin.json("POST", "metadefs/namespaces", {
    namespace,
    visibility: "public",
    ...CONTENT,
    ...meta,
  });
  return namespace;
}

/** A read of a namespace's parts; the bad call uses an unknown namespace. */
function read<M extends MetadefRowNames>(
  good: (namespace: string) => Awaited<ReturnType<Prepare<M>>>,
  nowhere: Awaited<ReturnType<Prepare<M>>>["args"],
): OperationCase<M> {
  return {
    good: async (harness) => good(await namespaceOf(harness)),
    bad: () => ({ as: "alice", args: nowhere }),
    error: NotFound,
  };
}

export const METADEF_CASES: OperationCases<MetadefRowNames> = {
  "metadefs.namespaces.list": {
    good: async (harness) => {
      const namespace = await namespaceOf(harness);
      return {
        as: "alice",
        args: [[["limit", "1"], ["sort_key", "created_at"], ["sort_dir", "desc"]]],
        gives: ({ namespaces, next }) => {
          assertEquals(namespaces.length, 1);
          assert(next !== undefined && namespace !== "");
        },
      };
    },
    bad: () => ({ as: "alice", args: [[["marker", NOWHERE]]] }),
    error: NotFound,
  },
  "metadefs.namespaces.create": {
    good: () => ({
      as: "admin",
      args: [{
        namespace: `case::${crypto.randomUUID()}`,
        display_name: "OperationCase",
        properties: {},
      }],
      gives: (made) =>
        assertObjectMatch(made, { display_name: "OperationCase", visibility: "private" }),
    }),
    bad: async (harness) => ({ as: "admin", args: [{ namespace: await namespaceOf(harness) }] }),
    error: Conflict,
  },
  "metadefs.namespaces.get": read((namespace) => ({
    as: "alice",
    args: [namespace, { resourceType: FLAVOR }],
    gives: ({ properties, tags, objects }) => {
      assertEquals(Object.keys(properties ?? {}), ["hw_color"]);
      assertEquals([namesOf(tags ?? []), namesOf(objects ?? [])], [["wet"], ["paint"]]);
    },
  }), [NOWHERE]),
  "metadefs.namespaces.update": {
    good: async (harness) => ({
      as: "admin",
      args: [await namespaceOf(harness), { description: "Words" }],
      gives: (namespace) => {
        assertObjectMatch(namespace, { description: "Words", visibility: "private" });
      },
    }),
    bad: () => ({ as: "admin", args: [NOWHERE, {}] }),
    error: NotFound,
  },
  "metadefs.namespaces.delete": {
    good: async (harness) => ({ as: "admin", args: [await namespaceOf(harness)], gives: nothing }),
    bad: async (harness) => ({
      as: "admin",
      args: [await namespaceOf(harness, { protected: true })],
    }),
    error: NotAuthorized,
  },
  "metadefs.resourceTypes.list": {
    good: async (harness) => {
      await namespaceOf(harness);
      return { as: "alice", args: [], gives: (types) => assert(namesOf(types).includes(FLAVOR)) };
    },
    bad: asUnauthenticated([]),
    error: NotAuthorized,
  },
  "metadefs.associations.list": read((namespace) => ({
    as: "alice",
    args: [namespace],
    gives: ([association]) => assertObjectMatch(association ?? {}, { name: FLAVOR, prefix: "hw_" }),
  }), [NOWHERE]),
  "metadefs.associations.create": {
    good: async (harness) => ({
      as: "admin",
      args: [await namespaceOf(harness), { name: "OS::Glance::Image", prefix: "os_" }],
      gives: (made) => assertObjectMatch(made, { name: "OS::Glance::Image", prefix: "os_" }),
    }),
    bad: async (harness) => ({ as: "admin", args: [await namespaceOf(harness), { name: FLAVOR }] }),
    error: Conflict,
  },
  "metadefs.associations.delete": {
    good: async (harness) => ({
      as: "admin",
      args: [await namespaceOf(harness), FLAVOR],
      gives: nothing,
    }),
    bad: async (harness) => ({ as: "admin", args: [await namespaceOf(harness), "OS::None"] }),
    error: NotFound,
  },
  "metadefs.objects.list": read((namespace) => ({
    as: "alice",
    args: [namespace, [["limit", "5"]]],
    gives: (objects) => assertEquals(namesOf(objects), ["paint"]),
  }), [NOWHERE]),
  "metadefs.objects.create": {
    good: async (harness) => ({
      as: "admin",
      args: [await namespaceOf(harness), { ...OBJECT, name: "brush", required: ["color"] }],
      gives: (made) => assertObjectMatch(made, { name: "brush", required: ["color"] }),
    }),
    bad: async (harness) => ({ as: "admin", args: [await namespaceOf(harness), OBJECT] }),
    error: Conflict,
  },
  "metadefs.objects.get": read((namespace) => ({
    as: "alice",
    args: [namespace, "paint"],
    gives: (object) => assertObjectMatch(object, OBJECT),
  }), [NOWHERE, "paint"]),
  "metadefs.objects.update": {
    good: async (harness) => ({
      as: "admin",
      args: [await namespaceOf(harness), "paint", { name: "varnish", description: "Words" }],
      gives: (object) => assertObjectMatch(object, { name: "varnish", description: "Words" }),
    }),
    bad: async (harness) => ({ as: "admin", args: [await namespaceOf(harness), "none", {}] }),
    error: NotFound,
  },
  "metadefs.objects.delete": {
    good: async (harness) => ({
      as: "admin",
      args: [await namespaceOf(harness), "paint"],
      gives: nothing,
    }),
    bad: async (harness) => ({ as: "admin", args: [await namespaceOf(harness), "none"] }),
    error: NotFound,
  },
  "metadefs.objects.deleteAll": {
    good: async (harness) => ({ as: "admin", args: [await namespaceOf(harness)], gives: nothing }),
    bad: () => ({ as: "admin", args: [NOWHERE] }),
    error: NotFound,
  },
  "metadefs.properties.list": read((namespace) => ({
    as: "alice",
    args: [namespace],
    gives: ({ color }) => assertEquals(color?.title, "Color"),
  }), [NOWHERE]),
  "metadefs.properties.create": {
    good: async (harness) => ({
      as: "admin",
      args: [await namespaceOf(harness), { ...COLOR, name: "shade", enum: ["dark", "light"] }],
      gives: (made) => assertObjectMatch(made, { name: "shade", enum: ["dark", "light"] }),
    }),
    bad: async (harness) => ({ as: "admin", args: [await namespaceOf(harness), COLOR] }),
    error: Conflict,
  },
  "metadefs.properties.get": read((namespace) => ({
    as: "alice",
    args: [namespace, "hw_color", { resourceType: FLAVOR }],
    gives: (property) => assertObjectMatch(property, COLOR),
  }), [NOWHERE, "color"]),
  "metadefs.properties.update": {
    good: async (harness) => ({
      as: "admin",
      args: [await namespaceOf(harness), "color", { type: "string", title: "Hue", default: "red" }],
      gives: (property) => assertObjectMatch(property, { name: "color", title: "Hue" }),
    }),
    bad: async (harness) => ({ as: "admin", args: [await namespaceOf(harness), "none", COLOR] }),
    error: NotFound,
  },
  "metadefs.properties.delete": {
    good: async (harness) => ({
      as: "admin",
      args: [await namespaceOf(harness), "color"],
      gives: nothing,
    }),
    bad: async (harness) => ({ as: "admin", args: [await namespaceOf(harness), "none"] }),
    error: NotFound,
  },
  "metadefs.properties.deleteAll": {
    good: async (harness) => ({ as: "admin", args: [await namespaceOf(harness)], gives: nothing }),
    bad: () => ({ as: "admin", args: [NOWHERE] }),
    error: NotFound,
  },
  "metadefs.tags.list": read((namespace) => ({
    as: "alice",
    args: [namespace],
    gives: (tags) => assertEquals(namesOf(tags), ["wet"]),
  }), [NOWHERE]),
  "metadefs.tags.create": {
    good: async (harness) => ({
      as: "admin",
      args: [await namespaceOf(harness), "dry"],
      gives: ({ name }) => assertEquals(name, "dry"),
    }),
    bad: async (harness) => ({ as: "admin", args: [await namespaceOf(harness), "wet"] }),
    error: Conflict,
  },
  "metadefs.tags.createAll": {
    good: async (harness) => {
      const namespace = await namespaceOf(harness);
      return {
        as: "admin",
        args: [namespace, ["dry", "hot"], { append: true }],
        gives: async (made) => {
          assertEquals(namesOf(made), ["dry", "hot"]);
          const { tags } = await harness.raw.admin.json(
            "GET",
            `metadefs/namespaces/${namespace}/tags`,
          );
          assertEquals(namesOf(tags as { name: string }[]), ["dry", "hot", "wet"]);
        },
      };
    },
    bad: async (harness) => ({
      as: "admin",
      args: [await namespaceOf(harness), ["wet"], { append: true }],
    }),
    error: Conflict,
  },
  "metadefs.tags.get": read((namespace) => ({
    as: "alice",
    args: [namespace, "wet"],
    gives: ({ name }) => assertEquals(name, "wet"),
  }), [NOWHERE, "wet"]),
  "metadefs.tags.update": {
    good: async (harness) => ({
      as: "admin",
      args: [await namespaceOf(harness), "wet", "damp"],
      gives: ({ name }) => assertEquals(name, "damp"),
    }),
    bad: async (harness) => ({ as: "admin", args: [await namespaceOf(harness), "none", "damp"] }),
    error: NotFound,
  },
  "metadefs.tags.delete": {
    good: async (harness) => ({
      as: "admin",
      args: [await namespaceOf(harness), "wet"],
      gives: nothing,
    }),
    bad: async (harness) => ({ as: "admin", args: [await namespaceOf(harness), "none"] }),
    error: NotFound,
  },
  "metadefs.tags.deleteAll": {
    good: async (harness) => ({ as: "admin", args: [await namespaceOf(harness)], gives: nothing }),
    bad: () => ({ as: "admin", args: [NOWHERE] }),
    error: NotFound,
  },
};
