/** Untrusted names that every JavaScript object inherits. */
import { assert, assertEquals } from "@std/assert";
import { createEmbeddedGlance } from "../../lib/embedded/mod.ts";
import { createImageRouter } from "../../lib/router/mod.ts";
import { shownDefinition } from "../../lib/cli/commands/metadefs/fields.ts";
import { createHasher } from "../../lib/transfer/integrity/hashing.ts";
import { exportImage, getDefaultImageService } from "../../mod.ts";
import { setOwn } from "../../lib/validate.ts";
import { fromGlance, type GlanceImage, toGlance } from "../../lib/api/mod.ts";

/** Names that every object inherits, and one other. */
const NAMES = ["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf", "os_type"];

const PROPERTIES = Object.fromEntries(NAMES.map((name) => [name, `the ${name}`]));

/** Runs with the accessor `__proto__` that Node, Bun, workerd and browsers have, and Deno removes. */
async function withProtoAccessor(run: () => void | Promise<void>): Promise<void> {
  const own = Object.getOwnPropertyDescriptor(Object.prototype, "__proto__");
  Object.defineProperty(Object.prototype, "__proto__", {
    get: function (this: object) {
      return Object.getPrototypeOf(this);
    },
    set: function (this: object, prototype: unknown) {
      const isPrototype = typeof prototype === "object" || typeof prototype === "function";
      if (isPrototype) Object.setPrototypeOf(this, prototype as object | null);
    },
    configurable: true,
  });
  try {
    await run();
  } finally {
    if (own === undefined) Reflect.deleteProperty(Object.prototype, "__proto__");
    else Object.defineProperty(Object.prototype, "__proto__", own);
  }
}

Deno.test("setOwn() sets only the member of any name", () =>
  withProtoAccessor(() => {
    for (const name of NAMES) {
      for (const value of ["text", null, { polluted: true }]) {
        const record: Record<string, unknown> = {};
        setOwn(record, name, value);
        assertEquals([Object.keys(record), JSON.stringify(record)], [
          [name],
          `{"${name}":${JSON.stringify(value)}}`,
        ]);
        assert(Object.getPrototypeOf(record) === Object.prototype);
      }
    }
  }));

Deno.test("fromGlance() and toGlance() keep properties of any name", () =>
  withProtoAccessor(() => {
    const wire = JSON.parse(
      JSON.stringify({ id: "1", status: "active" }).replace(
        "}",
        `, ${NAMES.map((name) => `"${name}": "the ${name}"`).join(", ")}}`,
      ),
    ) as GlanceImage;
    const image = fromGlance(wire);
    assertEquals(Object.entries(image.properties), Object.entries(PROPERTIES));
    const back = toGlance({ properties: image.properties });
    assertEquals(Object.entries(back), Object.entries(PROPERTIES));
    // A name that no property has is none, though objects have a member of that name.
    assertEquals(Object.keys(toGlance({ properties: {} })), []);
  }));

Deno.test("GlanceImageService creates, shows, updates, lists and exports properties of any name", () =>
  withProtoAccessor(async () => {
    const glance = createEmbeddedGlance();
    const router = createImageRouter({
      apiServers: ["http://glance"],
      authStrategy: "noauth",
      fetch: (input, init) => glance.fetch(new Request(input, init)),
    });
    const service = getDefaultImageService({
      apiServers: ["http://gateway"],
      authStrategy: "noauth",
      fetch: async (input, init) => await router.request(new Request(input, init)),
    });
    const meta = { diskFormat: "raw", containerFormat: "bare", properties: PROPERTIES };
    const { id } = await service.create({}, meta, new Uint8Array(3));
    const shown = await service.show({}, id);
    assertEquals(Object.entries(shown.properties).sort(), Object.entries(PROPERTIES).sort());
    const changed = Object.fromEntries(NAMES.map((name) => [name, "other"]));
    const updated = await service.update({}, id, { properties: changed });
    assertEquals(Object.entries(updated.properties).sort(), Object.entries(changed).sort());
    const [listed] = await service.detail({}, { filters: { constructor: "other" } });
    assertEquals(listed?.id, id);
    const kept = { __proto__: null, os_type: "other" };
    const purged = await service.update({}, id, { properties: { ...kept } });
    assertEquals(Object.keys(purged.properties), ["os_type"]);
    const added = await service.update({}, id, { properties: PROPERTIES }, undefined, {
      purgeProps: false,
    });
    assertEquals(Object.entries(added.properties).sort(), Object.entries(PROPERTIES).sort());
    const exported = await exportImage(service, {}, id);
    const properties = Object.entries(exported.record.properties ?? {}).sort();
    assertEquals(properties, Object.entries(PROPERTIES).sort());
  }));

Deno.test("ownValue() and its callers find no member of Object.prototype", async () => {
  for (const name of NAMES.slice(0, -1)) {
    assertEquals(shownDefinition({ [name]: "x" })[name], "x");
    assertEquals(await createHasher(name), null);
  }
});
