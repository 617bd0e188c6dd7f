/** The embedded Glance responds to no path, headers, and body with 500. */

import { assertEquals } from "@std/assert";
import { createEmbeddedGlance, type EmbeddedGlance } from "../../lib/embedded/mod.ts";
import { sequenceOf } from "../live/differential/requests.ts";
import { describeStep, type Step, type User } from "../live/differential/step.ts";

/** Number of sequences; each has about twenty requests. */
const SEQUENCES = 300;

const PROJECTS: Readonly<Record<User, string | null>> = {
  admin: "project-of-admin",
  alice: "project-of-alice",
  bob: "project-of-bob",
  carol: "project-of-alice",
  stranger: null,
  anonymous: null,
};

/** An embedded Glance, and the errors it reports as unexpected. */
function open(): { glance: EmbeddedGlance; errors: unknown[] } {
  const errors: unknown[] = [];
  const glance = createEmbeddedGlance({
    version: "2.18",
    imageCache: {},
    showLocations: true,
    showDirectUrl: true,
    stores: [{ id: "fast", default: "true" }, { id: "slow" }, { id: "web", "read-only": "true" }],
    fetch: () => Promise.resolve(new Response("from the web")),
    onError: (error) => errors.push(error),
    identify(token) {
      const projectId = PROJECTS[token as User] ?? null;
      const roles = [token === "admin" ? "admin" : "member"];
      return projectId === null ? null : { projectId, userId: token, roles };
    },
  });
  return { glance, errors };
}

/** The status of the response; null if the request cannot be built. */
async function statusOf(glance: EmbeddedGlance, step: Step): Promise<number | null> {
  let request: Request;
  try {
    const headers = new Headers(
      [...step.headers].map(([name, value]): [string, string] => [name, value]),
    );
    headers.set("x-auth-token", step.user);
    if (step.isChunked) headers.set("transfer-encoding", "chunked");
    const path = step.path.replace("{task}", "11111111-1111-4111-8111-111111111111");
    request = new Request(`http://glance.test${path}`, {
      method: step.method,
      headers,
      ...(step.body === null || ["GET", "HEAD"].includes(step.method) ? {} : { body: step.body }),
    });
  } catch {
    return null;
  }
  const response = await glance.fetch(request);
  await response.body?.cancel();
  return response.status;
}

Deno.test("createEmbeddedGlance() never responds to a random request with 500", async () => {
  let sent = 0;
  for (let seed = 1; seed <= SEQUENCES; seed++) {
    const { glance, errors } = open();
    for (const step of sequenceOf(seed)) {
      const status = await statusOf(glance, step);
      if (status !== null) sent++;
      const what = `seed ${seed}: ${describeStep(step)}`;
      assertEquals([status === 500, errors], [false, []], what);
    }
  }
  // Most requests are valid enough to be sent.
  assertEquals(sent > SEQUENCES * 15, true, String(sent));
});
