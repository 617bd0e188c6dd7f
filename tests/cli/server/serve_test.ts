import { assertEquals } from "@std/assert";
import { serve } from "../../../lib/cli/server/serve.ts";

Deno.test("serve() aborts the signal of a request when its client disconnects before the response, and not after it", async () => {
  const signals: AbortSignal[] = [];
  const begun = Promise.withResolvers<void>();
  const left = Promise.withResolvers<void>();
  const server = serve(async ({ url, signal }) => {
    signals.push(signal);
    if (url.endsWith("/quick")) return new Response("done");
    signal.addEventListener("abort", () => left.resolve());
    begun.resolve();
    await left.promise;
    return new Response("too late");
  }, { host: "127.0.0.1", port: 0 });
  assertEquals(await (await fetch(`${server.url}/quick`)).text(), "done");
  const { hostname, port } = new URL(server.url);
  const caller = await Deno.connect({ hostname, port: Number(port) });
  await caller.write(new TextEncoder().encode("GET /slow HTTP/1.1\r\nhost: x\r\n\r\n"));
  await begun.promise;
  caller.close();
  await left.promise;
  await server.stop();
  assertEquals(signals.map(({ aborted }) => aborted), [false, true]);
});
