/// <reference lib="dom" />
/** Transfers that are interrupted: by the end of a session, by the network, by the gateway, and by the user. */
import { Buffer } from "node:buffer";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Page } from "playwright-core";
import { serve } from "../../../lib/cli/server/serve.ts";
import { createEmbeddedGlance, memoryStorage } from "../../../lib/embedded/mod.ts";
import { createImageRouter } from "../../../lib/router/mod.ts";
import { seededBytes } from "../../support/seed.ts";
import { PageKeystone } from "../page_keystone.ts";
import { pickPrivateFile } from "./private_files.ts";
import { addImage, IGNORED, PageInChromium, shareChromium, signIn } from "./page_in_chromium.ts";

shareChromium();

const panel = (page: Page) => page.getByRole("region", { name: "Upload" });

async function startUpload(page: Page, path?: string): Promise<void> {
  await page.getByRole("button", { name: "Upload", exact: true }).click();
  const mimeType = "application/octet-stream";
  const file = { name: "disk.img", mimeType, buffer: Buffer.from(seededBytes(1, 100_000)) };
  await panel(page).locator("input[type=file]").setInputFiles(path ?? file);
  await panel(page).getByRole("button", { name: "Start the upload" }).click();
}

/** Holds uploads until `release`, and then stores them or not. */
function heldUploads() {
  const released = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  const wrapFetch = (send: typeof fetch): typeof fetch => async (input, init) => {
    const request = new Request(input, init);
    if (request.method !== "PUT") return await send(request);
    const { url, method, headers } = request;
    const body = await request.bytes();
    started.resolve();
    await released.promise;
    return await send(new Request(url, { method, headers, body }));
  };
  return { wrapFetch, started: started.promise, release: released.resolve };
}

async function statuses({ glance }: PageInChromium): Promise<readonly string[]> {
  const { images } = await (await glance("/v2/images")).json();
  return images.map(({ status }: { status: string }) => status);
}

Deno.test("Upload() is completed with a renewed token if the first one ends meanwhile", {
  ignore: IGNORED,
}, async () => {
  const keystone = new PageKeystone();
  const { wrapFetch, started, release } = heldUploads();
  await using opened = await PageInChromium.open({ keystone, wrapFetch });
  const { page } = opened;
  await signIn(page);
  await startUpload(page);
  await started;
  const ended = [...keystone.tokens.keys()].filter((token) => token.startsWith("token-"));
  release();
  await page.waitForResponse((response) => response.request().method() === "PUT");
  for (const token of ended) keystone.tokens.delete(token);
  await panel(page).getByText("Uploaded, and its hash is right").waitFor();
  assertEquals(await statuses(opened), ["active"]);
  opened.allowFailedRequests();
});

Deno.test("Account() cancels what is running before it signs out, and removes the files", {
  ignore: IGNORED,
}, async () => {
  const keystone = new PageKeystone();
  const { wrapFetch, started, release } = heldUploads();
  await using opened = await PageInChromium.open({ keystone, wrapFetch });
  const { page } = opened;
  await signIn(page);
  await startUpload(page);
  await started;
  const signOut = page.getByRole("button", { name: "Sign out" });
  page.once("dialog", (dialog) => void dialog.dismiss());
  await signOut.click();
  assertEquals(await signOut.count(), 1);
  page.once("dialog", (dialog) => void dialog.accept());
  const revoked = page.waitForResponse((response) =>
    response.request().method() === "DELETE" && response.url().endsWith("/page/session")
  );
  await signOut.click();
  await revoked;
  assertEquals(await statuses(opened), []);
  await signIn(page);
  await page.getByRole("button", { name: "Upload", exact: true }).click();
  await panel(page).getByText("choose files").waitFor();
  assertEquals(await panel(page).getByText("disk.img").count(), 0);
  release();
});

Deno.test("Upload() keeps its lines while the page asks to sign in again", {
  ignore: IGNORED,
}, async () => {
  const keystone = new PageKeystone();
  await using opened = await PageInChromium.open({ keystone });
  const { page } = opened;
  await signIn(page);
  await startUpload(page);
  await panel(page).getByText("Uploaded, and its hash is right").waitFor();
  keystone.tokens.clear();
  keystone.fault = () => Response.json({ error: { message: "no" } }, { status: 401 });
  await page.getByRole("button", { name: "Reload" }).click();
  await page.getByRole("alert").getByText("Your session has ended").waitFor();
  keystone.fault = () => null;
  await signIn(page);
  await panel(page).getByText("Uploaded, and its hash is right").waitFor();
  opened.allowFailedRequests();
});

Deno.test("Upload() leaves no image if it is canceled while its image is created", {
  ignore: IGNORED,
}, async () => {
  const created = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const wrapFetch = (send: typeof fetch): typeof fetch => async (input, init) => {
    const request = new Request(input, init);
    const isCreation = request.method === "POST" && request.url.endsWith("/v2/images");
    const response = await send(request);
    if (!isCreation) return response;
    created.resolve();
    await released.promise;
    return response;
  };
  await using opened = await PageInChromium.open({ wrapFetch });
  const { page } = opened;
  await startUpload(page);
  await created.promise;
  await panel(page).getByRole("button", { name: "Cancel" }).click();
  const deleted = page.waitForResponse((response) => response.request().method() === "DELETE");
  released.resolve();
  await deleted;
  assertEquals(await statuses(opened), []);
});

Deno.test("Upload() leaves no image if its tab is closed", { ignore: IGNORED }, async () => {
  const { wrapFetch, started, release } = heldUploads();
  const deleted = Promise.withResolvers<void>();
  await using opened = await PageInChromium.open({
    wrapFetch: (send) => async (input, init) => {
      const response = await wrapFetch(send)(input, init);
      if (new Request(input, init).method === "DELETE") deleted.resolve();
      return response;
    },
  });
  const { page } = opened;
  await startUpload(page);
  await started;
  assertEquals((await statuses(opened)).length, 1);
  page.once("dialog", (dialog) => void dialog.accept());
  await page.goto("about:blank");
  await deleted.promise;
  assertEquals(await statuses(opened), []);
  release();
  opened.allowFailedRequests();
});

Deno.test("Upload() that is canceled after its last byte leaves no image", {
  ignore: IGNORED,
}, async () => {
  const { wrapFetch, started, release } = heldUploads();
  await using opened = await PageInChromium.open({ wrapFetch });
  const { page } = opened;
  await startUpload(page);
  await started;
  await panel(page).getByText("Sent. Glance is storing the data").waitFor();
  await panel(page).getByRole("button", { name: /^Cancel/ }).click();
  await panel(page).getByText("Canceled").waitFor();
  release();
  assertEquals(await statuses(opened), []);
  await page.getByText("There are no images here.").waitFor();
});

Deno.test("Upload() reports that a file has changed, and leaves no image", {
  ignore: IGNORED,
}, async () => {
  const folder = await Deno.makeTempDir();
  await using _ = { [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }) };
  const path = `${folder}/disk.img`;
  await Deno.writeFile(path, seededBytes(1, 100_000));
  await using opened = await PageInChromium.open();
  const { page } = opened;
  await page.getByRole("button", { name: "Upload", exact: true }).click();
  await panel(page).locator("input[type=file]").setInputFiles(path);
  const start = panel(page).getByRole("button", { name: "Start the upload" });
  await start.and(page.locator(":enabled")).waitFor();
  await Deno.writeFile(path, seededBytes(2, 50_000));
  await Deno.utime(path, 1, 1);
  await start.click();
  const text = await panel(page).getByRole("alert").textContent() ?? "";
  assertStringIncludes(text, `Cannot upload "disk.img": it cannot be read, or has changed`);
  assertEquals(await statuses(opened), []);
  opened.allowFailedRequests();
});

Deno.test("Upload() fails without a network, and succeeds on the next try", {
  ignore: IGNORED,
}, async () => {
  await using opened = await PageInChromium.open();
  const { page } = opened;
  await page.getByText("There are no images here.").waitFor();
  await page.context().setOffline(true);
  await startUpload(page);
  await panel(page).getByRole("alert").getByText("Failed: ").waitFor();
  await page.context().setOffline(false);
  await panel(page).getByRole("button", { name: "Try again" }).click();
  await panel(page).getByRole("button", { name: "Start the upload" }).click();
  await panel(page).getByText("Uploaded, and its hash is right").waitFor();
  assertEquals(await statuses(opened), ["active"]);
  opened.allowFailedRequests();
});

Deno.test("Download() writes an empty image", { ignore: IGNORED }, async () => {
  await using opened = await PageInChromium.open({
    initScripts: [pickPrivateFile],
    prepare: (glance) => addImage(glance, { name: "disk" }, new Uint8Array()),
  });
  const { page } = opened;
  await page.getByRole("link", { name: "disk", exact: true }).click();
  await page.getByRole("button", { name: "Download", exact: true }).click();
  await page.getByText("Downloaded, and its hash is right").waitFor();
});

Deno.test("Download() continues after the gateway was restarted", {
  ignore: IGNORED,
}, async () => {
  const storage = memoryStorage();
  const glance = createEmbeddedGlance({ storage });
  const router = createImageRouter({
    apiServers: ["http://glance.invalid"],
    fetch: (input, init) => glance.fetch(new Request(input, init)),
    page: true,
  });
  const data = seededBytes(1, 24 * 2 ** 20);
  let requests = 0;
  let restarted = Promise.resolve();
  let gateway = serve(respond, { host: "127.0.0.1", port: 0 });
  const { port } = new URL(gateway.url);
  async function respond(request: Request): Promise<Response> {
    const response = await router.fetch(request);
    if (!request.url.endsWith("/file") || ++requests > 1) return response;
    let sent = 0;
    const dying = new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        controller.enqueue(chunk);
        sent += chunk.byteLength;
        if (sent < data.byteLength / 2 || sent - chunk.byteLength > data.byteLength / 2) return;
        restarted = gateway.kill().then(() => {
          gateway = serve(respond, { host: "127.0.0.1", port: Number(port) });
        });
      },
    });
    const { status, headers } = response;
    return new Response(response.body?.pipeThrough(dying) ?? null, { status, headers });
  }
  try {
    await using opened = await PageInChromium.open({ initScripts: [pickPrivateFile] });
    const { page } = opened;
    const send = (path: string, init?: RequestInit) =>
      glance.fetch(new Request(`http://glance.invalid${path}`, init));
    await addImage(send, { name: "disk" }, data);
    await page.goto(gateway.url);
    await page.getByRole("link", { name: "disk", exact: true }).click();
    await page.getByRole("button", { name: "Download", exact: true }).click();
    await page.getByText("Downloaded, and its hash is right").waitFor();
    assert(requests > 1, `${requests} requests`);
    opened.allowFailedRequests();
  } finally {
    await restarted;
    await gateway.kill();
  }
});

Deno.test("DeleteForm() accepts a name as people see it", { ignore: IGNORED }, async () => {
  await using opened = await PageInChromium.open({
    prepare: (glance) => addImage(glance, { name: " cafe\u0301 \u00a0 disk" }),
  });
  const { page } = opened;
  await page.getByRole("row", { name: /disk/ }).click();
  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByLabel("to delete the image").fill("caf\u00e9 disk");
  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByText("There are no images here.").waitFor();
});
