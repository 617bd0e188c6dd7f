import { assert, assertEquals, assertRejects } from "@std/assert";
import { parseDocument } from "yaml";
import { readCloud } from "../../../lib/auth/clouds/mod.ts";
import { connect, GlanceError, type GlanceEvent } from "../../../mod.ts";
import { createCloudGateway } from "../../../lib/router/cloud_gateway.ts";

const AUTH = "auth: {auth_url: 'http://k', username: u, password: p}";

/** Reads a cloud of one file. */
async function ignoredIn(
  settings: string,
  more = "",
  environment = {},
): Promise<readonly string[]> {
  const lines = `${AUTH}\n${settings}`.split("\n").map((line) => `    ${line}\n`).join("");
  const cloud = await readCloud({
    environment,
    readTextFile: (path) =>
      Promise.resolve(path === "/here/clouds.yaml" ? `clouds:\n  one:\n${lines}${more}` : null),
    parseYaml: parseDocument,
    homeDirectory: "/home",
    workingDirectory: "/here",
  });
  return cloud?.ignored ?? [];
}

/** Ignored settings, by the name in the message. */
const IGNORED: readonly (readonly [name: string, settings: string])[] = [
  ["verify", "verify: false"],
  ["verify", "verify: no"],
  ["verify", "verify: 'False'"],
  ["insecure", "insecure: true"],
  ["insecure", "insecure: 'True'"],
  ["image_api_version", "image_api_version: 1"],
  ["identity_api_version", "identity_api_version: 2.0"],
  ["image_api_use_tasks", "image_api_use_tasks: true"],
  ["has_image", "has_image: false"],
  ["interface", "interface: [internal, public]"],
  ["image_interface", "image_interface: internal,public"],
  ["disable_vendor_agent", "disable_vendor_agent: {vm_mode: hvm}"],
  ["image_format", "image-format: raw"],
  ["passcode", "passcode: '123456'"],
  ["auth.passcode", "auth: {auth_url: 'http://k', username: u, password: p, passcode: '1'}"],
  ["connect_retries", "connect_retries: 5"],
  ["image_status_code_retries", "image_status_code_retries: 5"],
  ["rate_limit", "rate_limit: 5"],
  ["image_concurrency", "image_concurrency: 5"],
  ["image_default_microversion", "image_default_microversion: 2.3"],
  ["vendor_hook", "vendor_hook: a:b"],
  ["force_ipv4", "force_ipv4: true"],
  ["profile", "profile: vexxhost"],
];

for (const [name, settings] of IGNORED) {
  Deno.test(`readCloud() reports that ${settings} is ignored`, async () => {
    const ignored = await ignoredIn(settings);
    assertEquals(ignored.length, 1, ignored.join("\n"));
    const start = `Ignoring "${name}" of the cloud "one" in "/here/clouds.yaml": `;
    assert(ignored[0]?.startsWith(start), ignored[0]);
  });
}

Deno.test("readCloud() reports ignored settings for all clouds", async () => {
  assertEquals((await ignoredIn("", "client: {force_ipv4: true}")).length, 1);
  assertEquals((await ignoredIn("", "client: {prefer-ipv6: false}")).length, 1);
  assertEquals((await ignoredIn("", "", { OS_CLOUD: "one", OS_FORCE_IPV4: "true" })).length, 1);
  assertEquals((await ignoredIn("", "client: {force_ipv4: false}")).length, 0);
});

Deno.test("readCloud() does not report settings that it applies, or those of other services", async () => {
  const settings = `verify: true
insecure: false
cacert: /ca.pem
image_api_version: 2
identity_api_version: '3'
image_api_use_tasks: false
interface: internal
disable_vendor_agent: {}
volume_api_version: 3
compute_connect_retries: 5
region_name: R
api_timeout: 5`;
  assertEquals(await ignoredIn(settings), []);
});

const ENVIRONMENT = {
  OS_AUTH_TYPE: "none",
  OS_ENDPOINT: "http://glance:9292",
  OS_INSECURE: "true",
  OS_IMAGE_API_VERSION: "1",
};

const MESSAGES = [
  "Ignoring OS_INSECURE: certificates are always checked; set OS_CACERT to the CA of the cloud, and remove the setting",
  "Ignoring OS_IMAGE_API_VERSION: only version 2 of the Image API is supported",
];

Deno.test("connect() and createCloudGateway() report each ignored setting", async () => {
  const events: GlanceEvent[] = [];
  const onEvent = (event: GlanceEvent) => events.push(event);
  using _connection = await connect({ environment: ENVIRONMENT, onEvent });
  using _gateway = await createCloudGateway({ environment: ENVIRONMENT, onEvent });
  const messages = events.map((event) => event.kind === "ignored" ? event.message : event.kind);
  assertEquals(messages, [...MESSAGES, ...MESSAGES]);
  // A listener that throws has no effect.
  const fails = () => {
    throw new Error("full");
  };
  using _other = await connect({ environment: ENVIRONMENT, onEvent: fails });
});

Deno.test("readCloud() shows no secret in a message", async () => {
  const url = "http://canary:canary@host:1/v3?token=canary#canary";
  const odd = "http://can ary:canary@[host/v3";
  const secrets = { OS_PASSWORD: "canary", OS_TOKEN: "canary", OS_PASSCODE: "canary" };
  const environments: Record<string, string>[] = [];
  for (const bad of [url, odd, "canary@host", "//canary@host"]) {
    for (
      const name of [
        "OS_AUTH_URL",
        "OS_ENDPOINT",
        "OS_IMAGE_ENDPOINT_OVERRIDE",
        "GLANCE_API_SERVERS",
      ]
    ) {
      environments.push({
        ...secrets,
        OS_AUTH_URL: "http://k:1/v3",
        OS_USERNAME: "u",
        [name]: bad,
      });
      environments.push({ ...secrets, OS_AUTH_TYPE: "none", [name]: bad });
      environments.push({ [name]: bad });
    }
  }
  for (const name of ["OS_TRUST_ID", "OS_API_TIMEOUT", "OS_SYSTEM_SCOPE"]) {
    environments.push({
      ...secrets,
      OS_AUTH_URL: "http://k:1/v3",
      OS_USERNAME: "u",
      [name]: "canary",
    });
  }
  const said: string[] = [];
  for (const environment of environments) {
    const fetch = () => Promise.reject(new TypeError(`error sending request for url (${url})`));
    const work = async () => {
      const { service, context } = await connect({
        environment,
        fetch,
        sleep: () => Promise.resolve(),
        onEvent: (event) => said.push(event.kind === "ignored" ? event.message : ""),
      });
      await service.detail(context);
    };
    const error = await assertRejects(work, GlanceError);
    said.push(error.message);
  }
  assertEquals(said.filter((text) => text.includes("canary")), []);
});
