/// <reference lib="dom" />
/** Every task of the page, with the keyboard alone. */
import { Buffer } from "node:buffer";
import { assertEquals, assertMatch } from "@std/assert";
import type { Page } from "playwright-core";
import { seededBytes } from "../../support/seed.ts";
import { PageKeystone, SECRET } from "../page_keystone.ts";
import { Keyboard, recordAnnouncements } from "./keyboard.ts";
import {
  addImage,
  type GlanceFetch,
  IGNORED,
  PageInChromium,
  type PageInput,
  shareChromium,
} from "./page_in_chromium.ts";
import { pickPrivateFile } from "./private_files.ts";

shareChromium();

/** Opens a page with some images: `disk-0`, and so on. */
async function openWith(count: number, input: PageInput = {}) {
  const opened = await PageInChromium.open({
    initScripts: [recordAnnouncements, pickPrivateFile],
    path: "/?sort=name",
    prepare: async (glance: GlanceFetch) => {
      for (let i = 0; i < count; i++) {
        const image = { name: `disk-${i}`, visibility: "shared", tags: i === 1 ? ["lts"] : [] };
        await addImage(glance, image, i === 0 ? seededBytes(1, 3_000_000) : undefined);
      }
    },
    ...input,
  });
  return { opened, page: opened.page, keys: new Keyboard(opened.page) };
}

const status = (page: Page, text: string) =>
  page.getByRole("status").getByText(text, { exact: false }).first().waitFor();

Deno.test("App() has its controls in the order in which they are seen", {
  ignore: IGNORED,
}, async () => {
  const { opened, page, keys } = await openWith(2);
  await using _ = opened;
  await status(page, "2 images");
  const reached: string[] = [];
  while (reached.at(-1) !== "disk-1") reached.push(await keys.press("Tab"));
  assertEquals(reached, [
    ...["Edge", "All", "Public", "Community", "Shared", "Private"],
    ...["Search by name", "Filters", "Reload", "Upload", "Images"],
    ...["Name", "Status", "Visibility", "Format", "Size", "Created", "disk-0", "disk-1"],
  ]);
});

Deno.test("Toolbar() searches, filters, and sorts with the keyboard alone", {
  ignore: IGNORED,
}, async () => {
  const { opened, page, keys } = await openWith(4);
  await using _ = opened;
  await status(page, "4 images");
  await keys.tabTo("Search by name");
  await keys.type("disk-2");
  await keys.heard("1 image of 4");
  await keys.type(" ");
  await keys.heard("4 images");
  await keys.use("Filters", "Space");
  await keys.tabTo("Tag");
  await page.keyboard.type("lts");
  await keys.heard("1 image of 4");
  await keys.tabTo("Size from");
  await keys.type("nonsense");
  assertEquals(await page.locator("[aria-invalid=true]").count(), 1);
  await keys.use("Hidden images", "Space");
  await status(page, "0 images");
  await keys.use("Clear");
  await status(page, "4 images");
  assertEquals(await keys.focused(), "Clear");
  await keys.use("Name");
  await page.locator("th[aria-sort=descending]").waitFor();
  assertEquals(await keys.focused(), "Name");
  await keys.use("Reload", "Enter", true);
  assertEquals(await keys.focused(), "Reload");
  await keys.tabTo("Search by name", true);
  await keys.type("no such image");
  await keys.use("Clear the filters");
  await status(page, "4 images");
  await keys.waitFor("Images");
  await keys.use("Private", "Enter", true);
  await status(page, "0 images");
  assertMatch(page.url(), /tab=private/);
});

Deno.test("ImageTable() moves through a long list, and keeps the focus when it changes", {
  ignore: IGNORED,
}, async () => {
  const { opened, page, keys } = await openWith(300);
  await using _ = opened;
  await status(page, "300 images");
  await keys.tabTo("disk-0");
  for (let i = 1; i <= 60; i++) assertEquals(await keys.press("ArrowDown"), `disk-${i}`);
  for (let i = 59; i >= 30; i--) assertEquals(await keys.press("ArrowUp"), `disk-${i}`);
  // Rows that were scrolled away are not in the document, and neither are those that are deleted.
  await page.getByRole("region", { name: "Images" }).evaluate((list) => list.scrollTo(0, 9_000));
  await page.getByRole("link", { name: "disk-220", exact: true }).waitFor();
  assertMatch(await keys.press("ArrowDown"), /^disk-2\d\d$/);
  const name = await keys.focused();
  const { images } = await (await opened.glance(`/v2/images?name=${name}`)).json();
  await opened.glance(`/v2/images/${images[0].id}`, { method: "DELETE" });
  await page.evaluate(() => document.querySelector<HTMLElement>("[title=Reload]")?.click());
  await keys.heard("299 images");
  assertMatch(await keys.focused(), /^disk-2\d\d$/);
  await keys.press("Enter");
  await page.getByRole("complementary").waitFor();
  await page.goBack();
  assertMatch(await keys.focused(), /^disk-2\d\d$/);
});

Deno.test("Details() does everything with the keyboard alone", { ignore: IGNORED }, async () => {
  const { opened, page, keys } = await openWith(3);
  await using _ = opened;
  await status(page, "3 images");
  await keys.use("disk-0");
  await keys.waitFor("disk-0");
  assertEquals(await keys.press("Tab"), "Close");
  await keys.use("Copy sha512");
  await keys.heard("Copied");
  assertMatch(await page.evaluate(() => navigator.clipboard.readText()), /^[0-9a-f]{128}$/);

  await keys.use("Edit", "Enter", true);
  await keys.waitFor("Name");
  await keys.type("renamed");
  await keys.tabTo("Visibility");
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("ArrowDown");
  await keys.tabTo("Tags, separated by commas");
  await keys.type("lts, x86");
  await keys.use("Add a property", "Space");
  await keys.waitFor("Name of property 1");
  await keys.type("os_distro");
  assertEquals(await keys.press("Tab"), "Value of property 1");
  await keys.type("debian");
  await keys.use("Add a property");
  await keys.waitFor("Name of property 2");
  await keys.use("Remove property 2");
  await keys.waitFor("Name of property 1");
  await keys.use("Save");
  await keys.heard("Saved");
  await keys.waitFor("Edit");
  const { images } = await (await opened.glance("/v2/images?name=renamed")).json();
  assertEquals([images[0].os_distro, images[0].tags.toSorted()], ["debian", ["lts", "x86"]]);

  await keys.use("Deactivate");
  await keys.heard("Deactivated");
  await keys.waitFor("Reactivate");
  await page.keyboard.press("Space");
  await keys.heard("Active ·");
  await keys.waitFor("Deactivate");

  for (const project of ["project-b", "project-c"]) {
    await keys.tabTo("Project to share with");
    await keys.type(project);
    await page.keyboard.press("Enter");
    await keys.heard(project);
    await keys.tabTo("Edit", true);
  }
  await keys.use("Accept for project-b");
  await keys.heard("accepted");
  await keys.waitFor("Reject for project-b");
  await page.keyboard.press("Enter");
  await keys.heard("rejected");
  await keys.waitFor("Accept for project-b");
  await keys.use("Remove project-b");
  await page.getByText("project-b").waitFor({ state: "detached" });
  await keys.focused();
  await keys.use("Remove project-c", "Enter");
  await keys.heard("No project yet.");
  await keys.waitFor("Project to share with");
  await keys.use("curl");
  await page.locator("details[open] pre").waitFor();

  await keys.use("Delete", "Enter", true);
  await keys.waitFor("Type renamed to delete the image");
  await keys.type("other");
  await keys.press("Enter");
  await keys.type("renamed");
  await keys.use("Delete");
  await keys.heard("2 images");
  await keys.waitFor("disk-1");
});

Deno.test("Download() is started and canceled with the keyboard alone", {
  ignore: IGNORED,
}, async () => {
  const held = new ReadableStream({ start: (body) => body.enqueue(new Uint8Array(100)) });
  const { opened, page, keys } = await openWith(1, {
    isEndless: true,
    front: (request, response) =>
      request.url.endsWith("/file")
        ? new Response(held, { status: response.status, headers: response.headers })
        : response,
  });
  await using _ = opened;
  await status(page, "1 image");
  await keys.use("disk-0");
  await keys.use("Download");
  await page.getByRole("progressbar").waitFor();
  assertEquals(await keys.focused(), "Download");
  await keys.use("Cancel download of disk-0");
  await keys.heard("Canceled");
  await keys.waitFor("Download");
  assertEquals(await keys.press("Tab"), "Edit");
  await page.keyboard.press("Escape");
  await keys.waitFor("disk-0");
});

Deno.test("Upload() chooses, cancels, removes, and imports with the keyboard alone", {
  ignore: IGNORED,
}, async () => {
  const { opened, page, keys } = await openWith(0, {
    glance: { fetch: () => Promise.resolve(new Response(seededBytes(1, 1_000))) },
    wrapFetch: (send) => async (input, init) => {
      const request = new Request(input, init);
      if (request.headers.get("x-openstack-image-size") !== "2000") return await send(request);
      return await new Promise((_, reject) =>
        request.signal.addEventListener("abort", () => reject(request.signal.reason))
      );
    },
  });
  await using _ = opened;
  const files = [1_000, 2_000, 3_000].map((size) => ({
    name: `file-${size}.img`,
    mimeType: "application/octet-stream",
    buffer: Buffer.from(seededBytes(1, size)),
  }));
  await status(page, "0 images");
  const chooser = page.waitForEvent("filechooser");
  await keys.use("Upload");
  await keys.waitFor("Drop images anywhere, or choose files");
  await page.keyboard.press("Enter");
  await (await chooser).setFiles(files);
  await page.getByRole("button", { name: "Start 3 uploads" }).waitFor();
  await keys.focused();
  await keys.use("Remove file-3000.img");
  await page.getByText("file-3000.img").waitFor({ state: "detached" });
  await keys.focused();
  await keys.tabTo("Name");
  await keys.type("second");
  await keys.use("Start 2 uploads");
  await keys.heard("Uploaded, and its hash is right");
  await keys.use("Cancel upload of file-2000.img");
  await keys.heard("Canceled");
  await keys.waitFor("Remove file-2000.img");
  await keys.tabTo("URL of an image", true);
  await page.keyboard.type("https://mirror.example/from-url.img");
  await keys.press("Enter");
  await keys.use("Start the upload");
  await keys.heard("Imported");
  await keys.focused();
  await page.keyboard.press("Escape");
  await keys.waitFor("Upload");
  await keys.tabTo("from-url");
});

Deno.test("SignIn() and Account() are used with the keyboard alone", {
  ignore: IGNORED,
}, async () => {
  const { opened, page, keys } = await openWith(1, { keystone: new PageKeystone() });
  await using _ = opened;
  await keys.waitFor("User");
  await keys.type("alice");
  await keys.press("Tab");
  await keys.type("wrong");
  await keys.press("Enter");
  await keys.heard("Cannot sign in");
  assertEquals(await keys.focused(), "Password");
  await keys.type(SECRET);
  await keys.tabTo("Project");
  await keys.type("demo");
  await keys.use("Sign in");
  await keys.heard("1 image");
  await keys.waitFor("All");
  await keys.tabTo("Project", true);
  await page.keyboard.type("ops");
  await keys.heard("0 images");
  assertEquals(await keys.focused(), "Project");
  await keys.use("Sign out");
  await keys.waitFor("User");
  await keys.use("Password", "ArrowRight", true);
  await page.getByLabel("ID").waitFor();
  opened.allowFailedRequests();
});

Deno.test("Edge() is opened and closed with the keyboard alone", { ignore: IGNORED }, async () => {
  const { opened, page, keys } = await openWith(1);
  await using _ = opened;
  await status(page, "1 image");
  await keys.use("Edge", "Space");
  await page.getByRole("region", { name: "Edge" }).getByText("Requests").waitFor();
  assertEquals(await keys.focused(), "Edge");
  await keys.press("Enter");
  await page.getByRole("region", { name: "Edge" }).waitFor({ state: "detached" });
});
