/** From the user's configuration to a service. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  AuthenticationFailed,
  connect,
  type ConnectOptions,
  GlanceConnectionFailed,
  InvalidConfigurationValue,
} from "../mod.ts";
import { CA_CERT } from "./auth/certificates.ts";
import { FakeKeystone, refusal } from "./auth/fake_keystone.ts";

const CATALOG = [{
  type: "image",
  name: "glance",
  endpoints: [{ interface: "public", region: "north", url: "http://glance.example" }],
}];

const PASSWORD = {
  authUrl: "http://keystone/v3",
  username: "alice",
  password: "s3cret",
  projectName: "demo",
};

const OS_VARIABLES = {
  OS_AUTH_URL: "http://keystone/v3",
  OS_USERNAME: "alice",
  OS_PASSWORD: "s3cret",
  OS_PROJECT_NAME: "demo",
};

/** A directory with a clouds file that the environment names, so that no other file is searched. */
class CloudsFile implements AsyncDisposable {
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;

  private constructor(folder: string) {
    this.folder = folder;
    this.environment = { OS_CLIENT_CONFIG_FILE: `${folder}/clouds.json` };
  }

  static async create(clouds: Readonly<Record<string, unknown>> = {}): Promise<CloudsFile> {
    const file = new CloudsFile(await Deno.makeTempDir());
    await Deno.writeTextFile(`${file.folder}/clouds.json`, JSON.stringify({ clouds }));
    return file;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** A Keystone whose tokens have a catalog, and a Glance without images. */
function harness(responses: readonly (() => Response)[] = []) {
  const requested: string[] = [];
  const keystone = new FakeKeystone();
  keystone.responses.push(...responses);
  const options = {
    ...keystone.options,
    fetch: async (input: string, init: RequestInit) => {
      const url = new URL(input);
      const token = new Headers(init.headers).get("x-auth-token");
      requested.push(`${init.method} ${url.host}${url.pathname} ${token}`);
      if (url.host !== "keystone") return Response.json({ images: [] });
      if (responses.length === 0) {
        keystone.responses.push(() => keystone.token({ catalog: CATALOG }));
      }
      return await keystone.options.fetch?.(input, init) ?? new Response();
    },
  };
  return { keystone, requested, options };
}

/** Connects and lists the images once. */
async function listed(
  given: ConnectOptions,
  { requested: asked, options } = harness(),
): Promise<string[]> {
  using connection = await connect({ ...options, ...given });
  await connection.service.detail(connection.context);
  return asked;
}

Deno.test("connect() signs in with OS_* and uses the catalog of the token", async () => {
  await using clouds = await CloudsFile.create();
  const environment = { ...clouds.environment, ...OS_VARIABLES };
  assertEquals(await listed({ environment }), [
    "POST keystone/v3/auth/tokens null",
    "GET glance.example/v2/images token-1",
  ]);
});

Deno.test("connect() signs in with its option credentials without reading the environment", async () => {
  const environment = { OS_CLIENT_CONFIG_FILE: "/nonexistent", GLANCE_API_SERVERS: "elsewhere" };
  assertEquals(await listed({ credentials: PASSWORD, environment }), [
    "POST keystone/v3/auth/tokens null",
    "GET glance.example/v2/images token-1",
  ]);
});

Deno.test("connect() returns a context with user and project that can be renewed", async () => {
  const { options } = harness();
  const { context } = await connect({ ...options, credentials: PASSWORD });
  const { authToken, userId, projectId, roles, serviceCatalog } = context;
  assertEquals([authToken, userId, projectId, roles?.length, serviceCatalog?.length], [
    "token-1",
    "u1",
    "p1",
    2,
    1,
  ]);
  assertEquals((await context.renew?.())?.authToken, "token-2");
});

Deno.test("connect() finds the named cloud in its file", async () => {
  const auth = { auth_url: "http://keystone/v3", username: "alice", password: "s3cret" };
  await using clouds = await CloudsFile.create({
    other: { auth: { ...auth, username: "bob" } },
    demo: { auth: { ...auth, project_name: "demo" }, region_name: "north" },
  });
  for (
    const given of [
      { cloud: "demo", environment: clouds.environment },
      { environment: { ...clouds.environment, OS_CLOUD: "demo" } },
    ]
  ) {
    const demo = harness();
    assertEquals(await listed(given, demo), [
      "POST keystone/v3/auth/tokens null",
      "GET glance.example/v2/images token-1",
    ]);
    assert(JSON.stringify(demo.keystone.requested[0]?.body).includes('"alice"'));
  }
  const call = () => connect({ cloud: "none", environment: clouds.environment });
  await assertRejects(call, InvalidConfigurationValue, "none");
});

Deno.test("connect() to GLANCE_API_SERVERS does not use Keystone, and sends no token", async () => {
  const environment = { GLANCE_API_SERVERS: "a.example:9292, http://b.example" };
  const { options } = harness();
  const { service, context } = await connect({ ...options, environment });
  const { apiServers, authStrategy } = service.client.options;
  assertEquals(apiServers?.map(({ endpoint }) => endpoint), [
    "http://a.example:9292",
    "http://b.example",
  ]);
  assertEquals([authStrategy, context], ["noauth", {}]);
});

Deno.test("connect() does not use Keystone when only apiServers is given", async () => {
  await using clouds = await CloudsFile.create();
  for (const environment of [{}, clouds.environment]) {
    const given = { apiServers: ["a.example"], environment };
    assertEquals(await listed(given), ["GET a.example/v2/images null"]);
  }
});

Deno.test("connect() signs in for apiServers when OS_* has credentials", async () => {
  await using clouds = await CloudsFile.create();
  const environment = { ...clouds.environment, ...OS_VARIABLES };
  assertEquals(await listed({ apiServers: ["a.example"], environment }), [
    "POST keystone/v3/auth/tokens null",
    "GET a.example/v2/images token-1",
  ]);
});

Deno.test("connect() prefers its options to everything that it finds", async () => {
  const environment = { GLANCE_API_SERVERS: "found.example" };
  const { options } = harness();
  const given = { apiServers: ["given.example"], numRetries: 7, requestTimeout: 5, environment };
  const { service } = await connect({ ...options, ...given });
  const { apiServers, numRetries, requestTimeout } = service.client.options;
  assertEquals(apiServers?.map(({ endpoint }) => endpoint), ["http://given.example"]);
  assertEquals([numRetries, requestTimeout], [7, 5]);
});

Deno.test("connect() names what to configure when nothing is configured", async () => {
  await using clouds = await CloudsFile.create();
  const { environment } = clouds;
  const call = () => connect({ environment });
  const { message } = await assertRejects(call, InvalidConfigurationValue, "nothing is configured");
  for (const way of ["OS_CLOUD", "clouds.yaml", "OS_AUTH_URL", "GLANCE_API_SERVERS"]) {
    assert(message.includes(way), message);
  }
});

/** Unusable options. */
const BAD: readonly ConnectOptions[] = [
  { numRetries: -1 },
  { catalogInfo: "image" },
  { stallTimeout: 0 },
  { apiServers: [] },
  { apiServers: ["ftp://host"] },
  { apiServers: "host" as unknown as string[] },
];

for (const bad of BAD) {
  Deno.test(`connect() refuses ${JSON.stringify(bad)} before it sends a request to Keystone`, async () => {
    const { options, requested: asked } = harness();
    const call = () => connect({ ...options, credentials: PASSWORD, ...bad });
    await assertRejects(call, InvalidConfigurationValue, "Cannot use");
    await using clouds = await CloudsFile.create();
    const environment = { ...clouds.environment, ...OS_VARIABLES };
    const found = () => connect({ ...options, environment, ...bad });
    await assertRejects(found, InvalidConfigurationValue, "Cannot use");
    assertEquals(asked, []);
  });
}

Deno.test("connect() throws Keystone's error without showing the credentials", async () => {
  const { options } = harness([() => refusal(401, "no")]);
  const call = () => connect({ ...options, credentials: PASSWORD });
  const { message } = await assertRejects(call, AuthenticationFailed);
  assertEquals(message.includes("s3cret"), false, message);
});

Deno.test("connect() closes the connections for a cloud's own CA, immediately when it fails", async () => {
  const auth = { auth_url: "https://localhost:1/v3", username: "alice", password: "s3cret" };
  await using clouds = await CloudsFile.create({
    demo: { auth: { ...auth, project_name: "demo" }, cacert: "CA" },
    token: { auth_type: "none", endpoint: "https://localhost:1", cacert: "CA" },
  });
  const { folder, environment } = clouds;
  await Deno.writeTextFile(`${folder}/ca.pem`, CA_CERT);
  const text = await Deno.readTextFile(`${folder}/clouds.json`);
  await Deno.writeTextFile(
    `${folder}/clouds.json`,
    text.replaceAll('"CA"', JSON.stringify(`${folder}/ca.pem`)),
  );
  const sleep = () => Promise.resolve();
  const call = () => connect({ cloud: "demo", environment, sleep, numRetries: 0 });
  await assertRejects(call, GlanceConnectionFailed);
  using connection = await connect({ cloud: "token", environment });
  assertEquals(connection.context.authToken, undefined);
});
