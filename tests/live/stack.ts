/**
 * A real OpenStack image service on loopback, from Debian's packages: MariaDB, Keystone and two
 * Glance servers that share one database and one set of stores, all of it below one temporary
 * directory, and removed afterwards. `deno run -A tests/live/stack.ts` keeps one up for use by hand. It
 * takes root, or the group glance, to read the configuration that the packages bring.
 */

import { databaseUrl, startDatabase } from "./database.ts";
import { GlanceServer, type GlanceSettings, type SwiftAccount } from "./glance.ts";
import {
  type Credentials,
  credentialsOf,
  type ImageService,
  type IssuedToken,
  issueToken,
  REGION,
  type StackUser,
  startKeystone,
} from "./keystone.ts";
import { requirePackages } from "./packages.ts";
import { copyPreparedState } from "./prepared_state.ts";
import { freePort } from "../support/free_port.ts";
import { logTail } from "./processes.ts";

export { LIVE_PACKAGES } from "./packages.ts";
export { IMAGE_MEMBER_QUOTA } from "./glance.ts";
export type { Credentials, ImageService, IssuedToken, StackUser } from "./keystone.ts";

/** The options of a stack. */
export interface StackOptions {
  /**
   * Largest image that Glance accepts, in bytes; a larger one is rejected with 413.
   * @default {2147483648}
   */
  readonly imageSizeCap?: number;
  /**
   * Whether downloads go through Glance's cache; `/v2/cache` is offered in any case.
   * @default {false}
   */
  readonly imageCache?: boolean;
  /** Image services of the catalog besides the first server, by the URLs of both servers. */
  readonly moreServices?: (glanceUrls: readonly [string, string]) => readonly ImageService[];
  /**
   * `enabled_import_methods`.
   * @default all of them
   */
  readonly importMethods?: readonly string[];
  /**
   * Whether the two servers share nothing but Keystone: each has a database and stores of its own, and
   * the catalogs of metadata definitions are empty.
   * @default {false}
   */
  readonly separate?: boolean;
  /** Names of hosts besides `localhost` from which Glance may import; to it, all of them are this machine. */
  readonly importHosts?: readonly string[];
  /**
   * Whether Glance's new default policies apply (a reader may not download), and a token is invalid as soon as it
   * is revoked.
   * @default {false}
   */
  readonly isStrict?: boolean;
  /**
   * A Swift that keeps the data, unless a request names the store `fast` or `slow`.
   * @default none
   */
  readonly swift?: SwiftAccount;
}

const DEFAULT_IMAGE_SIZE_CAP = 2 * 1024 ** 3;
const IMPORT_METHODS = ["glance-direct", "web-download", "copy-image", "glance-download"];

/** Keystone and two Glance servers that respond, until disposed. */
export class LiveStack implements AsyncDisposable {
  /** Everything of the stack: configuration, logs, stores; deleted on disposal. */
  readonly directory: string;
  /** Keystone's URL, ending in `/v3`. */
  readonly keystoneUrl: string;
  /** URLs of the two Glance servers, without a path; the first is the catalog's. */
  readonly glanceUrls: readonly [string, string];
  readonly #servers: readonly [GlanceServer, GlanceServer];
  readonly #cleanup: AsyncDisposableStack;

  /** Made by {@linkcode startStack}, from servers that are running already. */
  constructor(
    directory: string,
    keystoneUrl: string,
    servers: readonly [GlanceServer, GlanceServer],
    cleanup: AsyncDisposableStack,
  ) {
    this.directory = directory;
    this.keystoneUrl = keystoneUrl;
    this.glanceUrls = [servers[0].url, servers[1].url];
    this.#servers = servers;
    this.#cleanup = cleanup;
  }

  /** How a user signs in. */
  credentials(user: StackUser): Credentials {
    return credentialsOf(user, this.keystoneUrl);
  }

  /** Signs a user in. */
  async token(user: StackUser): Promise<IssuedToken> {
    return await issueToken(this.credentials(user));
  }

  /** The same as the variables that the `openstack` and `glance` commands read. */
  environment(user: StackUser): Record<string, string> {
    const credentials = this.credentials(user);
    return {
      OS_AUTH_URL: credentials.authUrl,
      OS_USERNAME: credentials.username,
      OS_PASSWORD: credentials.password,
      OS_PROJECT_NAME: credentials.projectName,
      OS_USER_DOMAIN_NAME: credentials.userDomainName,
      OS_PROJECT_DOMAIN_NAME: credentials.projectDomainName,
      OS_REGION_NAME: REGION,
      OS_IDENTITY_API_VERSION: "3",
      OS_IMAGE_API_VERSION: "2",
    };
  }

  /** Kills one Glance server and waits until it has ended; its open connections break. */
  async stopGlance(index: 0 | 1, signal: Deno.Signal = "SIGTERM"): Promise<void> {
    await this.#servers[index].stop(signal);
  }

  /** Starts a stopped Glance server again, at the same URL, and waits until it responds. */
  async startGlance(index: 0 | 1): Promise<void> {
    await this.#servers[index].start();
  }

  /** The ends of all logs, for the message of a failing test. */
  async logs(): Promise<string> {
    return await allLogs(this.directory);
  }

  /** Kills every process, waits for all of them and deletes the directory. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cleanup.disposeAsync();
  }
}

/**
 * Starts a new stack; any number can run at the same time.
 *
 * @throws {Error} if a package is missing, or a part does not start (with the end of its log)
 */
export async function startStack(options: StackOptions = {}): Promise<LiveStack> {
  await requirePackages();
  await using cleanup = new AsyncDisposableStack();
  const directory = await Deno.makeTempDir({ prefix: "live-stack-" });
  cleanup.defer(() => Deno.remove(directory, { recursive: true }));
  await Deno.mkdir(`${directory}/logs`);

  const keystonePort = freePort();
  const keystoneUrl = `http://127.0.0.1:${keystonePort}/v3`;
  const separate = options.separate ?? false;
  const first: GlanceSettings = {
    directory,
    logs: `${directory}/logs`,
    database: databaseUrl(directory, separate ? "glance_a" : "glance"),
    credentials: credentialsOf("glance", keystoneUrl),
    imageSizeCap: options.imageSizeCap ?? DEFAULT_IMAGE_SIZE_CAP,
    imageCache: options.imageCache ?? false,
    importMethods: options.importMethods ?? IMPORT_METHODS,
    importHosts: options.importHosts ?? [],
    isStrict: options.isStrict ?? false,
    swift: options.swift ?? null,
  };
  const second = separate
    ? { ...first, directory: `${directory}/b`, database: databaseUrl(directory, "glance_b") }
    : first;
  const servers = [
    new GlanceServer(first, "a", freePort()),
    new GlanceServer(second, "b", freePort()),
  ] as const;
  for (const server of servers) cleanup.use(server);

  await copyPreparedState(directory);
  cleanup.use(await startDatabase(directory));
  const images = [
    { region: REGION, type: "image", url: servers[0].url },
    ...options.moreServices?.([servers[0].url, servers[1].url]) ?? [],
  ];
  await inParallel([
    async () => {
      cleanup.use(await startKeystone(directory, keystonePort, images));
    },
    ...servers.map((server) => () => server.start()),
  ]);
  return new LiveStack(directory, keystoneUrl, servers, cleanup.move());
}

/** Like Promise.all, but leaves nothing running when it fails. */
async function inParallel(jobs: readonly (() => Promise<unknown>)[]): Promise<void> {
  const results = await Promise.allSettled(jobs.map((job) => job()));
  const failures = results.flatMap((result) => result.status === "rejected" ? [result.reason] : []);
  if (failures.length === 1) throw failures[0];
  if (failures.length > 1) throw new AggregateError(failures, failures.map(String).join("\n"));
}

async function allLogs(directory: string): Promise<string> {
  const names = Array.from(Deno.readDirSync(`${directory}/logs`), ({ name }) => name).sort();
  const tails = names.map(async (name) =>
    `--- ${name}\n${await logTail(`${directory}/logs/${name}`)}`
  );
  return (await Promise.all(tails)).join("\n");
}

function exportBlock(environment: Record<string, string>): string {
  return Object.entries(environment).map(([name, value]) => `export ${name}=${value}`).join("\n");
}

/** Keeps a stack up until SIGINT or SIGTERM. */
async function main(): Promise<void> {
  const stopped = new Promise<void>((resolve) => {
    Deno.addSignalListener("SIGINT", resolve);
    Deno.addSignalListener("SIGTERM", resolve);
  });
  const started = Date.now();
  await using stack = await startStack();
  console.log(`# ready after ${((Date.now() - started) / 1000).toFixed(1)} s`);
  console.log(`Keystone  ${stack.keystoneUrl}`);
  for (const url of stack.glanceUrls) console.log(`Glance    ${url}`);
  console.log(`Directory ${stack.directory}`);
  for (const user of ["admin", "alice"] as const) {
    console.log(`\n# ${user}\n${exportBlock(stack.environment(user))}`);
  }
  console.log("\n# Ctrl-C stops everything");
  await stopped;
}

if (import.meta.main) await main();
