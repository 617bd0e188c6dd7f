/**
 * The compared servers: the real Glance, the gateway in front of a second independent Glance, and
 * the embedded Glance. Each sequence of requests starts with empty servers.
 */
import {
  createEmbeddedGlance,
  type EmbeddedGlance,
  type Identity,
} from "../../../lib/embedded/mod.ts";
import { createImageRouter } from "../../../lib/router/mod.ts";
import { type GlanceDatabase, runSql } from "../database.ts";
import { IMAGE_MEMBER_QUOTA, type LiveStack, startStack } from "../stack.ts";
import type { Outcome } from "./outcome.ts";
import { outcomeOf } from "./outcome.ts";
import { exchange } from "./raw_http.ts";
import type { Step, User } from "./step.ts";

/** A server that is compared with the real Glance. */
export type TargetName = "gateway" | "embedded";

/** A server. */
export interface Target {
  /** URL without a path. */
  readonly url: string;
  /** Removes everything that earlier requests created. */
  reset(): Promise<void>;
  /** Sends a request and waits until the tasks that it started have ended. */
  send(step: Step): Promise<Outcome>;
}

const IMAGE_SIZE_CAP = 4096;
const IMPORT_METHODS = ["glance-direct", "web-download", "copy-image"];

/** Timeout for Glance's tasks, in milliseconds. */
const TASK_TIMEOUT_MS = 20_000;
const POLL_INTERVAL_MS = 30;

/** Tables with rows that requests create; parents come last. */
const TABLES = [
  "image_locations",
  "image_members",
  "image_properties",
  "image_tags",
  "images",
  "task_info",
  "tasks",
  "metadef_namespace_resource_types",
  "metadef_objects",
  "metadef_properties",
  "metadef_tags",
  "metadef_resource_types",
  "metadef_namespaces",
];

/** All servers, until disposed. */
export class Targets implements AsyncDisposable {
  readonly glance: Target;
  readonly compared: ReadonlyMap<TargetName, Target>;
  readonly #cleanup: AsyncDisposableStack;

  private constructor(
    glance: Target,
    compared: ReadonlyMap<TargetName, Target>,
    cleanup: AsyncDisposableStack,
  ) {
    this.glance = glance;
    this.compared = compared;
    this.#cleanup = cleanup;
  }

  /** Starts the stack and the named servers. */
  static async start(names: readonly TargetName[]): Promise<Targets> {
    await using cleanup = new AsyncDisposableStack();
    const stack = cleanup.use(
      await startStack({
        separate: true,
        imageSizeCap: IMAGE_SIZE_CAP,
        importMethods: IMPORT_METHODS,
      }),
    );
    const web = cleanup.use(serve(() => new Response("from the web")));
    const tokens = await tokensOf(stack);
    const [glanceUrl, secondUrl] = stack.glanceUrls;
    const context = { web: web.url, tokens: tokens.byUser };
    const [first, second] = [stack.directory, `${stack.directory}/b`];
    const glance = new Server(context, {
      url: glanceUrl,
      directory: first,
      reset: () => emptyGlance(stack, "glance_a", first),
    });
    const compared = new Map<TargetName, Target>();
    if (names.includes("gateway")) {
      const client = cleanup.adopt(Deno.createHttpClient({}), (each) => each.close());
      const router = createImageRouter({
        apiServers: [secondUrl],
        fetch: (input, init) => fetch(input, { ...init, client }),
      });
      const { url } = cleanup.use(serve(router.fetch));
      const reset = () => emptyGlance(stack, "glance_b", second);
      compared.set("gateway", new Server(context, { url, directory: second, reset }));
    }
    if (names.includes("embedded")) {
      let embedded: EmbeddedGlance;
      const { url } = cleanup.use(serve((request) => embedded.fetch(request)));
      const reset = () => {
        embedded = createEmbedded(tokens.identities);
        return Promise.resolve();
      };
      compared.set("embedded", new Server(context, { url, directory: first, reset }));
    }
    return new Targets(glance, compared, cleanup.move());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cleanup.disposeAsync();
  }
}

/** Values for placeholders in requests. */
interface Context {
  /** URL of a file that Glance may import. */
  readonly web: string;
  readonly tokens: Readonly<Record<User, string | null>>;
}

/** A server's address, directory, and reset function. */
interface Place {
  readonly url: string;
  readonly directory: string;
  readonly reset: () => Promise<void>;
}

class Server implements Target {
  readonly url: string;
  readonly reset: () => Promise<void>;
  readonly #context: Context;
  readonly #directory: string;
  /** The newest task. */
  #task = NO_TASK;

  constructor(context: Context, { url, directory, reset }: Place) {
    this.#context = context;
    this.#directory = directory;
    this.url = url;
    this.reset = async () => {
      this.#task = NO_TASK;
      await reset();
    };
  }

  async send(step: Step): Promise<Outcome> {
    const { tokens, web } = this.#context;
    const token = tokens[step.user];
    const response = await exchange(this.url, {
      ...step,
      path: step.path.replaceAll("{task}", this.#task),
      headers: [...token === null ? [] : [["X-Auth-Token", token] as const], ...step.headers],
      body: step.body === null ? null : replaced(step.body, "{web}", `${web}/image`),
    });
    const hasTask = response.status === 202 || response.status === 201 && /tasks$/.test(step.path);
    if (hasTask) await this.#settle();
    const isOrdered = /[?&](sort=id|sort_key=(id|namespace)&)/.test(`${step.path}&`);
    return outcomeOf(response, { origin: this.url, directory: this.#directory }, isOrdered);
  }

  /** Waits until all tasks have ended or the timeout expires. */
  async #settle(): Promise<void> {
    const deadline = Date.now() + TASK_TIMEOUT_MS;
    while (Date.now() < deadline) {
      const tasks = await this.#list("tasks");
      const images = await this.#list("images");
      this.#task = String(tasks.at(0)?.["id"] ?? NO_TASK);
      const isBusy = tasks.some(({ status }) => status === "pending" || status === "processing") ||
        images.some((image) => image["status"] === "importing" || image["os_glance_import_task"]);
      if (!isBusy) return;
      await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL_MS));
    }
  }

  async #list(name: "tasks" | "images"): Promise<readonly Record<string, unknown>[]> {
    const response = await fetch(`${this.url}/v2/${name}?limit=100`, {
      headers: { "x-auth-token": this.#context.tokens.admin ?? "" },
    });
    return (await response.json())[name];
  }
}

const NO_TASK = "00000000-0000-4111-8111-111111111111";

async function emptyGlance(
  stack: LiveStack,
  database: GlanceDatabase,
  directory: string,
): Promise<void> {
  const deletions = TABLES.map((table) => `DELETE FROM ${table}`);
  await runSql(stack.directory, database, ["SET FOREIGN_KEY_CHECKS = 0", ...deletions].join("; "));
  for (const part of ["stores/fast", "stores/slow", "glance-a/staging", "glance-b/staging"]) {
    await emptyDirectory(`${directory}/${part}`);
  }
}

async function emptyDirectory(path: string): Promise<void> {
  try {
    for await (const { name } of Deno.readDir(path)) {
      await Deno.remove(`${path}/${name}`, { recursive: true });
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

function createEmbedded(identities: ReadonlyMap<string, Identity>): EmbeddedGlance {
  return createEmbeddedGlance({
    version: "2.16",
    imageCache: {},
    stores: [{ id: "fast", default: "true" }, { id: "slow" }, { id: "web", "read-only": "true" }],
    imageSizeCap: IMAGE_SIZE_CAP,
    memberQuota: IMAGE_MEMBER_QUOTA,
    showDirectUrl: true,
    showLocations: true,
    fetch,
    identify: (token) => identities.get(token ?? "") ?? null,
  });
}

async function tokensOf(stack: LiveStack): Promise<{
  readonly byUser: Readonly<Record<User, string | null>>;
  readonly identities: ReadonlyMap<string, Identity>;
}> {
  const users = ["admin", "alice", "bob", "carol"] as const;
  const issued = await Promise.all(users.map((user) => stack.token(user)));
  const [admin, alice, bob, carol] = issued.map(({ token }) => token);
  return {
    byUser: {
      admin: admin ?? null,
      alice: alice ?? null,
      bob: bob ?? null,
      carol: carol ?? null,
      stranger: "gAAAAAstranger",
      anonymous: null,
    },
    identities: new Map(issued.map(({ token, ...identity }) => [token, identity])),
  };
}

function serve(
  handler: (request: Request) => Response | Promise<Response>,
): AsyncDisposable & { readonly url: string } {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, handler);
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

function replaced(
  bytes: Uint8Array<ArrayBuffer>,
  placeholder: string,
  value: string,
): Uint8Array<ArrayBuffer> {
  // Latin-1 preserves every byte outside the placeholder.
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  if (!text.includes(placeholder)) return bytes;
  return Uint8Array.from(text.replaceAll(placeholder, value), (char) => char.charCodeAt(0));
}
