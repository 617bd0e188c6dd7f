/** Random images of Glance, for properties of patches and translations. */
import type { GlanceImage } from "../../lib/api/mod.ts";
import { fc } from "./properties.ts";

/** Characters that mean something in a JSON pointer, a query or an `in:` list. */
const TRICKY = fc.constantFrom(...'ab~/01 ,:"\\&=#?%;+ü', "💾");

/** Text with tricky characters. */
export const TEXT: fc.Arbitrary<string> = fc.oneof(
  fc.array(TRICKY, { maxLength: 6 }).map((characters) => characters.join("")),
  fc.string({ unit: "binary-ascii", maxLength: 10 }),
);

/** Base properties of Glance that a client may set. */
export const SETTABLE: fc.Arbitrary<Partial<GlanceImage>> = fc.record({
  name: fc.option(TEXT),
  visibility: fc.constantFrom("public", "community", "shared", "private"),
  disk_format: fc.option(fc.constantFrom("raw", "qcow2")),
  container_format: fc.option(fc.constantFrom("bare", "ovf")),
  min_disk: fc.nat(3),
  min_ram: fc.nat(3),
  os_hidden: fc.boolean(),
  owner: fc.option(TEXT),
  protected: fc.boolean(),
  tags: fc.uniqueArray(TEXT, { maxLength: 3 }),
}, { requiredKeys: [] });

/** Names of custom properties; few, so that two images often have one in common. */
const CUSTOM_NAME = fc.oneof(
  fc.constantFrom("a", "b", "a/b", "a~b", "~1", "~01", "constructor", "__proto__", "Name"),
  TEXT.map((text) => `x${text}x`),
);

/** Custom properties. */
export const CUSTOM: fc.Arbitrary<Record<string, string>> = fc.uniqueArray(
  fc.tuple(CUSTOM_NAME, TEXT),
  { selector: ([name]) => name, maxLength: 5 },
).map((entries) => Object.fromEntries(entries));

/** Values of `mappings` and `block_device_mapping`. */
export const MAPPINGS: fc.Arbitrary<Record<string, string>[]> = fc.array(
  fc.dictionary(fc.constantFrom("device", "virtual", "größe"), TEXT),
  { maxLength: 2 },
);

/** An image that Glance may return. */
export const GLANCE_IMAGE: fc.Arbitrary<GlanceImage> = fc.tuple(SETTABLE, CUSTOM).map(
  ([base, custom]) => ({ ...custom, ...base, id: "42", status: "active" }),
);
