/**
 * Cloud configurations (variables and files) that openstacksdk and `readCloud` both read. Paths are
 * relative to a folder of the case, with `work` as the working directory and `home` as `HOME`.
 */

/** A configuration. */
export interface CloudCase {
  readonly name: string;
  /** Environment variables. `@` is the folder of the case. */
  readonly environment?: Readonly<Record<string, string>>;
  /** File content by path; null creates a directory, which cannot be read as a file. */
  readonly files?: Readonly<Record<string, string | null>>;
  /** Why the two programs differ; omitted if they agree. */
  readonly difference?: string;
}

const AUTH_URL = "http://keystone:5000/v3";

const BY_PASSWORD = {
  OS_AUTH_URL: AUTH_URL,
  OS_USERNAME: "alice",
  OS_PASSWORD: "variable-password",
  OS_PROJECT_NAME: "demo",
  OS_USER_DOMAIN_NAME: "Default",
  OS_PROJECT_DOMAIN_NAME: "Default",
};

/** A cloud whose username is the name of the cloud. */
function cloud(name: string, more = ""): string {
  return `  ${name}:
    auth:
      auth_url: ${AUTH_URL}
      username: ${name}
      password: file-password
      project_name: demo
      user_domain_id: default
      project_domain_id: default
${more}`;
}

const ONE = `clouds:\n${cloud("one")}`;
const TWO = `clouds:\n${cloud("one")}${cloud("two")}`;
const REGIONS = `clouds:
${
  cloud(
    "one",
    `    regions:
    - name: North
      values:
        interface: internal
        auth:
          project_name: northern
    - South
`,
  )
}`;

/** A case with one cloud and its settings. */
function settings(name: string, text: string, more: Partial<CloudCase> = {}): CloudCase {
  const indented = text.trim().split("\n").map((line) => `    ${line}`).join("\n");
  const files = { "work/clouds.yaml": `clouds:\n  one:\n${indented}\n`, ...more.files };
  return { ...more, name, files };
}

const VARIABLES: readonly CloudCase[] = [
  { name: "a password", environment: BY_PASSWORD },
  {
    name: "a region and an interface",
    environment: { ...BY_PASSWORD, OS_REGION_NAME: "North", OS_INTERFACE: "internal" },
  },
  {
    name: "the old words of clients",
    environment: {
      OS_AUTH_URL: AUTH_URL,
      OS_USERNAME: "alice",
      OS_PASSWORD: "p",
      OS_TENANT_NAME: "demo",
      OS_ENDPOINT_TYPE: "internalURL",
      OS_DEFAULT_DOMAIN_ID: "default",
    },
  },
  {
    name: "ids",
    environment: {
      OS_AUTH_URL: AUTH_URL,
      OS_USER_ID: "42",
      OS_PASSWORD: "p",
      OS_PROJECT_ID: "43",
    },
  },
  {
    name: "one domain for user and project",
    environment: {
      OS_AUTH_URL: AUTH_URL,
      OS_USERNAME: "alice",
      OS_PASSWORD: "p",
      OS_PROJECT_NAME: "demo",
      OS_DOMAIN_NAME: "Sales",
    },
  },
  {
    name: "a domain as scope",
    environment: {
      OS_AUTH_URL: AUTH_URL,
      OS_USERNAME: "alice",
      OS_PASSWORD: "p",
      OS_USER_DOMAIN_ID: "default",
      OS_DOMAIN_ID: "sales",
    },
  },
  {
    name: "an application credential",
    environment: {
      OS_AUTH_TYPE: "v3applicationcredential",
      OS_AUTH_URL: AUTH_URL,
      OS_APPLICATION_CREDENTIAL_ID: "robot-id",
      OS_APPLICATION_CREDENTIAL_SECRET: "robot-secret",
    },
  },
  {
    name: "a token",
    environment: {
      OS_AUTH_TYPE: "token",
      OS_AUTH_URL: AUTH_URL,
      OS_TOKEN: "a-token",
      OS_PROJECT_NAME: "demo",
      OS_PROJECT_DOMAIN_ID: "default",
    },
  },
  {
    name: "a token by its old name",
    environment: { OS_AUTH_TYPE: "v3token", OS_AUTH_URL: AUTH_URL, OS_AUTH_TOKEN: "a-token" },
  },
  {
    name: "no authentication",
    environment: { OS_AUTH_TYPE: "none", OS_ENDPOINT: "http://glance:9292" },
  },
  {
    name: "a fixed token",
    environment: {
      OS_AUTH_TYPE: "admin_token",
      OS_TOKEN: "a-token",
      OS_ENDPOINT: "http://elsewhere:1",
      OS_IMAGE_ENDPOINT_OVERRIDE: "http://glance:9292",
    },
  },
  {
    name: "an override, a timeout and files for TLS",
    environment: {
      ...BY_PASSWORD,
      OS_IMAGE_ENDPOINT_OVERRIDE: "http://glance:9292",
      OS_API_TIMEOUT: "7",
      OS_CACERT: "~/ca.pem",
      OS_CERT: "~/me.pem",
      OS_KEY: "/me.key",
    },
  },
  { name: "certificates unchecked", environment: { ...BY_PASSWORD, OS_INSECURE: "True" } },
  { name: "no auth URL", environment: { OS_USERNAME: "alice", OS_PASSWORD: "p" } },
  { name: "an unknown way to sign in", environment: { ...BY_PASSWORD, OS_AUTH_TYPE: "magic" } },
  {
    name: "variables that choose but make no cloud",
    environment: { OS_REGION_NAME: "North", OS_CLOUD_NAME: "mine" },
    files: { "work/clouds.yaml": REGIONS },
  },
];

const CHOICES: readonly CloudCase[] = [
  { name: "the only cloud of a file", files: { "work/clouds.yaml": ONE } },
  {
    name: "one of two clouds",
    environment: { OS_CLOUD: "two" },
    files: { "work/clouds.yaml": TWO },
  },
  { name: "two clouds and no choice", files: { "work/clouds.yaml": TWO } },
  {
    name: "a cloud that is not there",
    environment: { OS_CLOUD: "three" },
    files: { "work/clouds.yaml": TWO },
  },
  { name: "variables and a file", environment: BY_PASSWORD, files: { "work/clouds.yaml": ONE } },
  {
    name: "variables, a file and a choice",
    environment: { ...BY_PASSWORD, OS_CLOUD: "one" },
    files: { "work/clouds.yaml": TWO },
  },
  {
    name: "variables chosen by name",
    environment: { ...BY_PASSWORD, OS_CLOUD: "envvars" },
    files: { "work/clouds.yaml": TWO },
  },
  {
    name: "variables with a name of their own",
    environment: { ...BY_PASSWORD, OS_CLOUD_NAME: "mine" },
    files: { "work/clouds.yaml": TWO },
  },
  {
    name: "variables with the name of a cloud",
    environment: { ...BY_PASSWORD, OS_CLOUD_NAME: "one" },
    files: { "work/clouds.yaml": TWO },
  },
  { name: "nothing at all", difference: "null says that nothing is configured" },
  {
    name: "a choice without a file",
    environment: { OS_CLOUD: "one" },
  },
];

const PLACES: readonly CloudCase[] = [
  {
    name: "the working directory before home",
    files: { "work/clouds.yaml": ONE, "home/.config/openstack/clouds.yaml": TWO },
  },
  { name: "home", files: { "home/.config/openstack/clouds.yaml": ONE } },
  {
    name: "XDG_CONFIG_HOME before home",
    environment: { XDG_CONFIG_HOME: "@/xdg" },
    files: {
      "xdg/openstack/clouds.yaml": ONE,
      "home/.config/openstack/clouds.yaml": `clouds:\n${cloud("two")}`,
    },
  },
  {
    name: "home where XDG_CONFIG_HOME has nothing",
    environment: { XDG_CONFIG_HOME: "@/xdg" },
    files: { "home/.config/openstack/clouds.yaml": ONE },
  },
  {
    name: "the home behind a snap's home",
    environment: { SNAP_REAL_HOME: "@/real" },
    files: { "real/.config/openstack/clouds.yaml": ONE },
  },
  {
    name: "XDG_CONFIG_DIRS",
    environment: { XDG_CONFIG_DIRS: "@/site" },
    files: { "site/openstack/clouds.yaml": ONE },
  },
  {
    name: "several XDG_CONFIG_DIRS",
    environment: { XDG_CONFIG_DIRS: "@/none:@/site" },
    files: { "site/openstack/clouds.yaml": ONE },
    difference: "openstacksdk takes the whole list for one folder, which is never there",
  },
  {
    name: "yaml before yml before json",
    files: { "work/clouds.yml": ONE, "work/clouds.json": `{"clouds": {}}` },
  },
  {
    name: "JSON",
    files: {
      "work/clouds.json": JSON.stringify({
        clouds: { one: { auth: { auth_url: AUTH_URL, username: "one", password: "p" } } },
      }),
    },
  },
  {
    name: "OS_CLIENT_CONFIG_FILE before all",
    environment: { OS_CLIENT_CONFIG_FILE: "@/mine.yaml" },
    files: { "mine.yaml": ONE, "work/clouds.yaml": TWO },
  },
  {
    name: "OS_CLIENT_CONFIG_FILE, which is not there",
    environment: { OS_CLIENT_CONFIG_FILE: "@/mine.yaml" },
    files: { "work/clouds.yaml": ONE },
    difference: "openstacksdk takes another file without a word",
  },
  {
    name: "a file that cannot be read, before one that can",
    files: { "work/clouds.yaml": null, "home/.config/openstack/clouds.yaml": ONE },
  },
  { name: "an empty file", environment: BY_PASSWORD, files: { "work/clouds.yaml": "" } },
  { name: "broken YAML", files: { "work/clouds.yaml": "clouds: [\n  - x: {" } },
  { name: "broken JSON", files: { "work/clouds.json": `{"clouds": ` } },
];

const SECRETS: readonly CloudCase[] = [
  settings("secure.yaml next to it", "auth: {auth_url: 'http://k', username: one, password: old}", {
    files: { "work/secure.yaml": "clouds: {one: {auth: {password: secured}}}" },
  }),
  settings("secure.json at home", "auth: {auth_url: 'http://k', username: one}", {
    files: {
      "home/.config/openstack/secure.json": `{"clouds": {"one": {"auth": {"password": "x"}}}}`,
    },
  }),
  settings("OS_CLIENT_SECURE_FILE", "auth: {auth_url: 'http://k', username: one}", {
    environment: { OS_CLIENT_SECURE_FILE: "@/safe.yml" },
    files: {
      "safe.yml": "clouds: {one: {auth: {password: safe}, region_name: Far}}",
      "work/secure.yaml": "clouds: {one: {auth: {password: wrong}}}",
    },
  }),
  {
    name: "a cloud that only secure.yaml has",
    files: { "work/clouds.yaml": ONE, "work/secure.yaml": `clouds:\n${cloud("two")}` },
  },
];

const PUBLIC_CLOUDS = `public-clouds:
  vendor:
    auth: {auth_url: 'http://vendor/v3', user_domain_id: vendors}
    regions: [East, West]
    interface: internal
  templated:
    auth: {auth_url: 'http://{region_name}.vendor/v3'}
    region_name: East
    image_endpoint_override: 'http://{region_name}.images'
`;
const VENDOR_FILE = { files: { "work/clouds-public.yaml": PUBLIC_CLOUDS } };

const PROFILES: readonly CloudCase[] = [
  settings("a profile", "profile: vendor\nauth: {username: one, password: p}", VENDOR_FILE),
  {
    name: "a profile with the name of its cloud",
    files: {
      ...VENDOR_FILE.files,
      "work/clouds.yaml": "clouds: {vendor: {profile: vendor, auth: {username: v, password: p}}}",
    },
  },
  settings("a profile by its old key", "cloud: vendor\nauth: {username: one, password: p}", {
    files: { "home/.config/openstack/clouds-public.yaml": PUBLIC_CLOUDS },
  }),
  settings(
    "a profile below the cloud's own settings",
    "profile: vendor\ninterface: admin\nregion_name: Home\nauth: {username: one, password: p, user_domain_id: mine}",
    VENDOR_FILE,
  ),
  settings(
    "a region of a profile",
    "profile: vendor\nauth: {username: one, password: p}",
    { ...VENDOR_FILE, environment: { OS_REGION_NAME: "West" } },
  ),
  settings("URLs with a region", "profile: templated\nauth: {username: one, password: p}", {
    ...VENDOR_FILE,
  }),
  settings(
    "an unknown profile",
    "profile: unheard-of\nauth: {auth_url: 'http://k', username: one, password: p}",
  ),
  settings(
    "a profile of openstacksdk's own",
    "profile: catalyst\nauth: {username: o, password: p}",
    {
      difference: "the vendor profiles that openstacksdk brings along are not known here",
    },
  ),
];

const AUTH = "auth: {auth_url: 'http://k', username: one, password: p}";

const DETAILS: readonly CloudCase[] = [
  { name: "the first region and its values", files: { "work/clouds.yaml": REGIONS } },
  {
    name: "a region without values",
    environment: { OS_REGION_NAME: "South" },
    files: { "work/clouds.yaml": REGIONS },
  },
  {
    name: "a region that the cloud does not have",
    environment: { OS_REGION_NAME: "West" },
    files: { "work/clouds.yaml": REGIONS },
  },
  settings("a region for a cloud that names none", AUTH, {
    environment: { OS_REGION_NAME: "West" },
  }),
  settings("regions with commas", `region_name: North,South\n${AUTH}`),
  settings(
    "a region of the image service",
    `region_name: North\nimage_region_name: South\n${AUTH}`,
  ),
  settings(
    "keys with dashes",
    "region-name: North\nauth: {auth-url: 'http://k', username: one, password: p, project-name: demo}",
  ),
  settings("settings next to auth", "auth_url: http://k\nusername: one\npassword: p\nauth: {}"),
  settings(
    "settings below and next to auth",
    `username: other\nproject_name: outer\ntenant_name: older\n${AUTH}`,
  ),
  settings(
    "project and tenant",
    "auth: {auth_url: 'http://k', username: one, password: p, tenant_name: old, project_name: new}",
  ),
  settings(
    "numbers",
    "auth: {auth_url: 'http://k', username: 1, password: 12345, project_id: 678}\napi_timeout: 9",
  ),
  settings(
    "YAML 1.1: merge and no",
    "auth: &a {auth_url: 'http://k', username: one, password: 12e3}\nverify: no\nauth_type: password",
  ),
  {
    name: "merged anchors",
    files: {
      "work/clouds.yaml":
        `base: &base {auth_url: 'http://k', password: p}\nclouds: {one: {auth: {<<: *base, username: one}}}`,
    },
  },
  settings("equal keys", `interface: public\ninterface: admin\n${AUTH}`),
  settings(
    "an interface of the image service",
    `interface: public\nimage_interface: admin\n${AUTH}`,
  ),
  settings("an endpoint type", `interface: public\nendpoint_type: internal\n${AUTH}`),
  settings("an octal number", "auth: {auth_url: 'http://k', username: one, password: 0123}", {
    difference: "a password that YAML changes must be written in quotes",
  }),
  settings("a CA and no check", `cacert: /ca.pem\nverify: false\n${AUTH}`),
  settings("a CA in verify", `verify: /ca.pem\n${AUTH}`),
  settings("an empty auth type", "auth_type: null\nimage_endpoint_override: http://g:1"),
  settings(
    "an application credential by name",
    "auth_type: v3applicationcredential\nauth: {auth_url: 'http://k', username: one, user_domain_id: d, application_credential_name: robot, application_credential_secret: s}",
  ),
  settings(
    "an application credential without its type",
    "auth: {auth_url: 'http://k', application_credential_id: robot, application_credential_secret: s}",
    { difference: "openstacksdk wants auth_type; here the secret that is there says it" },
  ),
  settings(
    "system scope",
    "auth: {auth_url: 'http://k', username: one, password: p, system_scope: all}",
  ),
];

/** All configurations. */
export const CLOUD_CASES: readonly CloudCase[] = [
  ...VARIABLES,
  ...CHOICES,
  ...PLACES,
  ...SECRETS,
  ...PROFILES,
  ...DETAILS,
];
