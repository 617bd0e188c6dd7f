/** The import method for a source and the methods of the cloud. */
import { assertEquals, assertThrows } from "@std/assert";
import { Invalid } from "../../mod.ts";
import { NotImplemented } from "../../lib/errors.ts";
import { chooseMethod, type ImportChoice, sourceKind } from "../../lib/jobs/import_plan.ts";

const ALL = ["glance-direct", "web-download", "copy-image", "glance-download"];

/** Source and options -> the method. */
const CHOICES: readonly (readonly [question: Omit<ImportChoice, "imageId">, method: string])[] = [
  [{ kind: "data", offered: ALL }, "glance-direct"],
  [{ kind: "data", offered: ["web-download"] }, "upload"],
  [{ kind: "data", offered: [] }, "upload"],
  [{ kind: "data", offered: ALL, method: "upload" }, "upload"],
  [{ kind: "data", offered: [], stores: ["one"] }, "upload"],
  [{ kind: "data", offered: ALL, stores: ["one", "two"] }, "glance-direct"],
  [{ kind: "data", offered: ALL, allStores: true }, "glance-direct"],
  [{ kind: "url", offered: ALL }, "web-download"],
  [{ kind: "url", offered: ["glance-direct"] }, "glance-direct"],
  [{ kind: "url", offered: [] }, "upload"],
  [{ kind: "url", offered: ALL, method: "upload" }, "upload"],
  [{ kind: "url", offered: ALL, method: "glance-direct" }, "glance-direct"],
  [{ kind: "region", offered: ALL }, "glance-download"],
  [{ kind: "own", offered: ALL, stores: ["slow"] }, "copy-image"],
  [{ kind: "own", offered: ALL, allStores: true }, "copy-image"],
];

for (const [question, method] of CHOICES) {
  Deno.test(`chooseMethod() returns ${method} for ${JSON.stringify(question)}`, () => {
    assertEquals(chooseMethod({ imageId: "42", ...question }), method);
  });
}

type RefusedImport = readonly [
  question: Omit<ImportChoice, "imageId">,
  ErrorClass: typeof Invalid | typeof NotImplemented,
  message: string,
];

const REFUSALS: readonly RefusedImport[] = [
  [
    { kind: "region", offered: ["glance-direct", "web-download"] },
    NotImplemented,
    'Cannot import image "42" from a region by "glance-download": the cloud offers "glance-direct", "web-download"; copy it with copyImage, which transfers the data through this program',
  ],
  [
    { kind: "own", offered: [], stores: ["slow"] },
    NotImplemented,
    'Cannot import image "42" to more stores by "copy-image": the cloud offers no import methods; download it, and upload it to the other store as another image',
  ],
  [
    { kind: "own", offered: ALL },
    Invalid,
    'Cannot import image "42" to more stores: no store is given; set "stores" or "allStores"',
  ],
  [
    { kind: "data", offered: [], stores: ["one", "two"] },
    NotImplemented,
    'Cannot import image "42" from data into several stores: an upload reaches one, and the cloud offers no import methods; name one store',
  ],
  [
    { kind: "data", offered: ALL, method: "upload", allStores: true },
    NotImplemented,
    'Cannot import image "42" from data into several stores: an upload reaches one, and the cloud offers "glance-direct", "web-download", "copy-image", "glance-download"; name one store',
  ],
  [
    { kind: "data", offered: [], method: "glance-direct" },
    NotImplemented,
    'Cannot import image "42" from data by "glance-direct": the cloud offers no import methods; leave the method out',
  ],
  [
    { kind: "url", offered: ALL, method: "copy-image" },
    Invalid,
    'Cannot import image "42" from a url by "copy-image": the methods for this source are "web-download", "glance-direct", "upload"; use one of these, or omit it',
  ],
];

for (const [question, ErrorClass, message] of REFUSALS) {
  Deno.test(`chooseMethod() rejects ${JSON.stringify(question)} and lists the methods`, () => {
    const error = assertThrows(() => chooseMethod({ imageId: "42", ...question }), ErrorClass);
    assertEquals([error.message, error.imageId], [message, "42"]);
  });
}

Deno.test("sourceKind() returns the kind, and rejects sources of no kind or of several", () => {
  assertEquals(sourceKind({ data: new Uint8Array(1) }), "data");
  assertEquals(sourceKind({ url: "http://x" }), "url");
  assertEquals(sourceKind({ region: "r", imageId: "1" }), "region");
  assertEquals(sourceKind({ own: true }), "own");
  for (const odd of [null, "x", {}, { imageId: "1" }, { data: "x", url: "y" }] as unknown[]) {
    assertThrows(() => sourceKind(odd as { own: true }), Invalid, "Cannot import from");
  }
});
