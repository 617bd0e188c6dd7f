import { assertEquals, assertRejects } from "@std/assert";
import { InvalidConfigurationValue } from "../../mod.ts";
import { createCloudGateway } from "../../lib/router/cloud_gateway.ts";
import { Cloud } from "./cloud.ts";

const KEYSTONE = "http://keystone:5000/v3";

const SIGN_IN = {
  OS_AUTH_URL: KEYSTONE,
  OS_USERNAME: "gateway",
  OS_PASSWORD: "secret",
  OS_PROJECT_NAME: "service",
};

Deno.test("createCloudGateway() passes tokens through to GLANCE_API_SERVERS", async () => {
  const { cloud, keystone, fetch } = harness();
  using gateway = await createCloudGateway({
    environment: { GLANCE_API_SERVERS: "http://a:9292, b:9292" },
    fetch,
  });
  assertEquals(gateway?.servers, ["http://a:9292", "http://b:9292"]);
  await send(gateway?.router, "alice");
  assertEquals([tokensOf(cloud), keystone.length], [["alice"], 0]);
});

Deno.test("createCloudGateway() passes tokens through to the servers of the cloud's catalog", async () => {
  const { cloud, keystone, fetch } = harness();
  using gateway = await createCloudGateway({ environment: SIGN_IN, fetch });
  assertEquals(gateway?.servers, ["http://b:9292"]);
  await send(gateway?.router, "alice");
  await send(gateway?.router, null);
  assertEquals([tokensOf(cloud), keystone.length], [["alice", null], 1]);
});

Deno.test("createCloudGateway() serves all clients read-only with the cloud's credentials in service mode", async () => {
  const { cloud, fetch } = harness();
  using gateway = await createCloudGateway({ environment: SIGN_IN, serviceMode: true, fetch });
  await send(gateway?.router, "alice");
  const posted = await gateway?.router.request("/v2/images", { method: "POST", body: "{}" });
  await posted?.body?.cancel();
  assertEquals([tokensOf(cloud), posted?.status], [["token-of-gateway"], 403]);
});

Deno.test("createCloudGateway() allows writes in service mode when readOnly is false", async () => {
  const { fetch } = harness();
  using gateway = await createCloudGateway({
    environment: SIGN_IN,
    serviceMode: true,
    readOnly: false,
    fetch,
  });
  const posted = await gateway?.router.request("/v2/images", { method: "POST", body: "{}" });
  await posted?.body?.cancel();
  assertEquals(posted?.status, 201);
});

Deno.test("createCloudGateway() passes the options of the router on", async () => {
  const { fetch } = harness();
  using gateway = await createCloudGateway({
    environment: { GLANCE_API_SERVERS: "a:9292" },
    metrics: true,
    publicEndpoint: "https://images.example",
    fetch,
  });
  assertEquals((await gateway?.router.request("/metrics"))?.status, 200);
  const { versions } = await (await gateway?.router.request("/versions"))?.json();
  assertEquals(versions[0].links[0].href, "https://images.example/v2/");
});

Deno.test("createCloudGateway() returns null when nothing is configured, and throws when it is invalid", async () => {
  const readNothing = { environment: { HOME: "/nowhere" } };
  assertEquals(await createCloudGateway(readNothing), null);
  await assertRejects(
    () => createCloudGateway({ environment: { GLANCE_API_SERVERS: "ftp://a" } }),
    InvalidConfigurationValue,
  );
  const empty = { type: "compute", name: "nova", endpoints: [] };
  const { fetch } = harness(empty);
  await assertRejects(
    () => createCloudGateway({ environment: SIGN_IN, fetch }),
    InvalidConfigurationValue,
    "catalog",
  );
});

const IMAGE_SERVICE = {
  type: "image",
  name: "glance",
  endpoints: [{ interface: "public", region_id: "R", url: "http://b:9292/v2" }],
};

/** Keystone and Glance on one network. */
function harness(service: Record<string, unknown> = IMAGE_SERVICE) {
  const cloud = new Cloud();
  const keystone: string[] = [];
  const fetch = (input: string, init: RequestInit): Promise<Response> => {
    if (!input.startsWith(KEYSTONE)) return cloud.fetch(input, init);
    keystone.push(input);
    const token = {
      expires_at: new Date(Date.now() + 3_600_000).toISOString(),
      catalog: [service],
      user: { id: "u" },
      project: { id: "p" },
      roles: [],
    };
    const headers = { "x-subject-token": "token-of-gateway" };
    return Promise.resolve(Response.json({ token }, { status: 201, headers }));
  };
  return { cloud, keystone, fetch };
}

async function send(
  router: { request(path: string, init: RequestInit): Response | Promise<Response> } | undefined,
  token: string | null,
): Promise<void> {
  const headers = token === null ? {} : { "x-auth-token": token };
  const response = await router?.request("/v2/images", { headers });
  await response?.body?.cancel();
  assertEquals(response?.status, 200);
}

function tokensOf({ requests }: Cloud): (string | null)[] {
  return requests.map(({ headers }) => headers.get("x-auth-token"));
}
