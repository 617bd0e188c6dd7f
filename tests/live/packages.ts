/**
 * The Debian packages that the live stack is made of, and the check that they are there. Nothing is
 * installed from here: whoever runs the tests decides that.
 */

/** Debian packages that a live stack and the clients compared on it need. */
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
 * Looks every package up in dpkg's database.
 *
 * @param names what must be there
 *
 * @throws {Error} naming what is missing and the command that installs it
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

/** A machine without dpkg has none of them; dpkg-query fails when it knows only some names. */
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
