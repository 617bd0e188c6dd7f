/// <reference lib="dom" />
/** Two tabs, and other users: what the page shows when something changes elsewhere. */
import { Buffer } from "node:buffer";
import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Page } from "playwright-core";
import { PageKeystone } from "../page_keystone.ts";
import {
  addImage,
  type GlanceFetch,
  IGNORED,
  PageInChromium,
  type PageInput,
  shareChromium,
  signIn,
} from "./page_in_chromium.ts";
import { pickPrivateFile } from "./private_files.ts";

shareChromium();

/** Opens a page with the images `one` and `two`, and shows the details of `one`. */
async function openOne(input: PageInput = {}) {
  let id = "";
  const opened = await PageInChromium.open({
    prepare: async (glance: GlanceFetch) => {
      id = await addImage(glance, { name: "one", visibility: "shared" });
      await addImage(glance, { name: "two" });
    },
    ...input,
  });
  const { page } = opened;
  await page.getByRole("link", { name: "two", exact: true }).waitFor();
  return { opened, page, id, image: `/v2/images/${id}` };
}

const showOne = (page: Page) => page.getByRole("link", { name: "one", exact: true }).click();

Deno.test("Details() says once that an image was deleted elsewhere", {
  ignore: IGNORED,
}, async () => {
  const { opened, page, image } = await openOne();
  await using _ = opened;
  await opened.glance(image, { method: "DELETE" });
  const missing = page.waitForResponse((response) => response.url().endsWith(image));
  await showOne(page);
  await (await missing).finished();
  await page.getByRole("alert").waitFor();
  await page.waitForFunction(() => document.querySelector(".members") === null);
  assertEquals(await page.getByRole("alert").count(), 1);
  assertEquals(await page.getByRole("button", { name: "Edit" }).count(), 0);
  await page.getByRole("button", { name: "Reload" }).click();
  await page.getByRole("status").getByText("1 image,").waitFor();
  assertEquals(await page.getByRole("alert").count(), 1);
  opened.allowFailedRequests();
});

Deno.test("EditForm() keeps what was changed elsewhere while it was open", {
  ignore: IGNORED,
}, async () => {
  const { opened, page, image } = await openOne();
  await using _ = opened;
  await showOne(page);
  await page.getByRole("button", { name: "Edit" }).click();
  const headers = { "content-type": "application/openstack-images-v2.1-json-patch" };
  const patch = [{ op: "replace", path: "/name", value: "elsewhere" }];
  await opened.glance(image, { method: "PATCH", headers, body: JSON.stringify(patch) });
  await page.getByRole("button", { name: "Reload" }).click();
  await page.getByRole("heading", { name: "elsewhere" }).waitFor();
  await page.getByLabel("Tags, separated by commas").fill("lts");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("status").getByText("Saved").waitFor({ state: "attached" });
  const { name, tags } = await (await opened.glance(image)).json();
  assertEquals([name, tags], ["elsewhere", ["lts"]]);
});

Deno.test("App() keeps the list and the details when another image is stored", {
  ignore: IGNORED,
}, async () => {
  const { opened, page } = await openOne();
  await using _ = opened;
  await showOne(page);
  await page.getByRole("button", { name: "Upload", exact: true }).click();
  // Names as people give them, which some pages encode wrongly.
  await page.locator("input[type=file]").setInputFiles(["Lousã 中文.img", "a;b'\"#%.img"].map(
    (name) => ({ name, mimeType: "", buffer: Buffer.from(name) }),
  ));
  await page.getByRole("button", { name: "Start 2 uploads" }).click();
  await page.getByRole("status").getByText("4 images").waitFor();
  assertEquals(
    (await opened.names()).toSorted(),
    ["Lousã 中文", "a;b'\"#%", "one", "two"].toSorted(),
  );
  await page.getByRole("heading", { name: "one" }).waitFor();
});

Deno.test("Account() signs out of one tab, and the other one works on", {
  ignore: IGNORED,
}, async () => {
  await using opened = await PageInChromium.open({ keystone: new PageKeystone() });
  const { page } = opened;
  const other = await page.context().newPage();
  await other.goto(page.url());
  for (const tab of [page, other]) await signIn(tab);
  const revoked = page.waitForResponse((response) => response.request().method() === "DELETE");
  await page.getByRole("button", { name: "Sign out" }).click();
  await revoked;
  const listed = other.waitForResponse(/images/);
  await other.getByRole("button", { name: "Reload" }).click();
  assertEquals((await listed).status(), 200);
  assertStringIncludes(await other.getByRole("status").first().textContent() ?? "", "0 images");
});

Deno.test("Download() that is canceled ends the download from Glance, too", {
  ignore: IGNORED,
}, async () => {
  const aborted = Promise.withResolvers<void>();
  const { opened, page } = await openOne({
    prepare: async (glance) => {
      await addImage(glance, { name: "one" }, new Uint8Array(1_000));
      await addImage(glance, { name: "two" });
    },
    wrapFetch: (send) => async (input, init) => {
      const response = await send(input, init);
      if (!new Request(input).url.endsWith("/file")) return response;
      await response.body?.cancel();
      const body = new ReadableStream({
        start: (controller) => controller.enqueue(new Uint8Array(10)),
        cancel: () => aborted.resolve(),
      });
      return new Response(body, { status: response.status, headers: response.headers });
    },
    initScripts: [pickPrivateFile],
  });
  await using _ = opened;
  await showOne(page);
  await page.getByRole("button", { name: "Download", exact: true }).click();
  await page.getByText(/^1 % · 10 B/).waitFor();
  await page.getByRole("button", { name: "Cancel download of one" }).click();
  await page.getByRole("status").getByText("Canceled").waitFor();
  await aborted.promise;
});
