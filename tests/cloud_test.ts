import { assertEquals, assertRejects } from "@std/assert";
import { resolveCloud } from "../lib/cloud.ts";
import { type GlanceEvent, InvalidConfigurationValue } from "../mod.ts";

const SIGN_IN = {
  OS_AUTH_URL: "http://keystone/v3",
  OS_USERNAME: "alice",
  OS_PASSWORD: "s3cret",
  OS_PROJECT_NAME: "demo",
};

/** An environment whose only cloud is that of a file. */
async function withCloudsFile(
  settings: Readonly<Record<string, unknown>>,
  act: (environment: Record<string, string>, path: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/clouds.json`;
  try {
    await Deno.writeTextFile(path, JSON.stringify({ clouds: { only: settings } }));
    await act({ OS_CLIENT_CONFIG_FILE: path }, path);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("resolveCloud() names the source of the configuration", async () => {
  const originOf = async (input: Parameters<typeof resolveCloud>[0]) =>
    (await resolveCloud(input))?.origin;
  const credentials = { authUrl: "http://keystone/v3", username: "a", password: "b" };
  assertEquals(await originOf({ environment: SIGN_IN }), "the OS_* variables");
  const environment = { GLANCE_API_SERVERS: "a:9292" };
  assertEquals(await originOf({ environment }), "GLANCE_API_SERVERS");
  assertEquals(await originOf({ credentials }), "the given credentials");
  await withCloudsFile({ image_endpoint_override: "http://a", auth_type: "none" }, async (
    environment,
    path,
  ) => assertEquals(await originOf({ environment }), `the cloud "only" in "${path}"`));
});

Deno.test("resolveCloud() lets options override the configuration, except undefined ones", async () => {
  const environment = { ...SIGN_IN, OS_API_TIMEOUT: "5", OS_REGION_NAME: "north" };
  const cloud = await resolveCloud({ environment, requestTimeout: undefined, regionName: "south" });
  const { requestTimeout, regionName, authUrl } = cloud?.options ?? {};
  assertEquals([requestTimeout, regionName, authUrl], [5000, "south", SIGN_IN.OS_AUTH_URL]);
});

Deno.test("resolveCloud() does not use the only cloud of a file for apiServers", async () => {
  await withCloudsFile({ auth: { auth_url: "http://keystone/v3", token: "t" } }, async (
    environment,
  ) => {
    const cloud = await resolveCloud({ environment, apiServers: ["http://elsewhere"] });
    assertEquals([cloud?.options.apiServers, cloud?.options.authStrategy], [
      ["http://elsewhere"],
      "noauth",
    ]);
    assertEquals(await cloud?.signIn(), {});
  });
});

Deno.test("resolveCloud() reports each ignored setting once", async () => {
  const events: GlanceEvent[] = [];
  const environment = { ...SIGN_IN, OS_INSECURE: "true" };
  await resolveCloud({ environment, onEvent: (event) => void events.push(event) });
  assertEquals(events.map(({ kind }) => kind), ["ignored"]);
});

Deno.test("resolveCloud() uses the given certificate files instead of those of the cloud", async () => {
  const environment = { ...SIGN_IN, OS_CACERT: "/nonexistent/of-cloud.pem" };
  const error = await assertRejects(
    () => resolveCloud({ environment, tls: { caCertFile: "/nonexistent/given.pem" } }),
    InvalidConfigurationValue,
  );
  assertEquals(error.message.includes("/nonexistent/given.pem"), true);
});
