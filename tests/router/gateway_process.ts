/**
 * A gateway in a process of its own, so that its memory can be looked at: `gateway_process.ts <server>…`
 * prints its URL, and tells at `/memory` what it holds.
 */
import { createImageRouter } from "../../lib/router/mod.ts";

const router = createImageRouter({ apiServers: Deno.args });
router.get("/memory", (c) => {
  (globalThis as { gc?: () => void }).gc?.();
  return c.json(Deno.memoryUsage());
});
Deno.serve({
  hostname: "127.0.0.1",
  port: 0,
  onListen: ({ port }) => console.log(`http://127.0.0.1:${port}`),
}, router.fetch);
