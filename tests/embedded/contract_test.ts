/** The embedded Glance keeps the contract that the real one is held to, however it is set up. */

import { directoryStore, memoryStore } from "../../lib/embedded/mod.ts";
import { IMAGE_API_CHECKS, reasonToSkip, type Target } from "../contract/image_api.ts";
import { embeddedTarget } from "./target.ts";

function holds(label: string, target: Target): void {
  for (const check of IMAGE_API_CHECKS) {
    if (reasonToSkip(check, target) !== null) continue;
    Deno.test(`${label}: ${check.name}`, () => check.run(target));
  }
}

holds("embedded Glance", embeddedTarget());

holds("embedded Glance at 2.15", embeddedTarget({ version: "2.15" }, { version: "2.15" }));

holds(
  "embedded Glance at 2.18",
  embeddedTarget({ version: "2.18", imageCache: {} }, { version: "2.18", imageCache: true }),
);

/** Two servers on one store, asked in turn. */
function pair(): Target {
  const store = memoryStore();
  const web = new Map<string, string>();
  const servers = [embeddedTarget({ store }, {}, web), embeddedTarget({ store }, {}, web)] as const;
  let turn = 0;
  return { ...servers[0], fetch: (input, init) => servers[turn++ % 2 ? 1 : 0].fetch(input, init) };
}

holds("two embedded servers", pair());

const directory = await Deno.makeTempDir({ prefix: "embedded-glance-" });
addEventListener("unload", () => Deno.removeSync(directory, { recursive: true }));
holds("embedded Glance in a directory", embeddedTarget({ store: directoryStore(directory) }));

holds(
  "embedded Glance on Ceph",
  embeddedTarget({
    ranges: false,
    stores: [{ id: "ceph", default: "true" }],
    showLocations: false,
    showDirectUrl: false,
  }, {
    ranges: false,
    stores: ["ceph"],
    readOnlyStore: null,
    importMethods: ["glance-direct", "web-download"],
    showLocations: false,
    showDirectUrl: false,
  }),
);
