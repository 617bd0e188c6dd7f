/** The embedded Glance passes the contract of the real one, in every configuration. */

import { directoryStorage, memoryStorage } from "../../lib/embedded/mod.ts";
import { IMAGE_API_CHECKS, reasonToSkip, type Target } from "../contract/image_api.ts";
import { embeddedTarget } from "./target.ts";

function runContract(label: string, target: Target): void {
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
