/**
 * The MariaDB server of the live stack, with its own data directory and only a socket. Durability
 * is switched off for speed. SQLite is not sufficient: with concurrent requests, Keystone and
 * Glance sometimes respond with 500 ("database is locked").
 */

import { run, ServerProcess } from "./processes.ts";

const SOCKET = "mariadb.sock";

/**
 * Glance's databases: one with the metadata definitions, and two without, for servers that share
 * nothing.
 */
export const GLANCE_DATABASES = ["glance", "glance_a", "glance_b"] as const;

/** The name of a database of Glance. */
export type GlanceDatabase = typeof GLANCE_DATABASES[number];

/** SQLAlchemy's URL of a database of the stack. */
export function databaseUrl(directory: string, name: "keystone" | GlanceDatabase): string {
  return `mysql+pymysql://root@localhost/${name}?unix_socket=${directory}/${SOCKET}`;
}

/** Creates the data directory with empty databases. */
export async function installDatabase(directory: string): Promise<void> {
  const argv = ["mariadb-install-db", ...INSTALL, ...asRoot(), ...folders(directory)];
  await Deno.mkdir(`${directory}/mariadb-tmp`);
  await run({ name: "MariaDB", argv, log: logOf(directory) });
}

/** Starts the server, and creates the databases that do not exist. */
export async function startDatabase(directory: string): Promise<ServerProcess> {
  await Deno.mkdir(`${directory}/mariadb-tmp`, { recursive: true });
  const init = `${directory}/mariadb-init.sql`;
  const names = ["keystone", ...GLANCE_DATABASES];
  const statements = names.map((name) => `CREATE DATABASE IF NOT EXISTS ${name};\n`);
  await Deno.writeTextFile(init, statements.join(""));
  const socket = `${directory}/${SOCKET}`;
  return await ServerProcess.start({
    name: "MariaDB",
    argv: [
      "mariadbd",
      ...SERVE,
      ...asRoot(),
      ...folders(directory),
      `--socket=${socket}`,
      `--init-file=${init}`,
      `--pid-file=${directory}/mariadb.pid`,
    ],
    log: logOf(directory),
    env: { PATH: `${Deno.env.get("PATH") ?? ""}:/usr/sbin` },
  }, () => isAccepting(socket));
}

/** Two servers that shared a folder for temporary tables would delete each other's. */
function folders(directory: string): string[] {
  return [`--datadir=${directory}/mariadb`, `--tmpdir=${directory}/mariadb-tmp`];
}

function logOf(directory: string): string {
  return `${directory}/logs/mariadb.log`;
}

const INSTALL = [
  "--no-defaults",
  "--auth-root-authentication-method=normal",
  "--skip-name-resolve",
  "--skip-test-db",
];

const SERVE = [
  "--no-defaults",
  "--skip-networking",
  "--character-set-server=utf8mb3",
  "--max-connections=200",
  "--innodb-flush-log-at-trx-commit=0",
  "--innodb-doublewrite=0",
  "--innodb-flush-method=nosync",
  "--innodb-log-file-size=32M",
];

/** Runs SQL statements in one of the databases. */
export async function runSql(
  directory: string,
  database: GlanceDatabase,
  statements: string,
): Promise<void> {
  const { success, stderr } = await new Deno.Command("mariadb", {
    args: ["--no-defaults", `--socket=${directory}/${SOCKET}`, "--execute", statements, database],
    stdout: "null",
  }).output();
  if (!success) throw new Error(`Cannot run SQL: ${new TextDecoder().decode(stderr)}`);
}

/** MariaDB runs as root only with `--user=root`. */
function asRoot(): string[] {
  return Deno.uid() === 0 ? ["--user=root"] : [];
}

/** The server sends its greeting as soon as it accepts connections. */
async function isAccepting(socket: string): Promise<boolean> {
  using connection = await Deno.connect({ transport: "unix", path: socket });
  return await connection.read(new Uint8Array(64)) !== null;
}
