/** A path of any length costs little CPU time and little space in a log. */
import { assert, assertEquals, assertLess } from "@std/assert";
import { ServerLog } from "../../lib/cli/server/server_log.ts";
import { assertLinear } from "../support/growth.ts";
import { Cloud } from "./cloud.ts";

/** Characters of a path in the log. */
const LOGGED_PATH_LENGTH = 1_024;

const SHAPES = ["a", "a-", "a.", "http:", "%20", "%3a//", "@", "é"];

for (const shape of SHAPES) {
  Deno.test(`GET /v2 with a long path of ${shape} takes time in proportion to its length when Glance responds with 503`, async () => {
    const lines: string[] = [];
    const send = async (length: number) => {
      const cloud = new Cloud();
      cloud.intercept = () => new Response("down", { status: 503 });
      const log = new ServerLog({
        format: "json",
        hasRequests: true,
        write: (line) => void lines.push(line),
      });
      const router = cloud.router({
        log: (entry) => log.request(entry),
        onEvent: (event) => log.event(event),
      });
      const name = shape.repeat(Math.ceil(length / shape.length));
      for (const path of [`/v2/images/${name}`, `/v2/images/${name}/file`, `/${name}`]) {
        const response = await router.request(path);
        await response.body?.cancel();
        assert(response.status >= 400);
      }
    };
    await assertLinear(8_000, send, shape);
    assert(lines.length > 6);
    for (const line of lines) assertLess(line.length, 12_000);
  });
}

Deno.test("RequestLog cuts a path that is longer than its limit", async () => {
  const cloud = new Cloud();
  const path = `/v2/images/${"x".repeat(5_000)}`;
  const response = await cloud.router().request(path);
  await response.body?.cancel();
  const [entry] = cloud.logged;
  assertEquals(entry?.path, `${path.slice(0, LOGGED_PATH_LENGTH)}…`);
});
