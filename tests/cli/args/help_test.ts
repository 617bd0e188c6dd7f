import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import configuration from "../../../deno.json" with { type: "json" };
import { COMMANDS, GLOBAL_FLAGS } from "../../../lib/cli/command_table.ts";
import { CliHarness } from "../harness.ts";
import { namesOf } from "./flag_names.ts";

/** The commands of python-glanceclient 4.1, and their flags. */
const GLANCECLIENT: Readonly<Record<string, string>> = {
  "cache-clear": "target",
  "cache-delete": "",
  "cache-list": "",
  "cache-queue": "",
  "explain": "",
  "image-create":
    "architecture protected name instance-uuid min-disk visibility kernel-id tags os-version disk-format os-distro id owner ramdisk-id min-ram container-format hidden property file progress store",
  "image-create-via-import":
    "architecture protected name instance-uuid min-disk visibility kernel-id tags os-version disk-format os-distro id owner ramdisk-id min-ram container-format hidden property file progress import-method uri remote-region remote-image-id remote-service-interface store stores all-stores allow-failure",
  "image-deactivate": "",
  "image-delete": "",
  "image-download": "allow-md5-fallback file progress",
  "image-import":
    "import-method uri remote-region remote-image-id remote-service-interface store stores all-stores allow-failure",
  "image-list":
    "limit page-size visibility member-status owner property-filter checksum hash tag sort-key sort-dir sort hidden include-stores",
  "image-reactivate": "",
  "image-show": "human-readable max-column-width",
  "image-stage": "file size progress",
  "image-tag-delete": "",
  "image-tag-update": "",
  "image-tasks": "",
  "image-update":
    "architecture protected name instance-uuid min-disk visibility kernel-id os-version disk-format os-distro owner ramdisk-id min-ram container-format hidden property remove-property",
  "image-upload": "file size progress store",
  "import-info": "",
  "location-add": "metadata checksum hash-algo hash-value url",
  "location-delete": "url",
  "location-update": "metadata url",
  "md-namespace-create":
    "resource-type-associations self schema updated-at created-at owner protected visibility description display-name",
  "md-namespace-delete": "",
  "md-namespace-import": "file",
  "md-namespace-list": "resource-types visibility page-size",
  "md-namespace-objects-delete": "",
  "md-namespace-properties-delete": "",
  "md-namespace-resource-type-list": "",
  "md-namespace-show": "resource-type max-column-width",
  "md-namespace-tags-delete": "",
  "md-namespace-update":
    "self updated-at created-at owner protected visibility description display-name namespace",
  "md-object-create": "name schema",
  "md-object-delete": "",
  "md-object-list": "",
  "md-object-property-show": "max-column-width",
  "md-object-show": "max-column-width",
  "md-object-update": "name schema",
  "md-property-create": "name title schema",
  "md-property-delete": "",
  "md-property-list": "",
  "md-property-show": "max-column-width",
  "md-property-update": "name title schema",
  "md-resource-type-associate": "updated-at created-at properties-target prefix name",
  "md-resource-type-deassociate": "",
  "md-resource-type-list": "",
  "md-tag-create": "name",
  "md-tag-create-multiple": "delim append names",
  "md-tag-delete": "",
  "md-tag-list": "",
  "md-tag-show": "",
  "md-tag-update": "name",
  "member-create": "",
  "member-delete": "",
  "member-get": "",
  "member-list": "image-id",
  "member-update": "",
  "stores-delete": "store",
  "stores-info": "detail",
  "task-create": "type input",
  "task-list": "sort-key sort-dir page-size type status",
  "task-show": "",
  "usage": "",
  "bash-completion": "",
};

/** Commands that glanceclient does not have. */
const OURS: readonly string[] = ["completion", "image-copy"];

const GLANCECLIENT_GLOBAL =
  "help version debug verbose get-schema force os-image-url os-image-api-version os-region-name os-auth-token os-service-type os-endpoint-type insecure os-cacert os-cert os-key timeout profile collect-timing os-trust-id os-auth-type os-auth-plugin os-auth-url os-system-scope os-domain-id os-domain-name os-project-id os-tenant-id os-project-name os-tenant-name os-project-domain-id os-project-domain-name os-default-domain-id os-default-domain-name os-user-id os-username os-user-name os-user-domain-id os-user-domain-name os-password";

Deno.test("COMMANDS has every command of glanceclient, with every flag", () => {
  const names = [...Object.keys(GLANCECLIENT), ...OURS].sort();
  assertEquals(COMMANDS.map(({ name }) => name), names);
  for (const [name, flags] of Object.entries(GLANCECLIENT)) {
    const command = COMMANDS.find((row) => row.name === name);
    const known = namesOf(command?.flags ?? {});
    for (const flag of flags.split(" ").filter(Boolean)) assert(known.has(flag), `${name} ${flag}`);
  }
  const known = namesOf(GLOBAL_FLAGS);
  for (const flag of GLANCECLIENT_GLOBAL.split(" ")) assert(known.has(flag), flag);
});

Deno.test("COMMANDS has no flag that is also a global flag", () => {
  const global = namesOf(GLOBAL_FLAGS);
  for (const { name, flags } of COMMANDS) {
    for (const flag of namesOf(flags)) assert(!global.has(flag), `${name} --${flag}`);
  }
});

Deno.test("commandHelp() names the arguments and flags of a command, in 80 columns", async () => {
  for (const { name, summary, flags, positionals = [] } of COMMANDS) {
    const { code, stdout } = await new CliHarness().run(["help", name]);
    assertEquals(code, 0);
    assertStringIncludes(stdout, `usage: glance ${name}`);
    for (const flag of namesOf(flags)) assertMatch(stdout, new RegExp(`--${flag}\\b`));
    for (const positional of positionals) assertStringIncludes(stdout, positional.name);
    for (const line of stdout.split("\n")) assert(line.length <= 80, line);
    assert(/^[A-Z].*[^.]$/.test(summary), summary);
  }
});

Deno.test("programHelp() names commands, flags, variables and exit codes", async () => {
  const { code, stdout } = await new CliHarness().run([]);
  assertEquals(code, 0);
  for (const { name } of COMMANDS) assertMatch(stdout, new RegExp(`^  ${name}( |$)`, "m"));
  for (const flag of namesOf(GLOBAL_FLAGS)) assertMatch(stdout, new RegExp(`--${flag}\\b`));
  assertMatch(stdout, /--os-auth-url <URL> +URL of Keystone \[OS_AUTH_URL\]/);
  for (const word of ["OS_CLOUD", "GLANCE_API_SERVERS", "deno task start", "141", "130"]) {
    assertStringIncludes(stdout, word);
  }
  for (const line of stdout.split("\n")) assert(line.length <= 80, line);
});

Deno.test("runGlance() names commands as users start the program", async () => {
  const run = async (...args: string[]) => {
    const { stdout, stderr } = await new CliHarness().run(args, { program: "deno task glance" });
    return stdout + stderr;
  };
  assertEquals(
    await run("image-show"),
    'Cannot run "image-show": <IMAGE> is missing; see "deno task glance help image-show"\n',
  );
  assertEquals(
    await run("image-show", "x"),
    'Cannot find image "x": no image with this id or name is visible to you; see "deno task glance image-list"\n',
  );
  assertMatch(await run(), /of a command: "deno task\s+glance help image-create"/);
  assertMatch(await run("help", "image-stage"), /^usage: deno task glance image-stage/);
  for (const { name } of COMMANDS) {
    const text = await run("help", name);
    assert(!text.includes('"glance '), text);
    for (const line of text.split("\n")) assert(line.length <= 80, line);
  }
});

Deno.test("--version is the version of the package", async () => {
  const { code, stdout } = await new CliHarness().run(["--version"]);
  assertEquals([code, stdout], [0, `${configuration.version}\n`]);
});
