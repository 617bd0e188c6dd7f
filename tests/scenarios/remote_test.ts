/** Scenarios 50, 51 and 71: image references. */
import { assertEquals, assertThrows } from "@std/assert";
import { getRemoteImageService } from "../../mod.ts";
import { InvalidImageRef } from "../../lib/errors.ts";
import { CONTEXT, ScenarioGlance } from "./scenario_glance.ts";

const ID = "123e4567-e89b-42d3-a456-426614174000";

Deno.test("getRemoteImageService() returns the default service for an id (scenario 50)", () => {
  const [service, id] = getRemoteImageService(CONTEXT, ID);
  assertEquals(id, ID);
  assertEquals(service.client.server, null);
});

Deno.test("getRemoteImageService() returns a service for the server of an href (scenario 51a)", async () => {
  const glance = new ScenarioGlance();
  const href = `http://something-less-likely/${glance.add({ id: ID })}`;
  const [service, id] = getRemoteImageService(CONTEXT, href, glance.options);
  assertEquals(id, ID);
  assertEquals(service.client.server?.netloc, "something-less-likely");
  assertEquals((await service.show(CONTEXT, id)).id, ID);
  assertEquals(glance.requests.map(({ url }) => url.host), ["something-less-likely"]);
});

Deno.test("getRemoteImageService() sends no token to a host that only an href names, unless it is trusted (scenario 51a)", async () => {
  const sent = async (trustedHosts: string[]) => {
    const glance = new ScenarioGlance();
    glance.add({ id: ID, visibility: "public" });
    // The reference sends the caller's token to whatever host the href names.
    const [service] = getRemoteImageService(CONTEXT, `https://something-less-likely/${ID}`, {
      ...glance.options,
      trustedHosts,
    });
    await service.show(CONTEXT, ID);
    return glance.requests[0]?.headers.get("x-auth-token");
  };
  assertEquals(await sent([]), null);
  assertEquals(await sent(["something-less-likely"]), "token-of-fake");
});

for (
  const [host, netloc] of [
    ["[::1]", "[::1]"],
    // The reference keeps the host as it is written; a URL needs the brackets.
    ["::1", "[::1]"],
    ["[::1]:444", "[::1]:444"],
  ] as const
) {
  Deno.test(`getRemoteImageService() accepts the IPv6 host ${host} (scenario 51b)`, () => {
    const [service, id] = getRemoteImageService(CONTEXT, `http://${host}/${ID}`);
    assertEquals(id, ID);
    assertEquals(service.client.server?.netloc, netloc);
  });
}

for (const href of [`http://[::1/${ID}`, `http://::1]/${ID}`, `http://[::g]/${ID}`]) {
  Deno.test(`getRemoteImageService() throws InvalidImageRef for the malformed IPv6 href ${href} (scenario 71)`, () => {
    assertThrows(() => getRemoteImageService(CONTEXT, href), InvalidImageRef, ID);
  });
}
