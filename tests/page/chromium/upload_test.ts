/// <reference lib="dom" />
/** Uploads in the page. */
import { Buffer } from "node:buffer";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Page } from "playwright-core";
import { qcow2 } from "../../formats/image_builder.ts";
import { seededBytes } from "../../support/seed.ts";
import { IGNORED, PageInChromium, type PageInput, shareChromium } from "./page_in_chromium.ts";

shareChromium();

const MIB = 2 ** 20;

/** A file to choose. */
function fileOf(name: string, bytes: Uint8Array) {
  return { name, mimeType: "application/octet-stream", buffer: Buffer.from(bytes) };
}

async function openPanel(input: PageInput = {}): Promise<PageInChromium> {
  const opened = await PageInChromium.open(input);
  await opened.page.getByRole("button", { name: "Upload", exact: true }).click();
  return opened;
}

const panel = (page: Page) => page.getByRole("region", { name: "Upload" });
const choose = (page: Page, files: readonly ReturnType<typeof fileOf>[]) =>
  panel(page).locator("input[type=file]").setInputFiles([...files]);
const start = (page: Page) => panel(page).getByRole("button", { name: /^Start/ }).click();

async function imagesOf({ glance }: PageInChromium) {
  return (await (await glance("/v2/images")).json()).images;
}

/** Responds to uploads with `respond`, and to all other requests as Glance does. */
function withUpload(respond: (request: Request, send: typeof fetch) => Promise<Response>) {
  return (send: typeof fetch): typeof fetch => async (input, init) => {
    const request = new Request(input, init);
    return request.method === "PUT" ? await respond(request, send) : await send(request);
  };
}

Deno.test("Upload() inspects files, stores several at once, and compares their hashes", {
  ignore: IGNORED,
}, async () => {
  await using opened = await openPanel();
  const { page } = opened;
  const raw = seededBytes(1, 3 * MIB);
  const files = [
    fileOf("disk-a.img", raw),
    fileOf("disk-b.qcow2", qcow2()),
    fileOf("disk-c.raw", seededBytes(2, 1_000)),
  ];
  await choose(page, files);
  const formats = panel(page).getByRole("combobox", { name: "Format" });
  await panel(page).getByRole("button", { name: "Start 3 uploads" }).waitFor();
  const chosen = await formats.evaluateAll((all) =>
    all.map((each) => (each as HTMLSelectElement).value)
  );
  assertEquals(chosen, ["raw", "qcow2", "raw"]);
  await panel(page).getByRole("textbox", { name: "Name" }).first().fill("renamed");
  await start(page);
  await panel(page).getByText("Uploaded, and its hash is right").nth(2).waitFor();
  const images: { name: string; id: string; status: string; disk_format: string; size: number }[] =
    await imagesOf(opened);
  images.sort((a, b) => a.name.localeCompare(b.name));
  assertEquals(
    images.map(({ name, status, disk_format, size }) => [name, status, disk_format, size]),
    [
      ["disk-b", "active", "qcow2", qcow2().byteLength],
      ["disk-c", "active", "raw", 1_000],
      ["renamed", "active", "raw", raw.byteLength],
    ],
  );
  const data = await opened.glance(`/v2/images/${images[2]?.id}/file`);
  assertEquals(await data.bytes(), raw);
  await page.getByRole("link", { name: "renamed", exact: true }).waitFor();
});

Deno.test("Upload() shows hostile names literally, and refuses nothing that is only unusual", {
  ignore: IGNORED,
}, async () => {
  await using opened = await openPanel();
  const { page } = opened;
  const evil = "<img src=x onerror=alert(1)>";
  await choose(page, [fileOf(evil, seededBytes(1, 10)), fileOf("gnp.\u202eexe", new Uint8Array())]);
  await panel(page).getByText(evil).waitFor();
  await panel(page).getByText("gnp.<U+202E>exe").waitFor();
  await panel(page).getByText("Check the file: it is empty.").waitFor();
  const names = panel(page).getByRole("textbox", { name: "Name" });
  assertEquals(await names.last().inputValue(), "gnp.exe");
  await names.last().fill("a\u202eb");
  await start(page);
  await panel(page).getByText("Uploaded, and its hash is right").nth(1).waitFor();
  await page.getByRole("link", { name: evil }).waitFor();
  await page.getByRole("link", { name: "a<U+202E>b" }).waitFor();
  assertEquals(await page.locator("img").count(), 0);
});

Deno.test("Upload() takes files that are dropped anywhere", { ignore: IGNORED }, async () => {
  await using opened = await PageInChromium.open();
  const { page } = opened;
  await page.getByText("There are no images here.").waitFor();
  await page.evaluate(() => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File(["data"], "dropped.img"));
    const event = { dataTransfer, bubbles: true, cancelable: true };
    document.body.dispatchEvent(new DragEvent("dragover", event));
    document.body.dispatchEvent(new DragEvent("drop", event));
  });
  await panel(page).getByText("dropped.img").waitFor();
  await panel(page).getByRole("button", { name: "Remove dropped.img" }).click();
  await panel(page).getByText("dropped.img").waitFor({ state: "detached" });
});

Deno.test(
  "Upload() shows the progress, asks before the tab is closed, and deletes a canceled image",
  {
    ignore: IGNORED,
  },
  async () => {
    const held = withUpload((request) =>
      new Promise((_, reject) =>
        request.signal.addEventListener("abort", () => reject(request.signal.reason))
      )
    );
    await using opened = await openPanel({ wrapFetch: held });
    const { page } = opened;
    const folder = await Deno.makeTempDir();
    await using _ = { [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }) };
    const path = `${folder}/large.img`;
    await Deno.writeFile(path, new Uint8Array());
    await Deno.truncate(path, 40 * MIB);
    await panel(page).locator("input[type=file]").setInputFiles(path);
    await start(page);
    await panel(page).getByText(/^\d+ % · .* of 40\.0 MiB/).waitFor();
    assertEquals((await imagesOf(opened)).length, 1);
    const dialog = page.waitForEvent("dialog");
    await page.close({ runBeforeUnload: true });
    await (await dialog).dismiss();
    await panel(page).getByRole("button", { name: "Cancel upload of large.img" }).click();
    await panel(page).getByText("Canceled").waitFor();
    assertEquals(await imagesOf(opened), []);
  },
);

Deno.test("Upload() fails next to its line if Glance has stored other data, or refuses it", {
  ignore: IGNORED,
}, async () => {
  const wrong = withUpload(async (request, send) => {
    const bytes = await request.bytes();
    if (bytes.byteLength === 2_000) {
      return new Response("Quota exceeded", {
        status: 413,
        headers: { "content-type": "text/plain" },
      });
    }
    bytes[5] = 1 - (bytes[5] ?? 0);
    const { url, method, headers } = request;
    return await send(new Request(url, { method, headers, body: bytes }));
  });
  await using opened = await openPanel({ wrapFetch: wrong });
  const { page } = opened;
  await choose(page, [
    fileOf("changed.img", new Uint8Array(1_000)),
    fileOf("refused.img", new Uint8Array(2_000)),
  ]);
  await start(page);
  const line = (name: string) => panel(page).getByRole("listitem").filter({ hasText: name });
  const changed = await line("changed.img").getByRole("alert").textContent() ?? "";
  assertStringIncludes(changed, "Failed: Cannot accept the upload of image");
  assertStringIncludes(changed, "sha512");
  const refused = await line("refused.img").getByRole("alert").textContent() ?? "";
  assertStringIncludes(refused, "Failed: Cannot upload image");
  assertStringIncludes(refused, "Quota exceeded");
  assertEquals(await imagesOf(opened), []);
  assert(opened.problems.splice(0).every((text) => text.includes("413")));
});

Deno.test("Upload() waits for Glance if a proxy times out while the data is stored", {
  ignore: IGNORED,
}, async () => {
  const impatient = withUpload(async (request, send) => {
    await (await send(request)).body?.cancel();
    return new Response("Gateway Time-out", { status: 504 });
  });
  await using opened = await openPanel({ wrapFetch: impatient });
  const { page } = opened;
  await choose(page, [fileOf("slow.img", seededBytes(1, 1_000))]);
  await start(page);
  await panel(page).getByText("Uploaded, and its hash is right").waitFor();
  opened.allowFailedRequests();
});

/** An image service that downloads one image from the web, when the test allows it. */
function webImages() {
  const allowed = Promise.withResolvers<void>();
  return {
    allow: allowed.resolve,
    fetch: async (input: string | URL | Request) => {
      if (!String(input).includes("/disk.qcow2")) return new Response("not here", { status: 404 });
      await allowed.promise;
      return new Response(qcow2() as Uint8Array<ArrayBuffer>);
    },
  };
}

async function addUrl(page: Page, url: string): Promise<void> {
  const field = panel(page).getByRole("textbox", { name: "URL of an image" });
  await field.fill(url);
  await field.press("Enter");
}

Deno.test("Upload() imports from URLs, shows the state of each, and why one has failed", {
  ignore: IGNORED,
}, async () => {
  const web = webImages();
  await using opened = await openPanel({ glance: { fetch: web.fetch } });
  const { page } = opened;
  await addUrl(page, "https://mirror.example/a/disk.qcow2?x=1.iso");
  await addUrl(page, "https://mirror.example/lost.img");
  await start(page);
  const text = await panel(page).getByRole("alert").textContent() ?? "";
  assertStringIncludes(text, `Failed: Cannot import "https://mirror.example/lost.img"`);
  const line = panel(page).getByRole("listitem").filter({ hasText: "disk.qcow2" });
  await line.getByText("uploading").waitFor();
  web.allow();
  await line.getByText("Imported").waitFor();
  const images: Record<string, unknown>[] = await imagesOf(opened);
  assertEquals(
    images.map(({ name, status, disk_format }) => [name, status, disk_format]),
    [["disk", "active", "qcow2"]],
  );
  await page.getByRole("link", { name: "disk", exact: true }).click();
  await page.getByRole("complementary").getByText(/^api_image_import · success/).waitFor();
});

Deno.test("Upload() shows the messages of an import literally, and deletes a canceled one", {
  ignore: IGNORED,
}, async () => {
  const web = webImages();
  await using opened = await openPanel({
    glance: { fetch: web.fetch },
    front: (request, response) => {
      if (!request.url.endsWith("/tasks")) return response;
      const message = "<img src=x onerror=alert(1)> \u202e5 MiB";
      const task = { id: "1", type: "api_image_import", status: "processing", message };
      return Response.json({ tasks: [task] });
    },
  });
  const { page } = opened;
  await addUrl(page, "https://mirror.example/disk.qcow2");
  await start(page);
  await panel(page).getByText("processing · <img src=x onerror=alert(1)> <U+202E>5 MiB").waitFor();
  await panel(page).getByRole("button", { name: /^Cancel upload of/ }).click();
  await panel(page).getByText("Canceled").waitFor();
  assertEquals(await imagesOf(opened), []);
  web.allow();
});

Deno.test("Upload() offers no URLs if the cloud does not import them", {
  ignore: IGNORED,
}, async () => {
  await using opened = await PageInChromium.open();
  const { page } = opened;
  const methods = page.waitForResponse(/\/info\/import$/);
  await page.getByRole("button", { name: "Upload", exact: true }).click();
  await (await methods).finished();
  await panel(page).getByText("choose files").waitFor();
  assertEquals(await panel(page).getByRole("textbox").count(), 0);
});
