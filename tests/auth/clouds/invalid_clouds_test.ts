/** Invalid configurations of a cloud, and their errors. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { GlanceError, InvalidConfigurationValue } from "../../../lib/errors.ts";
import { BY_PASSWORD, type Files, HOME, one, read, type Variables } from "./memory_files.ts";

interface Refused {
  readonly claim: string;
  readonly environment?: Variables;
  readonly files?: Files;
  readonly message: string;
}

const SECRETS =
  "auth: {auth_url: 'http://k', username: u, password: canary-1, token: canary-2, application_credential_secret: canary-3}";

const REFUSED: readonly Refused[] = [
  {
    claim: "invalid YAML",
    files: {
      "/here/clouds.yaml": "clouds:\n  one:\n    auth: {password: canary-1\n  x: [canary-2",
    },
    message: 'Cannot read the clouds file "/here/clouds.yaml": it is not valid YAML at line',
  },
  {
    claim: "invalid JSON",
    files: { "/here/clouds.json": '{"clouds": {"one": {"auth": {"password": "canary-1", }}}}' },
    message: '"/here/clouds.json": it is not valid JSON; correct it',
  },
  {
    claim: "a file that is not a mapping",
    files: { "/here/clouds.yaml": "- canary-1" },
    message: '"the file" is not a mapping',
  },
  {
    claim: "clouds that are not a mapping",
    files: { "/here/clouds.yaml": "clouds: [canary-1]" },
    message: '"/here/clouds.yaml": "clouds" is not a mapping',
  },
  {
    claim: "a cloud that is not a mapping",
    files: { "/here/clouds.yaml": "clouds: {one: canary-1}" },
    message: '"clouds.one" is not a mapping',
  },
  {
    claim: "auth that is not a mapping",
    files: one("auth: canary-1"),
    message: '"clouds.one.auth"',
  },
  {
    claim: "a password that is a list",
    files: one("auth: {auth_url: 'http://k', username: u, password: [canary-1]}"),
    message:
      'Cannot use the cloud "one" in "/here/clouds.yaml": "auth.password" is read as a list, not as text; write it in quotes',
  },
  {
    claim: "a missing cloud",
    environment: { OS_CLOUD: "two" },
    files: one(SECRETS),
    message: '"/here/clouds.yaml" does not contain it (known clouds: "one"); correct the name',
  },
  {
    claim: "a cloud without any file",
    environment: { OS_CLOUD: "two" },
    message: "no clouds.yaml was found",
  },
  {
    claim: "several clouds and no choice",
    files: { "/here/clouds.yaml": `clouds: {one: {${SECRETS}}, two: {${SECRETS}}}` },
    message: '"/here/clouds.yaml" has "one", "two"; set OS_CLOUD to one of them',
  },
  {
    claim: "a name that file and variables share",
    environment: { ...BY_PASSWORD, OS_CLOUD_NAME: "one" },
    files: one(SECRETS),
    message: "OS_CLOUD_NAME",
  },
  {
    claim: "a missing auth URL in a file",
    files: one("profile: nowhere\nauth: {username: u, password: canary-1}"),
    message: '"auth.auth_url" is missing; set it to Keystone',
  },
  {
    claim: "a missing auth URL in the environment",
    environment: { OS_USERNAME: "u", OS_PASSWORD: "canary-1" },
    message: "OS_AUTH_URL is missing",
  },
  {
    claim: "an unsupported auth type",
    files: one(`auth_type: v3oidcpassword\n${SECRETS}`),
    message: '"auth_type" is "v3oidcpassword"; supported are "password", "v3password"',
  },
  {
    claim: "a trust",
    files: one("auth: {auth_url: 'http://k', trust_id: t, password: canary-1}"),
    message: '"auth.trust_id" is not supported; use an application credential',
  },
  {
    claim: 'a system scope other than "all"',
    files: one("auth: {auth_url: 'http://k', password: canary-1, system_scope: some}"),
    message: '"auth.system_scope" must be "all"',
  },
  {
    claim: "no Keystone and no endpoint",
    files: one("auth_type: none"),
    message: '"image_endpoint_override" is missing',
  },
  {
    claim: "a missing fixed token",
    files: one("auth_type: admin_token\nimage_endpoint_override: http://g"),
    message: '"auth.token" is missing',
  },
  {
    claim: "a region that the cloud does not have",
    environment: { OS_REGION_NAME: "West" },
    files: one(`regions: [North, South]\n${SECRETS}`),
    message: 'must be one of "North", "South", not "West"',
  },
  {
    claim: "regions without names",
    files: one(`regions: [{values: {password: canary-1}}]\n${SECRETS}`),
    message: '"regions" has an entry without a name',
  },
  {
    claim: "regions that are not a list",
    files: one(`region_name: {canary: x}\n${SECRETS}`),
    message: '"region_name" is read as a mapping',
  },
  {
    claim: "an invalid timeout",
    environment: { ...BY_PASSWORD, OS_API_TIMEOUT: "soon" },
    message: "OS_API_TIMEOUT must be a number of seconds above 0",
  },
  {
    claim: "a named file that does not exist",
    environment: { OS_CLIENT_CONFIG_FILE: "/mine.yaml" },
    files: one(SECRETS),
    message: '"/mine.yaml": it does not exist; correct OS_CLIENT_CONFIG_FILE',
  },
  {
    claim: "a named file that cannot be read",
    environment: { OS_CLIENT_SECURE_FILE: "/safe.yaml" },
    files: { ...one(SECRETS), "/safe.yaml": new Error("permission denied") },
    message: '"/safe.yaml": permission denied; correct OS_CLIENT_CONFIG_FILE or OS_CLIENT_SECURE',
  },
  {
    claim: "a file that cannot be read when there is no other",
    files: { [`${HOME}/clouds.yaml`]: new Error("permission denied") },
    message: `this file could not be read: "${HOME}/clouds.yaml": permission denied`,
  },
  {
    claim: "a file that cannot be read when it may contain the cloud",
    environment: { OS_CLOUD: "two" },
    files: { [`${HOME}/clouds.yaml`]: new Error("permission denied") },
    message:
      'Cannot find the cloud "two": no clouds.yaml was found; create one in ~/.config/openstack, or name yours in OS_CLIENT_CONFIG_FILE',
  },
];

for (const { claim, environment, files, message } of REFUSED) {
  Deno.test(`readCloud() names ${claim}, and no secret`, async () => {
    const error = await assertRejects(
      () => read(environment ?? {}, files),
      InvalidConfigurationValue,
      message,
    );
    assert(error instanceof GlanceError);
    assertEquals(Deno.inspect(error, { depth: 20 }).includes("canary"), false);
  });
}

Deno.test("readCloud() refuses a malformed cloud only when it is chosen", async (t) => {
  const good = "  good: {auth: {auth_url: 'http://k', username: u, password: p}}";
  const place = 'Cannot use the clouds file "/here/clouds.yaml": ';
  const cases = [
    ["bad", "  bad: text", `${place}"clouds.bad" is not a mapping; `],
    ["bad", "  bad:", `${place}"clouds.bad" is not a mapping; `],
    ["bad", "  bad: {auth: [text]}", `${place}"clouds.bad.auth" is not a mapping; `],
    [
      "bad",
      "  bad: {auth: {yes: text}}",
      `${place}YAML does not read a key below "clouds.bad.auth" as text; write it in quotes`,
    ],
    [
      "bad",
      "  bad: {on: text}",
      `${place}YAML does not read a key below "clouds.bad" as text; write it in quotes`,
    ],
    ["no", "  no: {auth: {}}", 'does not contain it (known clouds: "?", "good")'],
  ] as const;
  for (const [name, bad, message] of cases) {
    await t.step(bad, async () => {
      const files = { "/here/clouds.yaml": `clouds:\n${bad}\n${good}` };
      const cloud = await read({ OS_CLOUD: "good" }, files);
      assertEquals(cloud?.credentials?.username, "u");
      const environment = { OS_CLOUD: name };
      await assertRejects(() => read(environment, files), InvalidConfigurationValue, message);
    });
  }
});
