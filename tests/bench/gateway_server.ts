/**
 * The gateway as a process of its own: `gateway_server.ts PORT ORIGIN RESUME [CACHE]`, where `CACHE` is a directory
 * for a cache. With resume it is served as
 * `deno task start` serves it; without, as a program serves it that forwards the bodies of servers, which
 * `Deno.serve` does outside JavaScript.
 */
import { directoryStore } from "../../lib/cache/mod.ts";
import { serve } from "../../lib/cli/server/serve.ts";
import { warmCache } from "../../lib/cli/server/warm_cache.ts";
import { CHUNKS_NOT_RETAINED } from "../../lib/router/gateway_request.ts";
import { createImageRouter } from "../../lib/router/mod.ts";

const [port, origin = "", resume, directory] = Deno.args;
const router = createImageRouter({
  apiServers: [origin],
  authStrategy: "noauth",
  resume: resume === "true",
  ...directory !== undefined && { cache: { store: directoryStore(directory), size: 64 * 2 ** 30 } },
});
// As `deno task start` does.
if (directory !== undefined) await warmCache();
const address = { host: "127.0.0.1", port: Number(port) };
if (resume === "true") {
  serve(async (request) => await router.fetch(request, CHUNKS_NOT_RETAINED), address);
} else Deno.serve({ hostname: address.host, port: address.port, onListen: () => {} }, router.fetch);
