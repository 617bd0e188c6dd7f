/**
 * The Glance servers of the live stack: one database, one set of stores, and any number of servers,
 * which can be killed and restarted on the same port.
 */

import { databaseUrl, type GlanceDatabase } from "./database.ts";
import { type Credentials, REGION, responses } from "./keystone.ts";
import { run, ServerProcess } from "./processes.ts";

/** Settings for the configuration of a Glance server. */
export interface GlanceSettings {
  /** Directory of the configuration, the stores, and the staging areas. */
  readonly directory: string;
  /** Directory of the logs. */
  readonly logs: string;
  /** SQLAlchemy's URL of the database. */
  readonly database: string;
  /** Glance's own credentials, used to validate tokens. */
  readonly credentials: Credentials;
  /** `image_size_cap`, in bytes. */
  readonly imageSizeCap: number;
  /** Whether downloads use the cache. `/v2/cache` is available in any case. */
  readonly imageCache: boolean;
  /** `enabled_import_methods`. */
  readonly importMethods: readonly string[];
  /**
   * Host names besides `localhost` that images may be imported from; all resolve to this machine.
   */
  readonly importHosts: readonly string[];
  /** Whether the new default policies apply, and each request validates its token at Keystone. */
  readonly isStrict: boolean;
  /** The Swift that keeps the data, unless a request names another store; null for a store of files. */
  readonly swift: SwiftAccount | null;
}

/** An account of Swift, with its first version of authentication. */
export interface SwiftAccount {
  readonly authUrl: string;
  readonly user: string;
  readonly key: string;
}

/** `image_member_quota`: small, so a test reaches it with few requests. */
export const IMAGE_MEMBER_QUOTA = 8;

const STORES = ["fast", "slow"];
const METADEFS = "/etc/glance/metadefs";
const PASTE_CONFIG = "/etc/glance/glance-api-paste.ini";

/** Creates the tables of a database. */
export async function createTables(directory: string, name: GlanceDatabase): Promise<void> {
  await manage(directory, name, "db_sync");
}

/** Loads the metadata definitions that Glance comes with. */
export async function loadMetadefs(directory: string, name: GlanceDatabase): Promise<void> {
  await manage(directory, name, "db_load_metadefs", METADEFS);
}

async function manage(
  directory: string,
  database: GlanceDatabase,
  ...command: string[]
): Promise<void> {
  const config = `${directory}/${database}.conf`;
  const connection = databaseUrl(directory, database);
  await Deno.writeTextFile(config, `[database]\nconnection = ${connection}\n`);
  await run({
    name: `Glance's database (${command[0]})`,
    argv: ["/usr/bin/python3", "/usr/bin/glance-manage", "--config-file", config, ...command],
    log: `${directory}/logs/glance-manage.log`,
  });
}

/** A Glance server: a port, a configuration, and a process while it is running. */
export class GlanceServer implements AsyncDisposable {
  /** URL without a path. */
  readonly url: string;
  readonly #name: string;
  readonly #config: string;
  readonly #log: string;
  readonly #settings: GlanceSettings;
  readonly #port: number;
  #process: ServerProcess | undefined;

  /** @param name distinguishes the files of this server from those of other servers */
  constructor(settings: GlanceSettings, name: string, port: number) {
    this.#settings = settings;
    this.#name = name;
    this.#port = port;
    this.#config = `${settings.directory}/glance-${name}.conf`;
    this.url = `http://127.0.0.1:${port}`;
    this.#log = `${settings.logs}/glance-${name}.log`;
  }

  /**
   * Starts a process and waits until it responds.
   *
   * @throws {Error} if one is running, or the new one does not respond
   */
  async start(): Promise<void> {
    if (this.#process?.running) {
      throw new Error(`Cannot start Glance "${this.#name}": it is running; stop it first`);
    }
    await this.#writeConfiguration();
    this.#process = await ServerProcess.start({
      name: `Glance "${this.#name}"`,
      argv: [
        ...await this.#withHosts(),
        ...["/usr/bin/python3", "/usr/bin/glance-api", "--config-file", this.#config],
      ],
      log: this.#log,
    }, () => responses(`${this.url}/versions`));
  }

  /** Ends the process with a signal and waits for its exit; a no-op if none is running. */
  async stop(signal: Deno.Signal): Promise<void> {
    await this.#process?.stop(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop("SIGKILL");
  }

  /**
   * Makes the import hosts resolve to this machine, for this server only. Glance rejects names that
   * do not resolve, and looks them up with a trailing dot.
   */
  async #withHosts(): Promise<string[]> {
    const { directory, importHosts } = this.#settings;
    if (importHosts.length === 0) return [];
    const hosts = `${directory}/hosts`;
    const names = importHosts.flatMap((name) => [name, `${name}.`]).join(" ");
    await Deno.writeTextFile(hosts, `127.0.0.1 localhost ${names}\n`);
    const script = 'mount --bind "$1" /etc/hosts; shift; exec "$@"';
    return ["unshare", "--mount", "sh", "-c", script, "sh", hosts];
  }

  async #writeConfiguration(): Promise<void> {
    for (const store of STORES) {
      await Deno.mkdir(`${this.#settings.directory}/stores/${store}`, { recursive: true });
    }
    for (const use of ["staging", "tasks", "cache"]) {
      await Deno.mkdir(`${this.#settings.directory}/glance-${this.#name}/${use}`, {
        recursive: true,
      });
    }
    await Deno.writeTextFile(
      this.#config,
      configuration(this.#settings, this.#name, this.#port),
    );
  }
}

/**
 * `enabled_import_methods` needs brackets; without them, every POST /v2/images is rejected with
 * 500. Loopback addresses must be listed in the filters for imports and http locations.
 */
function configuration(settings: GlanceSettings, name: string, port: number): string {
  const { directory, credentials, imageSizeCap, imageCache, importHosts, importMethods } = settings;
  const { isStrict, swift } = settings;
  const own = `${directory}/glance-${name}`;
  return `[DEFAULT]
bind_host = 127.0.0.1
bind_port = ${port}
workers = 0
worker_self_reference_url = http://127.0.0.1:${port}
show_image_direct_url = true
show_multiple_locations = true
enforce_secure_rbac = ${isStrict}
image_size_cap = ${imageSizeCap}
image_member_quota = ${IMAGE_MEMBER_QUOTA}
enabled_import_methods = [${importMethods.join()}]
enabled_backends = fast:file,slow:file,web:http${swift === null ? "" : ",objects:swift"}
node_staging_uri = file://${own}/staging
image_cache_dir = ${own}/cache
[database]
connection = ${settings.database}
[glance_store]
default_backend = ${swift === null ? "fast" : "objects"}
${swift === null ? "" : swiftStore(swift)}[fast]
filesystem_store_datadir = ${directory}/stores/fast
[slow]
filesystem_store_datadir = ${directory}/stores/slow
[web]
[os_glance_staging_store]
filesystem_store_datadir = ${own}/staging
[os_glance_tasks_store]
filesystem_store_datadir = ${own}/tasks
[oslo_concurrency]
lock_path = ${own}
[import_filtering_opts]
allowed_hosts = [${["127.0.0.1", "localhost", ...importHosts].join()}]
allowed_ports = []
[paste_deploy]
flavor = ${imageCache ? "keystone+cachemanagement" : "keystone"}
config_file = ${PASTE_CONFIG}
[keystone_authtoken]
www_authenticate_uri = ${credentials.authUrl}
auth_url = ${credentials.authUrl}
auth_type = password
username = ${credentials.username}
password = ${credentials.password}
project_name = ${credentials.projectName}
user_domain_name = ${credentials.userDomainName}
project_domain_name = ${credentials.projectDomainName}
region_name = ${REGION}
token_cache_time = ${isStrict ? -1 : 300}
[oslo_policy]
enforce_new_defaults = ${isStrict}
`;
}

function swiftStore({ authUrl, user, key }: SwiftAccount): string {
  return `[objects]
swift_store_auth_version = 1
swift_store_auth_address = ${authUrl}
swift_store_user = ${user}
swift_store_key = ${key}
swift_store_container = glance
swift_store_create_container_on_put = true
`;
}
