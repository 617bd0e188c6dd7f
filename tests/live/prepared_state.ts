/**
 * What every live stack starts with: the databases with their tables, users, and metadata
 * definitions, and Keystone's keys. To create it takes half a minute of CPU time, so it is created
 * once for each version of the packages and of this code, and copied. It stays in the folder for
 * temporary files.
 */
import { dirname } from "node:path";
import { GLANCE_DATABASES, installDatabase, startDatabase } from "./database.ts";
import { createTables, loadMetadefs } from "./glance.ts";
import { createUsers, prepareKeystone } from "./keystone.ts";
import { freePort } from "../support/free_port.ts";
import { run } from "./processes.ts";

/** Folders of a stack that are copied. */
const FOLDERS = ["mariadb", "fernet-keys", "credential-keys"];

/** Packages and files that the state depends on. */
const PACKAGES = ["mariadb-server-core", "python3-keystone", "python3-glance", "glance-common"];
const SOURCES = [
  "prepared_state.ts",
  "database.ts",
  "glance.ts",
  "keystone.ts",
  "keystone_server.py",
];

/** Copies the prepared state into the folder of a new stack. */
export async function copyPreparedState(directory: string): Promise<void> {
  const state = await preparedState();
  const folders = FOLDERS.map((name) => `${state}/${name}`);
  const log = `${directory}/logs/copy.log`;
  await run({ name: "a copy", argv: ["cp", "--archive", ...folders, directory], log });
}

/** The folder of the state, which is created if it does not exist. */
async function preparedState(): Promise<string> {
  const temporary = await Deno.makeTempDir({ prefix: "live-stack-" });
  try {
    const state = `${dirname(temporary)}/live-state-${Deno.uid()}-${await version()}`;
    if (await isOurs(state)) return state;
    await prepare(temporary);
    // If another process was faster, its folder has files and cannot be replaced.
    await Deno.rename(temporary, state).catch(async (error) => {
      if (!await isOurs(state)) throw error;
    });
    return state;
  } finally {
    await Deno.remove(temporary, { recursive: true }).catch(() => {});
  }
}

/** Creates the databases and the keys, and stops every process. */
async function prepare(directory: string): Promise<void> {
  await Deno.mkdir(`${directory}/logs`);
  await installDatabase(directory);
  const database = await startDatabase(directory);
  try {
    const port = freePort();
    await Promise.all([
      (async () => {
        await using _keystone = await prepareKeystone(directory, port);
        await createUsers(`http://127.0.0.1:${port}/v3`);
      })(),
      ...GLANCE_DATABASES.map((name) => createTables(directory, name)),
    ]);
    await loadMetadefs(directory, "glance");
  } finally {
    await database.stop("SIGTERM");
  }
}

/** A hash of the versions of the packages and of the files. */
async function version(): Promise<string> {
  const { stdout } = await new Deno.Command("dpkg-query", {
    args: ["--show", ...PACKAGES],
    stderr: "null",
  }).output();
  const sources = await Promise.all(
    SOURCES.map((name) => Deno.readFile(`${import.meta.dirname}/${name}`)),
  );
  const bytes = await new Blob([stdout, ...sources]).arrayBuffer();
  const hash = await crypto.subtle.digest("SHA-256", bytes);
  return new Uint8Array(hash).toHex().slice(0, 16);
}

/** Whether a complete state exists. One that another user left there is not used. */
async function isOurs(state: string): Promise<boolean> {
  try {
    return (await Deno.stat(state)).uid === Deno.uid();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
