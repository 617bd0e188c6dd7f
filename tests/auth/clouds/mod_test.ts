import { assertEquals, assertRejects } from "@std/assert";
import { type CloudConfig, readCloud } from "../../../lib/auth/clouds/mod.ts";
import { InvalidConfigurationValue } from "../../../lib/errors.ts";
import {
  AUTH,
  BY_PASSWORD,
  type Files,
  HOME,
  one,
  read,
  URL,
  type Variables,
} from "./memory_files.ts";

Deno.test("readCloud() returns null when nothing is configured", async () => {
  assertEquals(await read({}), null);
  assertEquals(await read({ OS_REGION_NAME: "R", OS_TEST_PATH: "x", OS_PASSWORD: "" }), null);
  assertEquals(await read({ GLANCE_API_SERVERS: " , " }), null);
});

Deno.test("readCloud() reads a cloud from OS_* variables", async () => {
  assertEquals(
    await read({
      ...BY_PASSWORD,
      OS_PROJECT_NAME: "demo",
      OS_REGION_NAME: "North",
      OS_INTERFACE: "internal",
      OS_API_TIMEOUT: "2.5",
    }),
    {
      name: "envvars",
      origin: "the OS_* variables",
      credentials: {
        authUrl: URL,
        username: "alice",
        password: "canary-password",
        projectName: "demo",
      },
      context: {},
      options: {
        authUrl: URL,
        regionName: "North",
        catalogInfo: "image:glance:internalURL",
        requestTimeout: 2500,
      },
      tls: { verify: true, caCertFile: null, certFile: null, keyFile: null },
      ignored: [],
    },
  );
});

Deno.test("readCloud() reads a cloud from a file", async () => {
  const files = one(`auth_type: v3applicationcredential
auth: {auth_url: '${URL}', application_credential_id: robot, application_credential_secret: s}
image_service_type: picture
image_service_name: gallery
cacert: ~/ca.pem
cert: /me.pem`);
  assertEquals(await read({}, files), {
    name: "one",
    origin: 'the cloud "one" in "/here/clouds.yaml"',
    credentials: {
      authUrl: URL,
      method: "applicationCredential",
      applicationCredentialId: "robot",
      applicationCredentialSecret: "s",
    },
    context: {},
    options: { authUrl: URL, catalogInfo: "picture:gallery:publicURL" },
    tls: { verify: true, caCertFile: "/home/alice/ca.pem", certFile: "/me.pem", keyFile: null },
    ignored: [],
  });
});

Deno.test("readCloud() prefers its option cloud to OS_CLOUD", async () => {
  const files = { [`${HOME}/clouds.yaml`]: `clouds: {one: {${AUTH}}, two: {${AUTH}}}` };
  const cloud = await read({ OS_CLOUD: "one" }, files, { cloud: "two" });
  assertEquals(cloud?.name, "two");
});

interface ServersCase {
  readonly claim: string;
  readonly environment: Variables;
  readonly files?: Files;
  readonly expected: Partial<CloudConfig>;
}

const SERVERS = { GLANCE_API_SERVERS: "a:9292, https://b/image" };
const LIST = ["a:9292", "https://b/image"];

const WITH_SERVERS: readonly ServersCase[] = [
  {
    claim: "configure a cloud without Keystone when nothing else is set",
    environment: SERVERS,
    expected: {
      name: "GLANCE_API_SERVERS",
      credentials: null,
      options: { apiServers: LIST, authStrategy: "noauth" },
    },
  },
  {
    claim: "do not use the token of a cloud that is not named",
    environment: SERVERS,
    files: one(AUTH),
    expected: { name: "GLANCE_API_SERVERS", credentials: null },
  },
  {
    claim: "override the catalog of a named cloud",
    environment: { ...SERVERS, OS_CLOUD: "one" },
    files: one(AUTH),
    expected: { name: "one", options: { apiServers: LIST, authUrl: URL } },
  },
  {
    claim: "override the endpoint of the variables",
    environment: { ...SERVERS, ...BY_PASSWORD, OS_IMAGE_ENDPOINT_OVERRIDE: "http://other" },
    expected: { name: "envvars", options: { apiServers: LIST, authUrl: URL } },
  },
  {
    claim: "use an existing token",
    environment: { ...SERVERS, OS_TOKEN: "t" },
    expected: { credentials: null, context: { authToken: "t" }, options: { apiServers: LIST } },
  },
  {
    claim: "do not use Keystone when the variables cannot sign in",
    environment: { ...SERVERS, OS_IMAGE_API_VERSION: "2", OS_CACERT: "/ca.pem" },
    expected: {
      credentials: null,
      options: { apiServers: LIST, authStrategy: "noauth" },
      tls: { verify: true, caCertFile: "/ca.pem", certFile: null, keyFile: null },
    },
  },
];

for (const { claim, environment, files, expected } of WITH_SERVERS) {
  Deno.test(`readCloud(): GLANCE_API_SERVERS ${claim}`, async () => {
    const cloud = await read(environment, files);
    assertEquals({ ...cloud, ...expected }, { ...cloud });
  });
}

Deno.test("readCloud() accepts a fixed token and an endpoint without Keystone", async () => {
  const cloud = await read({ OS_TOKEN: "t", OS_ENDPOINT: "http://glance:9292" });
  assertEquals(cloud?.context, { authToken: "t" });
  assertEquals(cloud?.options, { apiServers: ["http://glance:9292"] });
});

Deno.test("readCloud() accepts glanceclient's variable for the endpoint", async () => {
  const cloud = await read({ ...BY_PASSWORD, OS_IMAGE_URL: "http://glance:9292" });
  assertEquals(cloud?.options.apiServers, ["http://glance:9292"]);
});

Deno.test("readCloud() expands settings in a URL, and never a secret", async () => {
  const override = "http://{region_name}.images/{password}/{nothing}";
  const cloud = await read({
    ...BY_PASSWORD,
    OS_REGION_NAME: "north",
    OS_IMAGE_ENDPOINT_OVERRIDE: override,
  });
  assertEquals(cloud?.options.apiServers, ["http://north.images/{password}/{nothing}"]);
});

Deno.test("readCloud() uses the first of several interfaces", async () => {
  const cloud = await read({}, one(`interface: [internal, public]\n${AUTH}`));
  assertEquals(cloud?.options.catalogInfo, "image:glance:internalURL");
});

Deno.test("readCloud() needs no home, no directory and no YAML parser for variables", async () => {
  const cloud = await readCloud({
    environment: BY_PASSWORD,
    readTextFile: () => Promise.resolve(null),
  });
  assertEquals(cloud?.credentials?.username, "alice");
});

Deno.test("readCloud() merges secure.yaml into clouds.yaml, wherever it is", async () => {
  const files = {
    ...one("region_name: North\nauth: {auth_url: 'http://k', username: alice, password: old}"),
    [`${HOME}/secure.json`]: '{"clouds": {"one": {"auth": {"password": "new"}}}}',
  };
  const cloud = await read({}, files);
  assertEquals(cloud?.credentials, { authUrl: "http://k", username: "alice", password: "new" });
  assertEquals(cloud?.options.regionName, "North");
});

Deno.test("readCloud() lets a cloud override its profile, and a region override the cloud", async () => {
  const files = {
    ...one(`profile: vendor\n${AUTH}`),
    "/etc/openstack/clouds-public.yml": `public-clouds:
  vendor:
    interface: public
    auth: {user_domain_id: vendors, username: nobody}
    regions:
    - {name: North, values: {image-endpoint-override: 'http://n'}}
    - {name: South, values: {interface: admin, auth: {project_name: southern}}}`,
  };
  const north = await read({}, files);
  assertEquals(north?.options.apiServers, ["http://n"]);
  assertEquals(north?.credentials?.userDomainId, "vendors");
  const south = await read({ OS_REGION_NAME: "South" }, files);
  assertEquals(south?.options.catalogInfo, "image:glance:adminURL");
  assertEquals(south?.credentials?.projectName, "southern");
  assertEquals(south?.credentials?.username, "alice");
});

Deno.test("readCloud() uses OS_REGION_NAME when the cloud names no region", async () => {
  assertEquals((await read({ OS_REGION_NAME: "R" }, one(AUTH)))?.options.regionName, "R");
  assertEquals((await read({}, one(AUTH)))?.options.regionName, undefined);
  assertEquals((await read({}, one(`region_name: [R, S]\n${AUTH}`)))?.options.regionName, "R");
});

Deno.test("readCloud() searches the places of openstacksdk, in its order", async () => {
  const requested: string[] = [];
  const environment = {
    XDG_CONFIG_HOME: "/xdg/",
    XDG_CONFIG_DIRS: "/site:/more",
    SNAP_REAL_HOME: "/real",
  };
  const readTextFile = (path: string) => {
    requested.push(path);
    return Promise.resolve(null);
  };
  await read(environment, {}, { readTextFile });
  const folders = requested.filter((path) => path.endsWith("/clouds.json"));
  assertEquals(folders, [
    "/here/clouds.json",
    "/xdg/openstack/clouds.json",
    "/real/.config/openstack/clouds.json",
    "/site/openstack/clouds.json",
    "/more/openstack/clouds.json",
    "/etc/openstack/clouds.json",
  ]);
  assertEquals(requested.slice(0, 3), [
    "/here/clouds.yaml",
    "/here/clouds.yml",
    "/here/clouds.json",
  ]);
});

Deno.test("readCloud() reads files of the runtime by default, and finds a YAML parser", async () => {
  const directory = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${directory}/clouds.yaml`, `clouds: {one: {${AUTH}}}`);
    await Deno.mkdir(`${directory}/secure.yaml`);
    const environment = { HOME: directory, OS_CLOUD: "one" };
    const cloud = await readCloud({ environment, workingDirectory: directory });
    assertEquals(cloud?.credentials?.username, "alice");
    const missing = readCloud({ environment, workingDirectory: directory, cloud: "two" });
    await assertRejects(() => missing, InvalidConfigurationValue, "secure.yaml");
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("readCloud() skips a file that cannot be read", async () => {
  const denied = new Error("permission denied");
  const files = {
    "/here/clouds.yaml": denied,
    [`${HOME}/clouds.yaml`]: `clouds: {one: {${AUTH}}}`,
  };
  assertEquals((await read({}, files))?.name, "one");
});
