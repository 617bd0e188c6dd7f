/** Runs Tempest's image tests against an endpoint in the catalog of the live stack. */
import { requirePackages } from "./packages.ts";
import { REGION } from "./keystone.ts";
import type { LiveStack } from "./stack.ts";

/** Options of a run. */
export interface TempestOptions {
  /** Region whose image service is tested. */
  readonly region: string;
  /** Type of a second image service in that region, on another worker. */
  readonly alternateType: string;
  /** URL of a small file that Glance can import. */
  readonly httpImage: string;
}

/** Result by full test name: `ok`, `skipped`, `FAIL`, or `ERROR`. */
export type Results = ReadonlyMap<string, string>;

const PACKAGES = "/usr/lib/python3/dist-packages";

/** A line of unittest's report: `test_a (tempest.api.image.v2.b.C.test_a)` and its result. */
const RESULT = /^(\w+) \((\S+)\)(?:.*\n)*?.*?\.\.\. (ok|skipped|FAIL|ERROR|expected failure)/;

/**
 * Runs all tests of `tempest.api.image.v2` sequentially, which takes about a minute.
 *
 * @throws {Error} if Tempest is not installed or runs no test
 */
export async function runTempest(
  stack: LiveStack,
  options: TempestOptions,
): Promise<{ readonly results: Results; readonly report: string }> {
  await requirePackages(["tempest"]);
  const directory = `${stack.directory}/tempest-${options.region}`;
  await Deno.mkdir(directory);
  await Deno.writeTextFile(`${directory}/tempest.conf`, configuration(stack, directory, options));
  const { stdout, stderr } = await new Deno.Command("/usr/bin/python3", {
    args: [
      ...["-m", "unittest", "discover", "--verbose"],
      ...["--start-directory", `${PACKAGES}/tempest/api/image/v2`],
      ...["--top-level-directory", PACKAGES],
    ],
    cwd: directory,
    env: { TEMPEST_CONFIG_DIR: directory, OS_TEST_TIMEOUT: "180", PYTHONWARNINGS: "ignore" },
  }).output();
  const report = new TextDecoder().decode(stderr) + new TextDecoder().decode(stdout);
  const results = resultsIn(report);
  if (results.size === 0) throw new Error(`Cannot run Tempest:\n${report.slice(-4_000)}`);
  return { results, report };
}

function resultsIn(report: string): Results {
  const results = new Map<string, string>();
  for (const block of report.split(/\n(?=\w+ \(tempest\.)/)) {
    const [, , name, result] = RESULT.exec(block) ?? [];
    if (name !== undefined && result !== undefined) results.set(name, result);
  }
  return results;
}

function configuration(
  stack: LiveStack,
  directory: string,
  { region, alternateType, httpImage }: TempestOptions,
): string {
  const admin = stack.credentials("admin");
  return `[DEFAULT]
log_file = ${directory}/tempest.log
[auth]
use_dynamic_credentials = true
admin_username = ${admin.username}
admin_password = ${admin.password}
admin_project_name = ${admin.projectName}
admin_domain_name = ${admin.userDomainName}
create_isolated_networks = false
[identity]
auth_version = v3
uri_v3 = ${admin.authUrl}
region = ${REGION}
v3_endpoint_type = public
default_domain_id = default
[identity-feature-enabled]
api_v3 = true
[service_available]
glance = true
nova = false
neutron = false
cinder = false
swift = false
[image]
region = ${region}
endpoint_type = public
alternate_image_endpoint = ${alternateType}
alternate_image_endpoint_type = public
build_timeout = 60
http_image = ${httpImage}
image_caching_enabled = false
[image-feature-enabled]
import_image = true
os_glance_reserved = true
manage_locations = true
[oslo_concurrency]
lock_path = ${directory}
`;
}
