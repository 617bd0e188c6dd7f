/**
 * The Debian packages of the live stack, and the check that they are installed. Nothing is
 * installed automatically.
 */

/** Debian packages of the live stack and the compared clients. */
export const LIVE_PACKAGES: readonly string[] = [
  "keystone",
  "glance-api",
  "mariadb-server-core",
  "mariadb-client-core",
  "python3-openstackclient",
  "python3-glanceclient",
  "python3-openstacksdk",
  "python3-cinder",
];

/**
 * Looks up packages in dpkg's database.
 *
 * @param names the required packages
 *
 * @throws {Error} with the missing packages and the command that installs them
 */
export async function requirePackages(
  names: readonly string[] = LIVE_PACKAGES,
): Promise<void> {
  const installed = await installedPackages(names);
  const missing = names.filter((name) => !installed.has(name));
  if (missing.length === 0) return;
  throw new Error(
    `Cannot start the live stack: not installed: ${missing.join(", ")}; ` +
      `run "apt-get install -y --no-install-recommends ${missing.join(" ")}" as root`,
  );
}

/** Empty on a machine without dpkg. dpkg-query fails if some of the names are unknown. */
async function installedPackages(names: readonly string[]): Promise<Set<string>> {
  const query = new Deno.Command("dpkg-query", {
    args: ["--show", "--showformat=${Package} ${db:Status-Status}\\n", ...names],
    stderr: "null",
  });
  try {
    const { stdout } = await query.output();
    const lines = new TextDecoder().decode(stdout).split("\n");
    return new Set(
      lines.filter((line) => line.endsWith(" installed")).map((line) => line.split(" ")[0] ?? ""),
    );
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return new Set();
    throw error;
  }
}
