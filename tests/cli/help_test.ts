import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import configuration from "../../deno.json" with { type: "json" };
import type { Flags } from "../../lib/cli/flags.ts";
import { COMMANDS, GLOBAL_FLAGS } from "../../lib/cli/table.ts";
import { Scene } from "./scene.ts";

/** Flags of python-glanceclient 4.1 for the commands that are here. */
const GLANCECLIENT: Readonly<Record<string, string>> = {
  "image-list":
    "limit page-size visibility member-status owner property-filter checksum hash tag sort-key sort-dir sort hidden include-stores",
  "image-show": "human-readable max-column-width",
  "image-create":
    "architecture protected name instance-uuid min-disk visibility kernel-id tags os-version disk-format os-distro id owner ramdisk-id min-ram container-format hidden property file progress store",
  "image-update":
    "architecture protected name instance-uuid min-disk visibility kernel-id os-version disk-format os-distro owner ramdisk-id min-ram container-format hidden property remove-property",
  "image-delete": "",
  "image-download": "allow-md5-fallback file progress",
  "image-upload": "file size progress store",
  "image-deactivate": "",
  "image-reactivate": "",
  "image-tag-update": "",
  "image-tag-delete": "",
  "member-list": "image-id",
  "member-create": "",
  "member-update": "",
  "member-delete": "",
  "member-get": "",
  "stores-info": "detail",
  "stores-delete": "store",
  "import-info": "",
  "usage": "",
  "explain": "",
  "image-tasks": "",
  "task-list": "sort-key sort-dir page-size type status",
  "task-show": "",
  "location-add": "url metadata checksum hash-algo hash-value",
  "location-update": "url metadata",
  "location-delete": "url",
  "bash-completion": "",
  "image-import":
    "import-method uri remote-region remote-image-id remote-service-interface store stores all-stores allow-failure",
};

const GLANCECLIENT_GLOBAL =
  "help version debug verbose get-schema force os-image-url os-image-api-version os-region-name os-auth-token os-service-type os-endpoint-type insecure os-cacert os-cert os-key timeout os-auth-type os-auth-plugin os-auth-url os-system-scope os-domain-id os-domain-name os-project-id os-tenant-id os-project-name os-tenant-name os-project-domain-id os-project-domain-name os-default-domain-id os-default-domain-name os-user-id os-username os-user-name os-user-domain-id os-user-domain-name os-password";

Deno.test("Every flag that glanceclient has for our commands is here", () => {
  for (const [name, flags] of Object.entries(GLANCECLIENT)) {
    const command = COMMANDS.find((row) => row.name === name);
    const known = namesOf(command?.flags ?? {});
    for (const flag of flags.split(" ").filter(Boolean)) assert(known.has(flag), `${name} ${flag}`);
  }
  const known = namesOf(GLOBAL_FLAGS);
  for (const flag of GLANCECLIENT_GLOBAL.split(" ")) assert(known.has(flag), flag);
});

Deno.test("No command has a flag that every command has", () => {
  const global = namesOf(GLOBAL_FLAGS);
  for (const { name, flags } of COMMANDS) {
    for (const flag of namesOf(flags)) assert(!global.has(flag), `${name} --${flag}`);
  }
});

Deno.test("The help of a command names its arguments and flags, in 80 columns", async () => {
  for (const { name, summary, flags, positionals = [] } of COMMANDS) {
    const { code, stdout } = await new Scene().run(["help", name]);
    assertEquals(code, 0);
    assertStringIncludes(stdout, `usage: glance ${name}`);
    for (const flag of Object.keys(flags)) assertStringIncludes(stdout, `--${flag}`);
    for (const positional of positionals) assertStringIncludes(stdout, positional.name);
    for (const line of stdout.split("\n")) assert(line.length <= 80, line);
    assert(/^[A-Z].*[^.]$/.test(summary), summary);
  }
});

Deno.test("The help of the program names commands, flags, variables and exit codes", async () => {
  const { code, stdout } = await new Scene().run([]);
  assertEquals(code, 0);
  for (const { name } of COMMANDS) assertStringIncludes(stdout, `  ${name} `);
  for (const flag of Object.keys(GLOBAL_FLAGS)) assertStringIncludes(stdout, `--${flag}`);
  for (const word of ["OS_CLOUD", "GLANCE_API_SERVERS", "deno task start", "141", "130"]) {
    assertStringIncludes(stdout, word);
  }
  for (const line of stdout.split("\n")) assert(line.length <= 80, line);
});

Deno.test("--version is the version of the package", async () => {
  const { code, stdout } = await new Scene().run(["--version"]);
  assertEquals([code, stdout], [0, `${configuration.version}\n`]);
});

function namesOf(flags: Flags): Set<string> {
  return new Set(Object.entries(flags).flatMap(([name, { aliases = [] }]) => [name, ...aliases]));
}
