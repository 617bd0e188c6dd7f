/**
 * The MariaDB server of the live stack, with its own data directory and only a socket. Durability
 * is switched off for speed. SQLite is not sufficient: with concurrent requests, Keystone and
 * Glance sometimes respond with 500 ("database is locked").
 */

import { run, ServerProcess } from "./processes.ts";

const SOCKET = "mariadb.sock";

/** The databases. The last one belongs to the second server if the servers share nothing. */
const DATABASES = ["keystone", "glance", "glance_b"] as const;

/** SQLAlchemy's URL of a database of the stack. */
export function databaseUrl(directory: string, name: typeof DATABASES[number]): string {
  return `mysql+pymysql://root@localhost/${name}?unix_socket=${directory}/${SOCKET}`;
}

/** Creates the data directory with empty databases and starts the server. */
export async function startDatabase(directory: string): Promise<ServerProcess> {
  const log = `${directory}/logs/mariadb.log`;
  // Two installations at once would delete each other's temporary tables in a shared folder.
  const folders = [`--datadir=${directory}/mariadb`, `--tmpdir=${directory}/mariadb-tmp`];
  await Deno.mkdir(`${directory}/mariadb-tmp`);
  const install = ["mariadb-install-db", ...INSTALL, ...asRoot(), ...folders];
  await run({ name: "MariaDB", argv: install, log });
  const init = `${directory}/mariadb-init.sql`;
  await Deno.writeTextFile(init, DATABASES.map((name) => `CREATE DATABASE ${name};\n`).join(""));

  const socket = `${directory}/${SOCKET}`;
  return await ServerProcess.start({
    name: "MariaDB",
    argv: [
      "mariadbd",
      ...SERVE,
      ...asRoot(),
      ...folders,
      `--socket=${socket}`,
      `--init-file=${init}`,
      `--pid-file=${directory}/mariadb.pid`,
    ],
    log,
    env: { PATH: `${Deno.env.get("PATH") ?? ""}:/usr/sbin` },
  }, () => isAccepting(socket));
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
  database: typeof DATABASES[number],
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
