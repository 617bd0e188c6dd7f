/** Translation between Glance's names and those of the library. */
import { assertEquals, assertThrows } from "@std/assert";
import { glanceName, isBaseProperty, isReservedProperty } from "../../lib/api/translate.ts";
import { type ImageMeta, Invalid } from "../../mod.ts";
import { fromGlance, type GlanceImage, toGlance } from "../../lib/api/mod.ts";

/** An image with every property that Glance returns. */
const FULL: GlanceImage = {
  id: "42",
  name: "cirros",
  status: "active",
  visibility: "shared",
  disk_format: "qcow2",
  container_format: "bare",
  size: 0,
  virtual_size: 117_440_512,
  min_disk: 1,
  min_ram: 512,
  checksum: "d41d8cd98f00b204e9800998ecf8427e",
  os_hash_algo: "sha512",
  os_hash_value: "cf83e1",
  os_hidden: false,
  owner: "p1",
  protected: true,
  tags: ["b", "a"],
  stores: "ceph,file",
  locations: [{ url: "file:///x", metadata: { store: "file" } }],
  direct_url: "file:///x",
  created_at: "2026-01-02T03:04:05Z",
  updated_at: "2026-01-02T03:04:06Z",
  deleted_at: null,
  self: "/v2/images/42",
  file: "/v2/images/42/file",
  schema: "/v2/schemas/image",
  os_type: "linux",
  hw_vif_model: "virtio",
  os_glance_import_task: "t1",
  mappings: '[{"device": "vda", "virtual": "root"}]',
  block_device_mapping: "[]",
};

Deno.test("fromGlance() translates every property", () => {
  assertEquals(fromGlance(FULL), {
    id: "42",
    name: "cirros",
    status: "active",
    visibility: "shared",
    diskFormat: "qcow2",
    containerFormat: "bare",
    size: 0,
    virtualSize: 117_440_512,
    minDisk: 1,
    minRam: 512,
    checksum: "d41d8cd98f00b204e9800998ecf8427e",
    osHashAlgo: "sha512",
    osHashValue: "cf83e1",
    osHidden: false,
    owner: "p1",
    protected: true,
    tags: ["b", "a"],
    stores: ["ceph", "file"],
    locations: [{ url: "file:///x", metadata: { store: "file" } }],
    directUrl: "file:///x",
    createdAt: new Date("2026-01-02T03:04:05Z"),
    updatedAt: new Date("2026-01-02T03:04:06Z"),
    deletedAt: null,
    properties: {
      os_type: "linux",
      hw_vif_model: "virtio",
      os_glance_import_task: "t1",
      mappings: [{ device: "vda", virtual: "root" }],
      block_device_mapping: [],
    },
  });
});

Deno.test("fromGlance() returns null for properties that Glance did not send", () => {
  const { id, status, tags, stores, properties, ...rest } = fromGlance({ id: "1", status: "new" });
  assertEquals({ id, status, tags, stores, properties }, {
    id: "1",
    status: "new",
    tags: [],
    stores: [],
    properties: {},
  });
  assertEquals(Object.values(rest).filter((value) => value !== null), []);
});

Deno.test("fromGlance() does not change its argument", () => {
  const given = structuredClone(FULL);
  fromGlance(given);
  assertEquals(given, FULL);
});

/** Text from Glance -> the date. */
const DATES: readonly (readonly [text: string | null | undefined, date: string | null])[] = [
  ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000Z"],
  ["2026-01-02T03:04:05", "2026-01-02T03:04:05.000Z"],
  ["2026-01-02T03:04:05.000000", "2026-01-02T03:04:05.000Z"],
  ["2026-01-02T03:04:05.123456", "2026-01-02T03:04:05.123Z"],
  ["2026-01-02T03:04:05+00:00", "2026-01-02T03:04:05.000Z"],
  ["2026-01-02T03:04:05+02:00", "2026-01-02T01:04:05.000Z"],
  ["2026-01-02T03:04:05-0530", "2026-01-02T08:34:05.000Z"],
  ["2026-01-02 03:04:05", "2026-01-02T03:04:05.000Z"],
  ["2026-01-02", "2026-01-02T00:00:00.000Z"],
  ["", null],
  ["yesterday", null],
  ["2026-13-45T03:04:05Z", null],
  [null, null],
  [undefined, null],
];

for (const [text, date] of DATES) {
  Deno.test(`fromGlance() reads the date ${JSON.stringify(text)} as ${date}`, () => {
    const image = fromGlance({ id: "1", status: "active", created_at: text ?? null });
    assertEquals(image.createdAt?.toISOString() ?? null, date);
  });
}

Deno.test("fromGlance() reads a list of stores without empty entries", () => {
  const storesOf = (stores: string) => fromGlance({ id: "1", status: "active", stores }).stores;
  assertEquals(storesOf("a"), ["a"]);
  assertEquals(storesOf("a,,b,"), ["a", "b"]);
  assertEquals(storesOf(""), []);
});

Deno.test("fromGlance() returns the key id of an encrypted image, also as a property", () => {
  const image = fromGlance({ id: "1", status: "active", cinder_encryption_key_id: "k1" });
  assertEquals(image.cinderEncryptionKeyId, "k1");
  assertEquals(image.properties["cinder_encryption_key_id"], "k1");
  assertEquals("cinderEncryptionKeyId" in fromGlance({ id: "1", status: "active" }), false);
});

for (const key of ["mappings", "block_device_mapping"]) {
  Deno.test(`fromGlance() keeps the string when "${key}" is not JSON`, () => {
    const image = fromGlance({ id: "42", status: "active", [key]: "{" });
    assertEquals(image.properties[key], "{");
  });
}

Deno.test("toGlance() translates every property", () => {
  const meta: ImageMeta = {
    id: "42",
    name: null,
    visibility: "public",
    diskFormat: "raw",
    containerFormat: "bare",
    minDisk: 0,
    minRam: 0,
    owner: "p1",
    protected: false,
    osHidden: true,
    tags: [],
    properties: { os_type: "linux", mappings: [{ a: 1 }], gone: null },
  };
  assertEquals(toGlance(meta), {
    id: "42",
    name: null,
    visibility: "public",
    disk_format: "raw",
    container_format: "bare",
    min_disk: 0,
    min_ram: 0,
    owner: "p1",
    protected: false,
    os_hidden: true,
    tags: [],
    os_type: "linux",
    mappings: '[{"a": 1}]',
    gone: null,
  });
});

Deno.test("toGlance() drops read-only properties of an image from show()", () => {
  const { os_glance_import_task: _, ...settable } = FULL;
  assertEquals(toGlance(fromGlance(settable) as ImageMeta), {
    id: "42",
    name: "cirros",
    visibility: "shared",
    disk_format: "qcow2",
    container_format: "bare",
    min_disk: 1,
    min_ram: 512,
    os_hidden: false,
    owner: "p1",
    protected: true,
    tags: ["b", "a"],
    os_type: "linux",
    hw_vif_model: "virtio",
    mappings: '[{"device": "vda", "virtual": "root"}]',
    block_device_mapping: "[]",
  });
});

Deno.test("toGlance() omits undefined values", () => {
  const meta = { name: undefined, properties: { os_type: undefined } } as unknown as ImageMeta;
  assertEquals(toGlance(meta), {});
});

Deno.test("toGlance() prefers a custom property to a base property of the same name", () => {
  const meta = { minDisk: 1, name: "a", properties: { min_disk: "7", name: "b" } };
  assertEquals(toGlance(meta), { min_disk: "7", name: "b" });
});

Deno.test("toGlance() accepts top-level custom properties and snake_case names", () => {
  const meta = { min_disk: 3, kernel_id: "k" } as unknown as ImageMeta;
  assertEquals(toGlance(meta), { min_disk: 3, kernel_id: "k" });
});

for (
  const [value, what] of [
    [1, "a number"],
    [true, "a boolean"],
    [{}, "an object"],
    [[], "a list"],
    [1n, "a bigint"],
    [Symbol("s"), "a symbol"],
    [() => {}, "a function"],
  ] as const
) {
  Deno.test(`toGlance() throws Invalid when a property is ${what}`, () => {
    const { message } = assertThrows(() => toGlance({ properties: { os_type: value } }), Invalid);
    assertEquals(message.includes(`its value is ${what} and Glance stores strings only`), true);
  });
}

for (
  const meta of [null, undefined, "text", 42, ["a"], { properties: null }, { properties: "ab" }]
) {
  Deno.test(`toGlance() throws Invalid when the metadata is ${JSON.stringify(meta)}`, () => {
    const refuse = () => toGlance(meta as unknown as ImageMeta);
    assertThrows(refuse, Invalid, "must be an object");
  });
}

for (const name of ["os_glance", "os_glance_import_task", "os_glanced"]) {
  Deno.test(`toGlance() throws Invalid for the reserved property "${name}"`, () => {
    assertThrows(() => toGlance({ properties: { [name]: "x" } }), Invalid, "reserved");
    assertThrows(() => toGlance({ properties: { [name]: null } }), Invalid, "reserved");
    assertEquals(isReservedProperty(name), true);
  });
}

/** A value -> its JSON as Python writes it. */
const JSON_AS_PYTHON: readonly (readonly [value: unknown, text: string])[] = [
  [[], "[]"],
  [{}, "{}"],
  [[1, "a", null, true], '[1, "a", null, true]'],
  [{ a: 1, b: { c: [] } }, '{"a": 1, "b": {"c": []}}'],
  ["already text", "already text"],
  [[{ "a,b:c": 'x "y", z: \\' }], '[{"a,b:c": "x \\"y\\", z: \\\\"}]'],
  [["größe", "\u{1f4be}", "\u007f"], '["gr\\u00f6\\u00dfe", "\\ud83d\\udcbe", "\\u007f"]'],
  [[undefined, new Date(0)], '[null, "1970-01-01T00:00:00.000Z"]'],
  [{ a: undefined, b: 1 }, '{"b": 1}'],
  [[1.5, -0.25], "[1.5, -0.25]"],
  [true, "true"],
  [7, "7"],
];

for (const [value, text] of JSON_AS_PYTHON) {
  Deno.test(`toGlance() writes the mapping ${Deno.inspect(value)} as json.dumps does`, () => {
    assertEquals(toGlance({ properties: { mappings: value } }), { mappings: text });
  });
}

Deno.test("toGlance() writes JSON like json.dumps", {
  ignore: !await hasPython(),
}, async () => {
  const values = [[{ a: [1, "ö", "\u{1f4be}", '"', "\n\t\\/\u007f\b"], "ä:,": null }], {}, [[]], [
    1.5,
  ]];
  for (const value of values) {
    assertEquals(
      toGlance({ properties: { mappings: value } })["mappings"],
      await python("import json,sys;print(json.dumps(json.load(sys.stdin)))", value),
    );
  }
});

for (const value of [1n, [1n], () => {}, Symbol("s")]) {
  Deno.test(`toGlance() throws Invalid for the mapping ${Deno.inspect(value)}`, () => {
    assertThrows(() => toGlance({ properties: { mappings: value } }), Invalid, "as JSON");
  });
}

Deno.test("fromGlance() reads a mapping as toGlance() was given it", () => {
  const mappings = [{ device: "vda", text: "größe", list: [1, null, { x: "y" }] }];
  const glance = toGlance({ properties: { mappings } });
  const image = fromGlance({ id: "1", status: "active", ...glance });
  assertEquals(image.properties["mappings"], mappings);
});

Deno.test("glanceName() translates base properties, and keeps other names", () => {
  const names = ["diskFormat", "osHashValue", "createdAt", "name", "disk_format", "os_type"];
  assertEquals(names.map(glanceName), [
    "disk_format",
    "os_hash_value",
    "created_at",
    "name",
    "disk_format",
    "os_type",
  ]);
  assertEquals(["constructor", "__proto__", "toString"].map(glanceName), [
    "constructor",
    "__proto__",
    "toString",
  ]);
});

Deno.test("isBaseProperty() is true for Glance's base properties, and not for members of Object", () => {
  for (const name of Object.keys(FULL).slice(0, 26)) assertEquals(isBaseProperty(name), true, name);
  for (const name of ["os_type", "constructor", "toString", "diskFormat", "hasOwnProperty"]) {
    assertEquals(isBaseProperty(name), false, name);
  }
});

async function hasPython(): Promise<boolean> {
  return await python("print(1)", null).then((text) => text === "1", () => false);
}

async function python(program: string, input: unknown): Promise<string> {
  const command = new Deno.Command("python3", {
    args: ["-c", program],
    stdin: "piped",
    stdout: "piped",
  });
  const child = command.spawn();
  await new Blob([JSON.stringify(input)]).stream().pipeTo(child.stdin);
  const { stdout } = await child.output();
  return new TextDecoder().decode(stdout).trim();
}
