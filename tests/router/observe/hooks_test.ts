/** Hooks of the user that throw, and error responses of the gateway itself. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import type { RequestLog } from "../../../lib/router/mod.ts";
import { Cloud } from "../cloud.ts";

/** How a function of the user fails. */
const FAILURES: Readonly<Record<string, () => never | Promise<never>>> = {
  throws: () => {
    throw new Error("broken");
  },
  rejects: () => Promise.reject(new Error("broken")),
};

for (const [how, authorize] of Object.entries(FAILURES)) {
  Deno.test(`authorize() that ${how} causes one 500, which is logged once with its bytes`, async () => {
    const cloud = new Cloud();
    const logged: RequestLog[] = [];
    const log = (entry: RequestLog) => void logged.push(entry);
    const router = cloud.router({ authorize, log, metrics: true });
    for (const method of ["GET", "HEAD"]) {
      const response = await router.request("/v2/images/a/file", { method });
      const text = await response.text();
      assertEquals([response.status, text.includes("broken")], [500, false]);
      const { bytesOut, error, outcome } = logged.splice(0).at(0)!;
      assertEquals([bytesOut, error, outcome], [text.length, "broken", "failed"]);
    }
    assertEquals([cloud.requested, logged], [[], []]);
    const metrics = await (await router.request("/metrics")).text();
    assertStringIncludes(metrics, 'sent_bytes_total{server="gateway"}');
  });

  Deno.test(`log() and onEvent() that ${how} do not change the response`, async () => {
    const cloud = new Cloud();
    const router = cloud.router({ log: authorize, onEvent: authorize });
    const response = await router.request("/v2/images");
    await response.body?.cancel();
    assertEquals(response.status, 200);
  });
}
