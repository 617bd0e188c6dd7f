import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { cloudInput } from "../../../../lib/cli/commands/shared/cloud_connection.ts";
import type { Values } from "../../../../lib/cli/args/command.ts";
import { readFlagsOnly } from "../../../../lib/cli/args/parse.ts";
import { valuesOf } from "../../../../lib/cli/args/values.ts";
import { GLOBAL_FLAGS } from "../../../../lib/cli/args/global_flags.ts";
import { CliHarness } from "../../harness.ts";

/** The members that are set. */
function given(members: object = {}): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

/** The input of `resolveCloud` for flags and variables. */
function inputFor(line: string, environment: Record<string, string> = {}): unknown {
  const texts = readFlagsOnly(line.split(" ").filter(Boolean), GLOBAL_FLAGS, "");
  const values = valuesOf(GLOBAL_FLAGS, texts, {}) as Values<typeof GLOBAL_FLAGS>;
  const { parseYaml: _, environment: variables, tls, ...options } = cloudInput(values, environment);
  return {
    ...given(options),
    ...Object.keys(given(tls)).length > 0 && { tls: given(tls) },
    environment: given(variables),
  };
}

Deno.test("cloudInput() prefers flags to environment variables", () => {
  assertEquals(inputFor("", { OS_USERNAME: "alice" }), { environment: { OS_USERNAME: "alice" } });
  assertEquals(
    inputFor("--os-username bob --os-region-name r", { OS_USERNAME: "alice", HOME: "/h" }),
    {
      environment: { OS_USERNAME: "bob", OS_REGION_NAME: "r", HOME: "/h" },
    },
  );
});

Deno.test("cloudInput() prefers flags with credentials to OS_CLOUD", () => {
  assertEquals(inputFor("--os-auth-url http://k", { OS_CLOUD: "prod", OS_PASSWORD: "x" }), {
    environment: { OS_AUTH_URL: "http://k", OS_PASSWORD: "x" },
  });
  assertEquals(inputFor("--os-region-name r", { OS_CLOUD: "prod" }), {
    environment: { OS_CLOUD: "prod", OS_REGION_NAME: "r" },
  });
});

Deno.test("cloudInput() applies flags without credentials to a cloud of clouds.yaml", () => {
  const line =
    "--os-cloud prod --timeout 5 --stall-timeout 7 --outage-timeout 0 --hedge-delay 0 --os-endpoint-type internal --os-cacert ca.pem --os-image-url http://glance.test";
  assertEquals(inputFor(line), {
    cloud: "prod",
    requestTimeout: 5000,
    stallTimeout: 7000,
    outageTimeout: 0,
    hedgeDelay: Infinity,
    catalogInfo: "image:glance:internal",
    tls: { caCertFile: "ca.pem" },
    environment: {
      OS_CACERT: "ca.pem",
      OS_CLOUD: "prod",
      OS_ENDPOINT_TYPE: "internal",
      OS_IMAGE_URL: "http://glance.test",
      GLANCE_API_SERVERS: "http://glance.test",
    },
  });
});

Deno.test("--os-auth-token overrides a password in the environment", () => {
  const environment = { OS_AUTH_URL: "http://k", OS_USERNAME: "alice", OS_PASSWORD: "x" };
  assertEquals(inputFor("--os-token t", environment), {
    environment: { ...environment, OS_AUTH_TOKEN: "t", OS_AUTH_TYPE: "token" },
  });
  assertEquals(inputFor("--os-token t --os-image-url http://g", environment), {
    environment: {
      ...environment,
      OS_AUTH_TOKEN: "t",
      OS_AUTH_TYPE: "admin_token",
      OS_IMAGE_URL: "http://g",
      GLANCE_API_SERVERS: "http://g",
    },
  });
});

Deno.test("cloudInput() throws UsageError for a cloud together with flags of credentials", async () => {
  const args = ["image-list", "--os-cloud", "prod", "--os-username", "bob"];
  const { code, stderr } = await new CliHarness().run(args);
  assertEquals([code, stderr], [
    2,
    "Cannot use --os-cloud together with --os-username: the cloud has its own credentials; leave one of them out\n",
  ]);
});

Deno.test("--os-trust-id is rejected with a hint that names the alternative", async () => {
  const { code, stderr } = await new CliHarness().run(["image-list", "--os-trust-id", "x"]);
  assertEquals([code, stderr], [
    2,
    "Cannot use --os-trust-id: trusts are not supported; use an application credential\n",
  ]);
});

Deno.test("--insecure is rejected with a hint that names how to trust a cloud's own CA", async () => {
  const { code, stderr } = await new CliHarness().run(["image-list", "--insecure"]);
  assertEquals(code, 2);
  assertStringIncludes(stderr, "--os-cacert");
});

Deno.test("--debug shows no password when Keystone rejects it", async () => {
  const keystone = () => Promise.resolve(new Response("{}", { status: 401 }));
  const args = ["image-list", "-d", "--os-auth-url", "http://keystone.test:5000/v3"];
  const who = ["--os-username", "alice", "--os-password", "s3cret", "--os-project-name", "demo"];
  const { code, stderr } = await new CliHarness(keystone).run([...args, ...who], {
    environment: {},
  });
  assertEquals(code, 1);
  assertStringIncludes(stderr, 'as user "alice" for project "demo"');
  assert(!stderr.includes("s3cret"), stderr);
});

Deno.test("--os-auth-token and --os-image-url suffice without Keystone", async () => {
  const seen: (string | null)[] = [];
  const harness = new CliHarness((request) => {
    seen.push(request.headers.get("x-auth-token"), request.url);
    return Promise.resolve(Response.json({ images: [] }));
  });
  const flags = ["--os-auth-token", "t0ken", "--os-image-url", "http://glance.test/image/v2"];
  const environment = { OS_AUTH_URL: "http://k.test", OS_USERNAME: "alice", OS_PASSWORD: "x" };
  const { code } = await harness.run([...flags, "image-list", "--limit", "1"], { environment });
  assertEquals(code, 0);
  assertEquals(seen, [
    "t0ken",
    "http://glance.test/image/v2/images?limit=1&sort_key=name&sort_dir=asc",
  ]);
});

Deno.test("runGlance() prints an ignored setting once on standard error when --debug is not set", async () => {
  const environment = {
    OS_AUTH_TYPE: "none",
    OS_ENDPOINT: "http://glance.test:9292",
    OS_INSECURE: "true",
  };
  const { code, stdout, stderr } = await new CliHarness().run(["image-list"], { environment });
  assertEquals([code, stdout.includes("| ID")], [0, true]);
  assertEquals(
    stderr,
    "Ignoring OS_INSECURE: certificates are always checked; set OS_CACERT to the CA of the cloud, and remove the setting\n",
  );
});
