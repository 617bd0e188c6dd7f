import { assertEquals } from "@std/assert";
import type { Handler } from "../../../lib/cli/server/serve.ts";
import { probeWhileStopping, withProbes } from "../../../lib/cli/server/health.ts";

function probe(path: string): Request {
  return new Request(`http://10.0.0.1:9292${path}`);
}

Deno.test("withProbes() serves /healthz without a request to Glance, and /readyz with 200 only while Glance responds", async () => {
  const asked: string[] = [];
  let status = 200;
  const handler: Handler = (request) => {
    asked.push(request.url);
    return Promise.resolve(new Response(null, { status }));
  };
  const probed = withProbes(handler);
  const statusOf = async (path: string) => {
    const response = await probed(probe(path));
    await response.body?.cancel();
    return response.status;
  };
  assertEquals([await statusOf("/healthz"), asked], [200, []]);
  assertEquals(await statusOf("/readyz"), 200);
  status = 503;
  assertEquals([await statusOf("/readyz"), await statusOf("/healthz")], [503, 200]);
  const check = "http://localhost/healthcheck";
  assertEquals(asked, [check, check]);
  await statusOf("/v2/images");
  await statusOf("/readyz/more");
  assertEquals(asked.slice(2), [probe("/v2/images").url, probe("/readyz/more").url]);
});

Deno.test("withProbes() responds with 405 with Allow to methods that do not read, also while it stops", async () => {
  const probed = withProbes(() => Promise.resolve(new Response()));
  for (const path of ["/healthz", "/readyz"]) {
    const request = new Request(probe(path), { method: "POST" });
    for (const response of [await probed(request), probeWhileStopping(request)]) {
      assertEquals([response?.status, response?.headers.get("allow")], [405, "GET, HEAD"], path);
    }
  }
});

Deno.test("withProbes() shares one check among probes while Glance does not respond", async () => {
  const answer = Promise.withResolvers<Response>();
  let count = 0;
  const probed = withProbes(() => {
    count++;
    return answer.promise;
  });
  const probes = [1, 2, 3].map(() => probed(probe("/readyz")));
  answer.resolve(new Response("OK"));
  assertEquals((await Promise.all(probes)).map(({ status }) => status), [200, 200, 200]);
  assertEquals(count, 1);
});

Deno.test("probeWhileStopping() reports that the server is alive and not ready", () => {
  const statuses = ["/healthz", "/readyz", "/v2/images"].map((path) =>
    probeWhileStopping(probe(path))?.status
  );
  assertEquals(statuses, [200, 503, undefined]);
});
