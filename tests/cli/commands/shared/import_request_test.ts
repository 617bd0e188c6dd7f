import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../../../lib/cli/system/errors.ts";
import {
  importRequestFrom,
  type ImportValues,
  storesOf,
} from "../../../../lib/cli/commands/shared/import_request.ts";

const NOTHING: ImportValues = {
  "uri": undefined,
  "remote-region": undefined,
  "remote-image-id": undefined,
  "remote-service-interface": undefined,
  "store": undefined,
  "stores": undefined,
  "all-stores": undefined,
  "allow-failure": undefined,
};

Deno.test("importRequestFrom() returns the import request of the flags", async (t) => {
  const cases: readonly (readonly [string, Partial<ImportValues>, unknown])[] = [
    ["glance-direct", {}, { method: { name: "glance-direct" } }],
    ["web-download", { uri: "http://x/y" }, {
      method: { name: "web-download", uri: "http://x/y" },
    }],
    ["glance-download", { "remote-region": "R2", "remote-image-id": "id" }, {
      method: {
        name: "glance-download",
        glance_region: "R2",
        glance_image_id: "id",
        glance_service_interface: "public",
      },
    }],
    ["glance-download", {
      "remote-region": "R2",
      "remote-image-id": "id",
      "remote-service-interface": "internal",
    }, {
      method: {
        name: "glance-download",
        glance_region: "R2",
        glance_image_id: "id",
        glance_service_interface: "internal",
      },
    }],
    ["glance-direct", { store: "fast" }, {
      method: { name: "glance-direct" },
      stores: ["fast"],
    }],
    ["copy-image", { stores: "fast, slow" }, {
      method: { name: "copy-image" },
      stores: ["fast", "slow"],
      all_stores_must_succeed: false,
    }],
    ["copy-image", { "all-stores": true, "allow-failure": false }, {
      method: { name: "copy-image" },
      all_stores: true,
    }],
    ["glance-direct", { "all-stores": false, store: "fast" }, {
      method: { name: "glance-direct" },
      stores: ["fast"],
    }],
    ["a-new-one", { "all-stores": true }, {
      method: { name: "a-new-one" },
      all_stores: true,
      all_stores_must_succeed: false,
    }],
  ];
  for (const [method, values, expected] of cases) {
    await t.step(`${method} ${JSON.stringify(values)}`, () => {
      // As Glance receives it: JSON has no undefined members.
      const sent = JSON.stringify(importRequestFrom(method, { ...NOTHING, ...values }));
      assertEquals<unknown>(JSON.parse(sent), expected);
    });
  }
});

Deno.test("importRequestFrom() throws UsageError when flags exclude each other", async (t) => {
  const cases: readonly (readonly [string, Partial<ImportValues>, string])[] = [
    ["web-download", {}, 'Cannot import by "web-download": --uri is missing; add it'],
    [
      "glance-direct",
      { uri: "http://x/y" },
      'Cannot use --uri: the import method is "glance-direct" and must be "web-download"; correct --import-method',
    ],
    [
      "glance-download",
      { "remote-region": "R2" },
      'Cannot import by "glance-download": --remote-image-id is missing; add it',
    ],
    [
      "copy-image",
      { store: "fast" },
      'Cannot import by "copy-image": the target stores are missing; add --stores or --all-stores',
    ],
    [
      "glance-direct",
      { store: "fast", stores: "slow" },
      "Cannot use --store together with --stores: each chooses the stores; leave one of them out",
    ],
    [
      "copy-image",
      { stores: "slow", "all-stores": true },
      "Cannot use --stores together with --all-stores: each chooses the stores; leave one of them out",
    ],
  ];
  for (const [method, values, says] of cases) {
    await t.step(says, () => {
      const { message } = assertThrows(
        () => importRequestFrom(method, { ...NOTHING, ...values }),
        UsageError,
      );
      assertEquals(message, says);
    });
  }
});

Deno.test("storesOf() returns the stores that a finished import has", () => {
  assertEquals(storesOf(NOTHING), []);
  assertEquals(storesOf({ ...NOTHING, store: "a" }), ["a"]);
  assertEquals(storesOf({ ...NOTHING, stores: "a,,b ," }), ["a", "b"]);
});
