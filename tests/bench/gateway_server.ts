/** The gateway as `deno task start` has it, as a process of its own: `gateway_server.ts PORT ORIGIN RESUME`. */
import { createImageRouter } from "../../lib/router/mod.ts";

const [port, origin = "", resume] = Deno.args;
const router = createImageRouter({
  apiServers: [origin],
  authStrategy: "noauth",
  resume: resume === "true",
  freesChunks: true,
});
Deno.serve({ hostname: "127.0.0.1", port: Number(port), onListen: () => {} }, router.fetch);
