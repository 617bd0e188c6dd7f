/** Image data that is read directly from its file, if that is allowed. */
import { assertEquals, assertRejects } from "@std/assert";
import {
  getRemoteImageService,
  GlanceError,
  type GlanceOptions,
  ImageDownloadFailed,
} from "../../../mod.ts";
import { concat } from "../../../lib/concat.ts";
import { bytesOf } from "../../support/bodies.ts";
import { BYTES, CALLER, ID, record, recordOf, Served } from "../../support/image.ts";
import { type ClientHarness, harnessOf } from "../../support/client_harness.ts";

/** A folder of images that is removed after the test. */
class Store implements AsyncDisposable {
  readonly folder: string;
  readonly root: string;

  private constructor(folder: string) {
    this.folder = folder;
    this.root = `${folder}/images`;
  }

  static async create(): Promise<Store> {
    const store = new Store(await Deno.realPath(await Deno.makeTempDir()));
    await Deno.mkdir(store.root);
    await store.write("images/42", BYTES);
    return store;
  }

  async write(path: string, bytes: Uint8Array): Promise<string> {
    await Deno.writeFile(`${this.folder}/${path}`, bytes);
    return this.url(path);
  }

  url(path: string): string {
    return `file://${this.folder}/${path}`;
  }

  /** Options that allow its images. */
  get options(): GlanceOptions {
    return { allowedDirectUrlSchemes: ["file"], directUrlRoots: [this.root] };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** Reading files takes real time, which the simulated clock does not have. */
async function downloadAll({ service }: ClientHarness, options = {}): Promise<Uint8Array> {
  return await bytesOf(await service.download(CALLER, ID, options));
}

Deno.test("download() reads and verifies a file when the direct URL names an allowed one", async () => {
  await using store = await Store.create();
  for (
    const rest of [
      { direct_url: store.url("images/42") },
      { locations: [{ url: store.url("images/42"), metadata: {} }] },
      { direct_url: "rbd://pool/42", locations: [{ url: store.url("images/42"), metadata: {} }] },
    ]
  ) {
    const harness = harnessOf([record(rest)], store.options);
    assertEquals(await downloadAll(harness), BYTES);
    assertEquals(harness.script.requested, ["GET /v2/images/42"]);
    assertEquals(harness.clock.pending, 0);
  }
});

Deno.test("getRemoteImageService() reads no file that the record of an untrusted server names", async () => {
  await using store = await Store.create();
  const url = store.url("images/42");
  const places = [{ direct_url: url }, { locations: [{ url, metadata: {} }] }];
  for (const trust of [{}, { trustedHosts: ["http://evil:9292"] }]) {
    for (const rest of places) {
      const requested: string[] = [];
      const fetch = (input: string) => {
        requested.push(new URL(input).pathname);
        const isData = input.endsWith("/file");
        const image = recordOf(BYTES, rest);
        return Promise.resolve(isData ? new Response(BYTES) : Response.json(image));
      };
      const options = { ...store.options, ...trust, apiServers: ["http://good:9292"], fetch };
      const href = `http://evil:9292/v2/images/${ID}`;
      const [service, id] = getRemoteImageService(CALLER, href, options);
      assertEquals(await bytesOf(await service.download(CALLER, id)), BYTES);
      const isTrusted = "trustedHosts" in trust;
      assertEquals(requested.includes(`/v2/images/${ID}/file`), !isTrusted);
      // No request for the locations is sent either.
      assertEquals(requested.includes(`/v2/images/${ID}/locations`), false);
    }
  }
});

Deno.test("download() uses the location API when the record has no direct URL", async () => {
  await using store = await Store.create();
  const places = () => Response.json([{ url: store.url("images/42"), metadata: {} }]);
  const harness = harnessOf([record(), places], store.options);
  assertEquals(await downloadAll(harness), BYTES);
  assertEquals(harness.script.requested, ["GET /v2/images/42", "GET /v2/images/42/locations"]);
});

Deno.test("download() reads a file as ranges, into BYOB buffers, and into a sink", async () => {
  await using store = await Store.create();
  const fileHarness = () =>
    harnessOf([record({ direct_url: store.url("images/42") })], store.options);
  const range = { start: 100, end: 4_000 };
  assertEquals(await downloadAll(fileHarness(), { range }), BYTES.slice(100, 4_001));

  const stream = await fileHarness().service.download(CALLER, ID);
  const reader = stream.getReader({ mode: "byob" });
  const parts: Uint8Array[] = [];
  for (;;) {
    const { done, value } = await reader.read(new Uint8Array(new ArrayBuffer(999), 9, 333));
    if (done) break;
    parts.push(value);
  }
  assertEquals(concat(parts), BYTES);

  const written: Uint8Array[] = [];
  const sink = new WritableStream<Uint8Array<ArrayBuffer>>({ write: (c) => void written.push(c) });
  await fileHarness().service.download(CALLER, ID, sink);
  assertEquals(concat(written), BYTES);
});

Deno.test("download() closes a file when it is not read to its end", async () => {
  await using store = await Store.create();
  const harness = harnessOf([record({ direct_url: store.url("images/42") })], store.options);
  const reader = (await harness.service.download(CALLER, ID)).getReader();
  await reader.cancel("enough");
  assertEquals(harness.clock.pending, 0);
});

Deno.test("download() decodes the path of a file URL once", async () => {
  await using store = await Store.create();
  await store.write("images/größe 100%25.raw", BYTES);
  const url = store.url("images/gr%C3%B6%C3%9Fe%20100%2525.raw");
  assertEquals(await downloadAll(harnessOf([record({ direct_url: url })], store.options)), BYTES);
});

/** URLs that must not be followed: the data is requested from Glance instead. */
const ELSEWHERE: readonly (readonly [what: string, url: (store: Store) => Promise<string>])[] = [
  ["next to the allowed folder", (store) => store.write("outside", BYTES)],
  ["in a folder whose name begins like the allowed one", async (store) => {
    await Deno.mkdir(`${store.folder}/images-2`);
    return await store.write("images-2/42", BYTES);
  }],
  ["outside by way of ..", async (store) => {
    await store.write("outside", BYTES);
    return store.url("images/../outside");
  }],
  ["outside by way of an encoded ..", async (store) => {
    await store.write("outside", BYTES);
    return store.url("images/%2e%2e%2Foutside");
  }],
  ["outside by way of a link", async (store) => {
    await store.write("outside", BYTES);
    await Deno.symlink(`${store.folder}/outside`, `${store.root}/link`);
    return store.url("images/link");
  }],
  ["outside by way of a linked folder", async (store) => {
    await Deno.mkdir(`${store.folder}/other`);
    await store.write("other/42", BYTES);
    await Deno.symlink(`${store.folder}/other`, `${store.root}/folder`);
    return store.url("images/folder/42");
  }],
  ["nowhere", (store) => Promise.resolve(store.url("images/none"))],
  ["to the allowed folder itself", (store) => Promise.resolve(store.url("images"))],
  ["to a folder", async (store) => {
    await Deno.mkdir(`${store.root}/folder`);
    return store.url("images/folder");
  }],
  ["to a pipe", async (store) => {
    await new Deno.Command("mkfifo", { args: [`${store.root}/pipe`] }).output();
    return store.url("images/pipe");
  }],
  ["to another machine", (store) => {
    return Promise.resolve(store.url("images/42").replace("file://", "file://elsewhere"));
  }],
  ["to a name that is not well encoded", (store) => Promise.resolve(store.url("images/%ff"))],
  ["to a name with a zero byte", (store) => Promise.resolve(store.url("images/42%00"))],
  ["to another scheme", () => Promise.resolve("rbd://pool/42")],
  ["by http", () => Promise.resolve("http://evil.example/42")],
  ["to what is no URL", () => Promise.resolve("not a url")],
  ["to nothing", () => Promise.resolve("")],
];

for (const [what, urlOf] of ELSEWHERE) {
  Deno.test(`download() reads from Glance when a direct URL leads ${what}`, async () => {
    await using store = await Store.create();
    const served = new Served();
    const steps = [record({ direct_url: await urlOf(store) }), served.whole()];
    const harness = harnessOf(steps, store.options);
    assertEquals(await downloadAll(harness), BYTES);
    assertEquals(harness.script.requested, ["GET /v2/images/42", "GET /v2/images/42/file"]);
    assertEquals(served.areOver, true);
  });
}

Deno.test("download() opens no file when its scheme, or every folder, is forbidden", async () => {
  await using store = await Store.create();
  for (
    const options of [
      {},
      { directUrlRoots: [store.root] },
      { allowedDirectUrlSchemes: ["file"] },
      { allowedDirectUrlSchemes: ["file"], directUrlRoots: [`${store.folder}/none`] },
      { allowedDirectUrlSchemes: ["http"], directUrlRoots: [store.root] },
      { allowedDirectUrlSchemes: ["file"], directUrlRoots: [`${store.root}/42`] },
    ]
  ) {
    const served = new Served();
    const harness = harnessOf(
      [record({ direct_url: store.url("images/42") }), served.whole()],
      options,
    );
    assertEquals(await downloadAll(harness), BYTES);
    assertEquals(harness.script.requested.length, 2);
  }
});

Deno.test("download() reads a file when its folder is allowed by a link, or with a slash at its end", async () => {
  await using store = await Store.create();
  await Deno.symlink(store.root, `${store.folder}/link`);
  for (const root of [`${store.folder}/link`, `${store.root}/`, `${store.root}///`]) {
    const options = { ...store.options, directUrlRoots: [root] };
    const harness = harnessOf([record({ direct_url: store.url("images/42") })], options);
    assertEquals(await downloadAll(harness), BYTES);
  }
});

/** Files that are not the image. */
const WRONG: readonly (readonly [what: string, bytes: Uint8Array<ArrayBuffer>, error: string])[] = [
  ["other bytes", BYTES.map((byte) => byte ^ 1), "ImageIntegrityError"],
  ["fewer bytes", BYTES.slice(0, 9_999), "ImageDownloadFailed"],
  ["no bytes", new Uint8Array(), "ImageDownloadFailed"],
];

for (const [what, bytes, name] of WRONG) {
  Deno.test(`download() rejects when a file has ${what}`, async () => {
    await using store = await Store.create();
    const url = await store.write("images/wrong", bytes);
    const harness = harnessOf([record({ direct_url: url })], store.options);
    const { name: actual } = await assertRejects(() => downloadAll(harness), GlanceError);
    assertEquals(actual, name);
  });
}

Deno.test("download() throws with a hint when a file cannot be opened", async () => {
  await using store = await Store.create();
  const { process } = globalThis as unknown as {
    process: { getBuiltinModule: (name: string) => object };
  };
  const original = process.getBuiltinModule;
  const open = () => Promise.reject(Object.assign(new Error("EACCES"), { code: "EACCES" }));
  process.getBuiltinModule = (name) => ({ ...original.call(process, name), open });
  try {
    const harness = harnessOf([record({ direct_url: store.url("images/42") })], store.options);
    const error = await assertRejects(() => downloadAll(harness), ImageDownloadFailed);
    assertEquals([error.imageId, harness.clock.pending], [ID, 0]);
  } finally {
    process.getBuiltinModule = original;
  }
});

Deno.test("download() reads from Glance when the runtime has no files", async () => {
  await using store = await Store.create();
  const { process } = globalThis as unknown as { process: { getBuiltinModule: unknown } };
  const original = process.getBuiltinModule;
  process.getBuiltinModule = undefined;
  try {
    const served = new Served();
    const steps = [record({ direct_url: store.url("images/42") }), served.whole()];
    assertEquals(await downloadAll(harnessOf(steps, store.options), { verify: "off" }), BYTES);
  } finally {
    process.getBuiltinModule = original;
  }
});
