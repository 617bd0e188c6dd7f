/** A gateway with a cache in front of the server that is named. It prints its URL, and stops when its input ends. */
import { memoryStore } from "../../lib/cache/mod.ts";
import { createImageRouter } from "../../lib/router/mod.ts";

const [glance = ""] = Deno.args;
const router = createImageRouter({
  apiServers: [glance],
  cache: { store: memoryStore(), size: 2 ** 24 },
});
const options = {
  port: 0,
  hostname: "127.0.0.1",
  onListen: ({ port }: Deno.NetAddr) => console.log(`http://127.0.0.1:${port}`),
};
const server = Deno.serve(options, router.fetch);
for await (const _ of Deno.stdin.readable);
await server.shutdown();
