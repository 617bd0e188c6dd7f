/** The schema documents, and information about stores. */

import { assertEquals } from "@std/assert";
import { assertFailure, type Check, check } from "./check.ts";

type Json = Record<string, unknown>;

const BASE = [
  "checksum",
  "container_format",
  "created_at",
  "direct_url",
  "disk_format",
  "file",
  "id",
  "locations",
  "min_disk",
  "min_ram",
  "name",
  "os_hash_algo",
  "os_hash_value",
  "os_hidden",
  "owner",
  "protected",
  "schema",
  "self",
  "size",
  "status",
  "stores",
  "tags",
  "updated_at",
  "virtual_size",
  "visibility",
];

const READ_ONLY = [
  "checksum",
  "created_at",
  "direct_url",
  "file",
  "os_hash_algo",
  "os_hash_value",
  "schema",
  "self",
  "size",
  "status",
  "stores",
  "updated_at",
  "virtual_size",
];

/** The parts of a schema that programs read: base properties, without descriptions. */
function rules(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(rules);
  if (typeof schema !== "object" || schema === null) return schema;
  const entries = Object.entries(schema as Json)
    .filter(([key, value]) => key !== "description" || typeof value !== "string")
    .filter(([, value]) => (value as Json | null)?.["is_base"] !== false);
  return Object.fromEntries(entries.map(([key, value]) => [key, rules(value)]));
}

export const SCHEMA_CHECKS: readonly Check[] = [
  check("the image schema defines the base properties and which are read-only", async (cloud) => {
    const { json } = await cloud.get("/v2/schemas/image");
    assertEquals(json["name"], "image");
    assertEquals(json["additionalProperties"], { type: "string" });
    const { properties } = rules(json) as { properties: Record<string, Json> };
    assertEquals(Object.keys(properties).toSorted(), BASE);
    const readOnly = Object.keys(properties).filter((name) => properties[name]?.["readOnly"]);
    assertEquals(readOnly.toSorted(), READ_ONLY);
    assertEquals(properties["min_ram"], { type: "integer" });
    assertEquals(properties["name"], { type: ["null", "string"], maxLength: 255 });
    assertEquals(properties["tags"], {
      type: "array",
      items: { type: "string", maxLength: 255 },
    });
    assertEquals(properties["disk_format"], {
      type: ["null", "string"],
      enum: [
        null,
        "ami",
        "ari",
        "aki",
        "vhd",
        "vhdx",
        "vmdk",
        "raw",
        "qcow2",
        "vdi",
        "iso",
        "ploop",
      ],
    });
    assertEquals(json["links"], [
      { rel: "self", href: "{self}" },
      { rel: "enclosure", href: "{file}" },
      { rel: "describedby", href: "{schema}" },
    ]);
  }),
  check("the schema of a list of images contains the schema of an image", async (cloud) => {
    const { json } = await cloud.get("/v2/schemas/images");
    const image = (await cloud.get("/v2/schemas/image")).json;
    const { images, ...rest } = json["properties"] as Record<string, Json>;
    const text = { type: "string" };
    assertEquals(rest, { first: text, next: text, schema: text });
    assertEquals(rules(images), { type: "array", items: rules(image) });
    assertEquals(json["name"], "images");
  }),
  check("the member schemas define the fields of a member", async (cloud) => {
    const { json } = await cloud.get("/v2/schemas/member");
    const names = ["created_at", "image_id", "member_id", "schema", "status", "updated_at"];
    const properties = json["properties"] as Record<string, Json>;
    assertEquals(Object.keys(properties).toSorted(), names);
    assertEquals(properties["status"]?.["enum"], ["pending", "accepted", "rejected"]);
    const members = (await cloud.get("/v2/schemas/members")).json;
    assertEquals(members["name"], "members");
    assertEquals((members["properties"] as Record<string, Json>)["members"]?.["items"], json);
  }),
  check("the task schemas define the fields of a task", async (cloud) => {
    const { json } = await cloud.get("/v2/schemas/task");
    const all = Object.keys(json["properties"] as Json).toSorted();
    const { properties } = (await cloud.get("/v2/schemas/tasks")).json as {
      properties: { tasks: { items: { properties: Json } } };
    };
    const partial = Object.keys(properties.tasks.items.properties).toSorted();
    assertEquals(all.filter((name) => !partial.includes(name)), ["input", "message", "result"]);
  }),
  check("GET /v2/info/stores lists the stores with flags as strings", async (cloud) => {
    const { json } = await cloud.get("/v2/info/stores");
    const { stores, readOnlyStore } = cloud.target.facts;
    const expected: Json[] = stores.map((id, i) => i === 0 ? { id, default: "true" } : { id });
    if (readOnlyStore !== null) expected.push({ id: readOnlyStore, "read-only": "true" });
    assertEquals(json, { stores: expected });
  }),
  check("GET /v2/info/stores/detail is for administrators", async (cloud) => {
    const text = "You are not authorized to complete stores_info_detail action.";
    assertFailure(await cloud.get("/v2/info/stores/detail"), 403, text);
    const { json } = await cloud.get("/v2/info/stores/detail", "admin");
    for (const { id, type, properties } of json["stores"] as Json[]) {
      const isOnWeb = id === cloud.target.facts.readOnlyStore;
      assertEquals(type, isOnWeb ? "http" : "file");
      const { data_dir, ...rest } = properties as Json;
      assertEquals(rest, isOnWeb ? {} : { chunk_size: 65536, thin_provisioning: false });
      assertEquals(typeof data_dir, isOnWeb ? "undefined" : "string");
    }
  }),
  check("GET /v2/info/usage returns no usage without limits", async (cloud) => {
    assertEquals((await cloud.get("/v2/info/usage")).json, { usage: {} });
  }),
];
