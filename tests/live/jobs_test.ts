/**
 * Jobs on a real Glance: finding images by name, imports with every method and to several stores,
 * waiting, copies between projects, and the failures of each.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  connect,
  type Connection,
  copyImage,
  exportImage,
  findImage,
  ImageConflict,
  ImageLimitExceeded,
  ImageNotAuthorized,
  ImageNotFound,
  importImage,
  type ImportProgress,
  type PortableRecord,
  restoreImage,
  waitForImport,
  waitForStatus,
} from "../../mod.ts";
import { AmbiguousImage, ImageImportFailed, ImageStalled } from "../../lib/errors.ts";
import { digestOf, randomBytes } from "./raw_glance.ts";
import { type LiveStack, type StackUser, startStack } from "./stack.ts";

const MIB = 1024 * 1024;
const FORMATS = { diskFormat: "raw", containerFormat: "bare" };
const BYTES = randomBytes(5 * MIB + 4_321);
/** Short intervals, because these imports end quickly. */
const POLLS = { pollInterval: 50, maxPollInterval: 200, stallTimeout: 30_000 };

/** The region of the second Glance server. */
const OTHER_REGION = "Elsewhere";

Deno.test("copyImage(), importImage() and the other jobs succeed at a real Glance", async (t) => {
  await using stack = await startStack({
    imageSizeCap: 8 * MIB,
    moreServices: ([, second]) => [{ region: OTHER_REGION, type: "image", url: second }],
  });
  await using web = await WebServer.start();
  using alice = await signIn(stack, "alice");
  using bob = await signIn(stack, "bob", [stack.glanceUrls[1]]);
  using admin = await signIn(stack, "admin");
  await t.step("findImage", (t) => finding(t, alice, bob));
  await t.step("importImage", (t) => importing(t, stack, web, alice, admin));
  await t.step("importImage() when it fails", (t) => failing(t, stack, web, alice, admin));
  await t.step("waitForStatus", (t) => waiting(t, alice));
  await t.step("copyImage", (t) => copying(t, alice, bob));
  await t.step("exportImage and restoreImage", (t) => exporting(t, stack, alice, bob));
});

async function finding(t: Deno.TestContext, alice: Connection, bob: Connection): Promise<void> {
  const { service, context } = alice;
  const names = ["Debian: 13, amd64", "in:a,b", "eq:x", '"quoted"', "50% / ~ \\ ü", "Case", "case"];
  for (const name of names) {
    await t.step(`by the name ${name}`, async () => {
      const { id } = await service.create(context, { name });
      assertEquals((await findImage(service, context, name)).id, id);
      assertEquals((await findImage(service, context, id)).id, id);
      await assertRejects(() => findImage(bob.service, bob.context, name), ImageNotFound);
    });
  }
  await t.step("hidden images and duplicate names", async () => {
    const hidden = await service.create(context, { name: "twice", osHidden: true });
    assertEquals((await findImage(service, context, "twice")).id, hidden.id);
    const ids = [];
    for (let i = 0; i < 2; i++) ids.push((await service.create(context, { name: "twice" })).id);
    const error = await assertRejects(() => findImage(service, context, "twice"), AmbiguousImage);
    assertEquals([...error.imageIds].sort(), ids.sort());
  });
}

async function importing(
  t: Deno.TestContext,
  stack: LiveStack,
  web: WebServer,
  alice: Connection,
  admin: Connection,
): Promise<void> {
  const { service, context } = alice;
  const sha512 = await digestOf("SHA-512", BYTES);
  const create = () => service.create(context, { name: "imported", ...FORMATS });

  await t.step("glance-direct into two stores", async () => {
    const { id } = await create();
    const reports: ImportProgress[] = [];
    const image = await importImage(service, context, id, { data: new Blob([BYTES]) }, {
      ...POLLS,
      stores: ["fast", "slow"],
      onProgress: (progress) => reports.push(progress),
    });
    assertEquals([image.status, image.osHashValue], ["active", sha512]);
    assertEquals([...image.stores].sort(), ["fast", "slow"]);
    assertEquals(reports.at(-1)?.taskStatus, "success");
    assert(reports.at(-1)?.message?.startsWith("Copied"), reports.at(-1)?.message ?? "no message");
    for (const store of ["fast", "slow"]) {
      const stored = await Deno.readFile(`${stack.directory}/stores/${store}/${id}`);
      assertEquals(await digestOf("SHA-512", stored), sha512);
    }
  });

  await t.step("web-download, and a URL that the client fetches", async () => {
    for (const method of ["web-download", "glance-direct", "upload"] as const) {
      const { id } = await create();
      const source = { url: web.url("/disk") };
      const image = await importImage(service, context, id, source, { ...POLLS, method });
      assertEquals([image.status, image.osHashValue], ["active", sha512]);
    }
  });

  await t.step("copy-image as an administrator", async () => {
    const { id } = await service.create(context, { name: "copied", ...FORMATS }, BYTES);
    const own = { own: true } as const;
    const options = { ...POLLS, stores: ["slow"] };
    await assertRejects(() => importImage(service, context, id, own, options), ImageNotAuthorized);
    const image = await importImage(admin.service, admin.context, id, own, options);
    assertEquals([...image.stores].sort(), ["fast", "slow"]);
    const all = { ...POLLS, allStores: true };
    const again = await importImage(admin.service, admin.context, id, own, all);
    assertEquals(again.stores, image.stores);
  });

  await t.step("glance-download from another region", async () => {
    const source = await service.create(context, { name: "there", ...FORMATS }, BYTES);
    const { id } = await create();
    const from = { region: OTHER_REGION, imageId: source.id };
    const image = await importImage(service, context, id, from, POLLS);
    assertEquals([image.status, image.osHashValue], ["active", sha512]);
  });

  await t.step("without waiting", async () => {
    const { id } = await create();
    const source = { url: web.url("/slow") };
    const image = await importImage(service, context, id, source, { wait: false });
    assert(["queued", "importing"].includes(image.status), image.status);
    await web.release();
    assertEquals((await waitForImport(service, context, id, POLLS)).osHashValue, sha512);
  });
}

async function failing(
  t: Deno.TestContext,
  stack: LiveStack,
  web: WebServer,
  alice: Connection,
  admin: Connection,
): Promise<void> {
  const { service, context } = alice;

  await t.step("the message of the failed task, and a second attempt", async () => {
    const { id } = await service.create(context, { name: "fails", ...FORMATS });
    const missing = importImage(service, context, id, { url: web.url("/missing") }, POLLS);
    const error = await assertRejects(() => missing, ImageImportFailed);
    assertEquals([error.imageId, error.stores], [id, ["fast"]]);
    assert(error.taskMessage, "the task has no message");
    assertEquals((await service.show(context, id)).status, "queued");
    const image = await importImage(service, context, id, { url: web.url("/disk") }, POLLS);
    assertEquals(image.status, "active");
  });

  await t.step("an import without progress", async () => {
    const { id } = await service.create(context, { name: "stalls", ...FORMATS });
    const options = { ...POLLS, stallTimeout: 1_500 };
    const stuck = importImage(service, context, id, { url: web.url("/slow") }, options);
    await assertRejects(() => stuck, ImageStalled, "importing");
    await web.release();
    assertEquals((await waitForImport(service, context, id, POLLS)).status, "active");
  });

  await t.step("a store that fails", async () => {
    const slow = `${stack.directory}/stores/slow`;
    await Deno.rename(slow, `${slow}.away`);
    await Deno.writeTextFile(slow, "no directory");
    const data = new Blob([BYTES]);
    const options = { ...POLLS, stores: ["fast", "slow"] };
    const { id } = await service.create(context, { name: "half", ...FORMATS });
    const strict = await assertRejects(
      () => importImage(service, context, id, { data }, options),
      ImageImportFailed,
      '"slow"',
    );
    assertEquals(strict.stores, ["slow"]);
    // Debian's Glance never leaves this status; the image can only be deleted.
    assertEquals((await service.show(context, id)).status, "importing");
    assert(strict.message.endsWith("delete it, and create it again"), strict.message);
    const other = await service.create(context, { name: "half", ...FORMATS });
    const lenient = { ...options, allStoresMustSucceed: false };
    const image = await importImage(service, context, other.id, { data }, lenient);
    assertEquals([image.stores, image.status], [["fast"], "active"]);
    assertEquals(image.properties["os_glance_failed_import"], "slow");
    await Deno.remove(slow);
    await Deno.rename(`${slow}.away`, slow);
  });

  await t.step("copy-image when the data was removed", async () => {
    const { id } = await service.create(context, { name: "gone", ...FORMATS }, BYTES);
    await Deno.remove(`${stack.directory}/stores/fast/${id}`);
    const options = { ...POLLS, stores: ["slow"] };
    const copy = importImage(admin.service, admin.context, id, { own: true }, options);
    const error = await assertRejects(() => copy, ImageImportFailed);
    assertEquals(error.stores, ["slow"]);
    assert(error.taskMessage, "the task has no message");
  });
}

async function waiting(t: Deno.TestContext, { service, context }: Connection): Promise<void> {
  await t.step("an upload by another client, and a deletion", async () => {
    const { id } = await service.create(context, { name: "waits", ...FORMATS });
    const seen: string[] = [];
    const gate = Promise.withResolvers<void>();
    const active = waitForStatus(service, context, id, "active", {
      ...POLLS,
      onProgress: ({ status }) => {
        seen.push(status);
        if (status === "saving") gate.resolve();
      },
    });
    const slow = async function* () {
      yield BYTES;
      await gate.promise;
      yield BYTES.subarray(0, 9);
    };
    await service.update(context, id, {}, slow(), { size: BYTES.length + 9 });
    assertEquals((await active).size, BYTES.length + 9);
    assertEquals([seen[0], seen.at(-1)], ["queued", "active"]);
    await service.delete(context, id);
    assertEquals((await waitForStatus(service, context, id, "deleted", POLLS)).status, "deleted");
  });
}

async function copying(t: Deno.TestContext, alice: Connection, bob: Connection): Promise<void> {
  const { service, context } = alice;
  const properties = { os_type: "linux", "a/b~c": "x", empty: "", mappings: [{ device: "vda" }] };
  const meta = {
    ...{ name: "copied, with: care", ...FORMATS, minDisk: 2, minRam: 64, protected: true },
    ...{ tags: ["gold", "b"], properties },
  };

  await t.step("to another project through the other server", async () => {
    const source = await service.create(context, meta, BYTES);
    const copy = await copyImage(alice, bob, source.id, { verify: "required" });
    assertEquals(copy.osHashValue, await digestOf("SHA-512", BYTES));
    assert(copy.owner !== source.owner && copy.id !== source.id);
    const { record } = await exportImage(bob.service, bob.context, copy.id);
    assertEquals(tagged(record), tagged((await exportImage(service, context, source.id)).record));
  });

  await t.step(
    "a target that refuses, and a source without data",
    async () => {
      const before = (await bob.service.detail(bob.context)).length;
      const empty = await service.create(context, meta);
      await assertRejects(() => copyImage(alice, bob, empty.id), ImageConflict, "queued");
      const { record } = await exportImage(
        service,
        context,
        (await named(alice, meta.name))[0] ?? "",
      );
      const large = { record: { ...record, size: 9 * MIB }, data: randomBytes(9 * MIB) };
      await assertRejects(
        () => restoreImage(bob.service, bob.context, large),
        ImageLimitExceeded,
      );
      assertEquals((await bob.service.detail(bob.context)).length, before);
    },
  );
}

async function exporting(
  t: Deno.TestContext,
  stack: LiveStack,
  alice: Connection,
  bob: Connection,
): Promise<void> {
  await t.step("through two files", async () => {
    const meta = { name: "exported", ...FORMATS, tags: ["x"], properties: { a: "1" } };
    const { id } = await alice.service.create(alice.context, meta, BYTES);
    const { record, data } = await exportImage(alice.service, alice.context, id);
    const path = `${stack.directory}/exported`;
    await Deno.writeTextFile(`${path}.json`, JSON.stringify(record));
    await (await data()).pipeTo((await Deno.create(path)).writable);

    const saved = JSON.parse(await Deno.readTextFile(`${path}.json`)) as PortableRecord;
    const file = async () => (await Deno.open(path)).readable;
    const image = await restoreImage(bob.service, bob.context, { record: saved, data: file });
    assertEquals(image.osHashValue, record.osHashValue);
    assertEquals((await exportImage(bob.service, bob.context, image.id)).record, record);
  });
}

/** Sorts the tags, because Glance returns them in any order. */
function tagged(record: PortableRecord): PortableRecord {
  return { ...record, tags: [...record.tags].sort() };
}

async function named({ service, context }: Connection, name: string): Promise<string[]> {
  const images = await service.detail(context, { filters: { name, status: "active" } });
  return images.map(({ id }) => id);
}

async function signIn(
  stack: LiveStack,
  user: StackUser,
  apiServers: readonly string[] = [stack.glanceUrls[0]],
): Promise<Connection> {
  return await connect({ credentials: stack.credentials(user), apiServers });
}

/** A web server on loopback with an image and a path that stalls. */
class WebServer implements AsyncDisposable {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  /** Resolves with a function that releases the stalled request. */
  #waiting = Promise.withResolvers<() => void>();

  private constructor() {
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      async (request) => {
        const { pathname } = new URL(request.url);
        if (pathname === "/slow") await new Promise<void>((go) => this.#waiting.resolve(go));
        if (pathname === "/missing") return new Response("not here", { status: 404 });
        return new Response(BYTES);
      },
    );
  }

  static start(): Promise<WebServer> {
    return Promise.resolve(new WebServer());
  }

  url(path: string): string {
    return `http://127.0.0.1:${this.#server.addr.port}${path}`;
  }

  /** Releases the current or next stalled request. */
  async release(): Promise<void> {
    const go = await this.#waiting.promise;
    this.#waiting = Promise.withResolvers();
    go();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}
