import { assert, assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { createImageRouter, type RequestLog } from "../../lib/router/mod.ts";
import { randomBytes, RawGlance } from "./raw_glance.ts";
import { IMAGE_API_CHECKS, reasonToSkip, type Target } from "../contract/image_api.ts";
import { DIFFERENCES } from "../router/contract_differences.ts";
import { publish } from "./publish.ts";
import { IMAGE_MEMBER_QUOTA, type LiveStack, type StackUser, startStack } from "./stack.ts";

const MIB = 1024 * 1024;

/** Size of the image during whose download a server is killed: larger than all buffers. */
const LARGE = 192 * MIB;

Deno.test("createImageRouter() serves OpenStack's own clients as a real Glance does", async (t) => {
  await using stack = await startStack();
  await using gateway = new Gateway(stack);
  const clients = await Clients.prepare(stack, gateway.url);
  const data = `${stack.directory}/data`;
  await Deno.writeFile(data, randomBytes(3 * MIB + 1));
  let id = "";

  await t.step("openstack image create, list and show", async () => {
    const more = ["--private", "--min-disk", "1", "--property", "color=red", "--tag", "x"];
    id = await clients.create(data, "disk", ...more);
    assertEquals(await clients.ids(), [id]);
    const shown = await clients.openstackJson("image", "show", id);
    assertEquals([shown["status"], shown["size"], shown["properties"]["color"], shown["tags"]], [
      "active",
      3 * MIB + 1,
      "red",
      ["x"],
    ]);
  });

  await t.step("openstack image set", async () => {
    const change = ["--name", "new", "--property", "color=blue", "--shared"];
    await clients.openstack("image", "set", ...change, id);
    const shown = await clients.openstackJson("image", "show", id);
    assertEquals([shown["name"], shown["visibility"], shown["properties"]["color"]], [
      "new",
      "shared",
      "blue",
    ]);
  });

  await t.step("openstack image save", async () => {
    const saved = `${stack.directory}/saved`;
    await clients.openstack("image", "save", "--file", saved, id);
    assertEquals(await sha256(saved), await sha256(data));
  });

  await t.step("openstack image add project", async () => {
    const bob = await stack.token("bob");
    await clients.openstack("image", "add", "project", id, bob.projectId);
    await clients.as("bob").openstack("image", "set", "--accept", id);
    assertEquals(await clients.as("bob").ids(), [id]);
  });

  await t.step("openstack image list and glance image-list with several pages", async () => {
    const { token } = await stack.token("alice");
    const api = new RawGlance(gateway.url, token);
    const ids = [id];
    for (let i = 0; i < 30; i++) ids.push(await api.create({ name: `page-${i}` }));
    assertEquals(await clients.ids(), ids.sort());
    const table = await clients.glance("image-list", "--page-size", "7");
    assertEquals(ids.filter((each) => !table.includes(each)), []);
    await api.deleteAll(ids.filter((each) => each !== id));
  });

  await t.step("glance image-create-via-import and image-download", async () => {
    await clients.glanceImport(data, "imported");
    const imported = (await clients.ids()).find((each) => each !== id) ?? "";
    await untilActive(clients, imported);
    const saved = `${stack.directory}/downloaded`;
    await clients.glance("image-download", "--file", saved, imported);
    assertEquals(await sha256(saved), await sha256(data));
    await clients.glance("image-delete", imported);
  });

  await t.step("openstack image delete", async () => {
    await clients.openstack("image", "delete", id);
    assertEquals(await clients.ids(), []);
  });

  await t.step("no response is an error of the gateway", () => {
    assertEquals(gateway.logged.filter(({ status }) => status >= 500), []);
  });
});

Deno.test("GET /file continues when a Glance is killed during a download", async (t) => {
  await using stack = await startStack();
  await using gateway = new Gateway(stack);
  const clients = await Clients.prepare(stack, gateway.url);
  const data = `${stack.directory}/data`;
  const saved = `${stack.directory}/saved`;
  await writeRandom(data, LARGE);
  const digest = await sha256(data);
  const id = await clients.create(data, "large");
  const ways: Readonly<Record<string, () => Promise<string>>> = {
    "openstack image save": async () => {
      await clients.openstack("image", "save", "--file", saved, id);
      return await sha256(saved);
    },
    "glance image-download": async () => {
      await clients.glance("image-download", "--file", saved, id);
      return await sha256(saved);
    },
    "curl": async () => {
      await clients.curl(`${gateway.url}/v2/images/${id}/file`, saved);
      return await sha256(saved);
    },
    "cinder.image.glance": () => clients.cinderDownload(id),
  };
  for (const [name, save] of Object.entries(ways)) {
    await t.step(name, async () => {
      const killed = gateway.killServerOfNextDownload();
      gateway.logged.length = 0;
      assertEquals(await save(), digest);
      const entry = gateway.logged.find(({ route }) => route.endsWith("/file"));
      assertEquals([entry?.outcome, entry?.bytesOut], ["complete", LARGE]);
      assert((entry?.resumes ?? 0) >= 1, "the download was not broken");
      await stack.startGlance(await killed);
    });
  }
});

Deno.test("createImageRouter() passes the contract checks of the Image API in front of a real Glance", async (t) => {
  await using stack = await startStack({ imageSizeCap: 2 * MIB });
  await using gateway = new Gateway(stack);
  const [alice, bob, admin] = await Promise.all([
    stack.token("alice"),
    stack.token("bob"),
    stack.token("admin"),
  ]);
  const { versions } = await (await fetch(`${gateway.url}/versions`)).json();
  const target: Target = {
    endpoint: gateway.url,
    tokens: { alice: alice.token, bob: bob.token, admin: admin.token },
    projects: { alice: alice.projectId, bob: bob.projectId, admin: admin.projectId },
    fetch,
    facts: {
      version: versions[0].id.slice(1),
      stores: ["fast", "slow"],
      readOnlyStore: "web",
      importMethods: ["glance-direct", "web-download", "copy-image", "glance-download"],
      imageSizeCap: 2 * MIB,
      memberQuota: IMAGE_MEMBER_QUOTA,
      crashes: true,
      showDirectUrl: true,
      showLocations: true,
      imageCache: true,
      servers: 2,
      supportsRanges: true,
    },
    publish,
  };
  for (const check of IMAGE_API_CHECKS) {
    const reason = reasonToSkip(check, target) ?? DIFFERENCES[check.name] ?? null;
    const name = reason === null ? check.name : `${check.name} (${reason})`;
    await t.step({ name, ignore: reason !== null, fn: () => check.run(target) });
  }
});

/** Output of `-f json`; its shape depends on the command. */
// deno-lint-ignore no-explicit-any
type Json = any;

/** A gateway on a socket in front of both servers of a stack. */
class Gateway implements AsyncDisposable {
  readonly url: string;
  readonly logged: RequestLog[] = [];
  readonly #stack: LiveStack;
  readonly #client = Deno.createHttpClient({});
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  #onData: ((server: string) => void) | null = null;

  constructor(stack: LiveStack) {
    this.#stack = stack;
    const router = createImageRouter({
      apiServers: stack.glanceUrls,
      log: (entry) => this.logged.push(entry),
      fetch: async (input, init) => {
        const response = await fetch(input, { ...init, client: this.#client });
        const isData = init.method === "GET" && input.endsWith("/file") && response.ok;
        if (isData) this.#onData?.(new URL(input).origin);
        return response;
      },
    });
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, router.fetch);
    this.url = `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** Kills the server that sends the next image data; returns its index after it ended. */
  killServerOfNextDownload(): Promise<0 | 1> {
    return new Promise((resolve, reject) => {
      this.#onData = (server) => {
        this.#onData = null;
        const index = server === this.#stack.glanceUrls[0] ? 0 : 1;
        this.#stack.stopGlance(index, "SIGKILL").then(() => resolve(index), reject);
      };
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
    this.#client.close();
  }
}

/** OpenStack's clients, configured for the gateway. */
class Clients {
  readonly #stack: LiveStack;
  readonly #gateway: string;
  readonly #user: StackUser;

  private constructor(stack: LiveStack, gateway: string, user: StackUser) {
    this.#stack = stack;
    this.#gateway = gateway;
    this.#user = user;
  }

  /** `openstack` reads a different image endpoint only from clouds.yaml. */
  static async prepare(stack: LiveStack, gateway: string): Promise<Clients> {
    const clouds = Object.fromEntries((["alice", "bob"] as const).map((user) => {
      const credentials = stack.credentials(user);
      return [user, {
        auth: {
          auth_url: credentials.authUrl,
          username: credentials.username,
          password: credentials.password,
          project_name: credentials.projectName,
          user_domain_name: credentials.userDomainName,
          project_domain_name: credentials.projectDomainName,
        },
        region_name: "RegionOne",
        image_endpoint_override: gateway,
      }];
    }));
    await Deno.writeTextFile(`${stack.directory}/clouds.yaml`, JSON.stringify({ clouds }));
    return new Clients(stack, gateway, "alice");
  }

  as(user: StackUser): Clients {
    return new Clients(this.#stack, this.#gateway, user);
  }

  async openstack(...args: readonly string[]): Promise<string> {
    return await this.#run("openstack", ["--os-cloud", this.#user, ...args], {
      OS_CLIENT_CONFIG_FILE: `${this.#stack.directory}/clouds.yaml`,
    });
  }

  async openstackJson(...args: readonly string[]): Promise<Json> {
    return JSON.parse(await this.openstack(...args, "-f", "json"));
  }

  async glance(...args: readonly string[]): Promise<string> {
    const environment = this.#stack.environment(this.#user);
    return await this.#run("glance", ["--os-image-url", this.#gateway, ...args], environment);
  }

  /** `glance` reads standard input as data if it is not a terminal, even with `--file`. */
  async glanceImport(file: string, name: string): Promise<void> {
    const command = `glance --os-image-url "${this.#gateway}" image-create-via-import ` +
      `--import-method glance-direct --disk-format raw --container-format bare --name "${name}"`;
    const environment = this.#stack.environment(this.#user);
    await this.#run("sh", ["-c", `exec ${command} < "${file}"`], environment);
  }

  async curl(url: string, file: string): Promise<void> {
    const { token } = await this.#stack.token(this.#user);
    await this.#run("curl", ["-sSf", "-H", `x-auth-token: ${token}`, "-o", file, url]);
  }

  /** Creates an image from a file; returns its id. */
  async create(file: string, name: string, ...more: readonly string[]): Promise<string> {
    const formats = ["--disk-format", "raw", "--container-format", "bare"];
    const args = ["image", "create", ...formats, "--file", file, ...more, name];
    return (await this.openstackJson(...args))["id"];
  }

  /** Ids of all listed images, in order. */
  async ids(): Promise<string[]> {
    const images: Json[] = await this.openstackJson("image", "list");
    return images.map((image) => image["ID"]).sort();
  }

  /** Downloads with Cinder's own service; returns the digest of the data. */
  async cinderDownload(imageId: string): Promise<string> {
    const script = {
      servers: [this.#gateway],
      callers: { alice: await this.#stack.token("alice") },
      steps: [{ method: "download", args: [imageId], as: "alice" }],
    };
    const input = `${this.#stack.directory}/script.json`;
    await Deno.writeTextFile(input, JSON.stringify(script));
    const driver = `exec /usr/bin/python3 "${import.meta.dirname}/cinder_driver.py" < "${input}"`;
    const outcome = JSON.parse(await this.#run("sh", ["-c", driver]));
    return outcome["ok"]?.["sha256"] ?? JSON.stringify(outcome);
  }

  /** @throws {Error} with the output of the command if it fails */
  async #run(
    command: string,
    args: readonly string[],
    env: Record<string, string> = {},
  ): Promise<string> {
    const { success, stdout, stderr } = await new Deno.Command(command, { args: [...args], env })
      .output();
    const [out = "", err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes).trim());
    if (success) return out;
    throw new Error(`${command} ${args.join(" ")}: ${err}\n${out}\n${await this.#stack.logs()}`);
  }
}

async function sha256(path: string): Promise<string> {
  const hash = createHash("sha256");
  using file = await Deno.open(path);
  for await (const chunk of file.readable) hash.update(chunk);
  return hash.digest("hex");
}

async function writeRandom(path: string, size: number): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true, truncate: true });
  const writer = file.writable.getWriter();
  for (let left = size; left > 0; left -= MIB) await writer.write(randomBytes(Math.min(left, MIB)));
  await writer.close();
}

/** Waits, because an import continues after the response. */
async function untilActive(clients: Clients, id: string): Promise<void> {
  for (let look = 0; look < 60; look++) {
    if ((await clients.openstackJson("image", "show", id))["status"] === "active") return;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  throw new Error(`Cannot see image "${id}" become active`);
}
