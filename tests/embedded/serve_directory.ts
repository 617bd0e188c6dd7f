/** Serves directory storage on loopback until it is killed; prints its endpoint. */

import { createEmbeddedGlance, directoryStorage } from "../../lib/embedded/mod.ts";

const glance = createEmbeddedGlance({ storage: directoryStorage(Deno.args[0] ?? "") });
await glance.ready();
Deno.serve({
  hostname: "127.0.0.1",
  port: 0,
  onListen: ({ port }) => console.log(`http://127.0.0.1:${port}`),
}, glance.fetch);
