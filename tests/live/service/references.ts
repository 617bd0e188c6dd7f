/** References to images, and which servers receive the token. */
import { assertEquals, assertRejects } from "@std/assert";
import { getRemoteImageService, ImageNotAuthorized } from "../../../mod.ts";
import { RedirectRefused } from "../../../lib/errors.ts";
import { randomBytes } from "../raw_glance.ts";
import type { LiveStack } from "../stack.ts";

import { FORMATS, signIn } from "./sign_in.ts";

/** Servers of the catalog, trusted servers and others. */
export async function checkReferences(t: Deno.TestContext, stack: LiveStack): Promise<void> {
  const { service, context } = await signIn(stack, "alice");
  const [inCatalog, elsewhere] = stack.glanceUrls;
  const { id } = await service.create(context, { name: "referred", ...FORMATS }, randomBytes(10));

  await t.step("getRemoteImageService() sends the token to the server of the catalog", async () => {
    for (const path of ["v2/images", "v1/images", "images", "v2.9/images"]) {
      const [remote, imageId] = getRemoteImageService(context, `${inCatalog}/${path}/${id}/?x=y#z`);
      assertEquals((await remote.show(context, imageId)).name, "referred");
    }
    const [byId, imageId] = getRemoteImageService(context, id);
    assertEquals((await byId.show(context, imageId)).id, id);
  });

  await t.step(
    "getRemoteImageService() sends the token to another server only if it is trusted",
    async () => {
      const href = `${elsewhere}/v2/images/${id}`;
      const [stranger] = getRemoteImageService(context, href);
      await assertRejects(() => stranger.show(context, id), ImageNotAuthorized, "401");
      // A host name without a port is trusted for https only.
      const byName = { trustedHosts: [new URL(elsewhere).host] };
      const [stillStranger] = getRemoteImageService(context, href, byName);
      await assertRejects(() => stillStranger.show(context, id), ImageNotAuthorized, "401");
      const [friend] = getRemoteImageService(context, href, { trustedHosts: [elsewhere] });
      assertEquals((await friend.show(context, id)).name, "referred");
      assertEquals(
        (await new Response(await friend.download(context, id)).bytes()).byteLength,
        10,
      );
    },
  );

  await t.step("getRemoteImageService() sends no token to an unknown server", async () => {
    const seen: Headers[] = [];
    await using listener = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      ({ headers }) => {
        seen.push(headers);
        return Response.json({ id, name: "strange", status: "queued" });
      },
    );
    const origin = `http://127.0.0.1:${listener.addr.port}`;
    const full = { ...context, serviceToken: "a-service-token" };
    const [stranger, imageId] = getRemoteImageService(full, `${origin}/v2/images/${id}`);
    assertEquals((await stranger.show(full, imageId)).name, "strange");
    const [friend] = getRemoteImageService(full, `${origin}/v2/images/${id}`, {
      trustedHosts: [origin],
    });
    await friend.show(full, imageId);
    const tokens = seen.map((
      headers,
    ) => [headers.get("x-auth-token"), headers.get("x-service-token")]);
    assertEquals(tokens, [[null, null], [context.authToken, "a-service-token"]]);
    const secrets = JSON.stringify([...seen[0] ?? []]);
    assertEquals(secrets.includes(context.authToken ?? ""), false);
  });

  await t.step(
    "show() and download() throw RedirectRefused when a server redirects to another",
    async () => {
      const seen: Headers[] = [];
      const serve = (handler: (request: Request) => Response) =>
        Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, handler);
      await using thief = serve(({ headers }) => {
        seen.push(headers);
        return Response.json({});
      });
      await using mirror = serve(({ url }) =>
        Response.redirect(`http://127.0.0.1:${thief.addr.port}${new URL(url).pathname}`, 302)
      );
      const { service } = await signIn(stack, "alice", {
        apiServers: [`http://127.0.0.1:${mirror.addr.port}`],
      });
      await assertRejects(() => service.show(context, id), RedirectRefused);
      await assertRejects(() => service.download(context, id), RedirectRefused);
      assertEquals(seen, []);
    },
  );
  await service.delete(context, id);
}
