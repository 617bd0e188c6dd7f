/// <reference lib="dom" />
/** Small windows, and the keyboard. */
import { Buffer } from "node:buffer";
import { assert, assertEquals } from "@std/assert";
import type { Locator, Page } from "playwright-core";
import {
  addImage,
  type GlanceFetch,
  IGNORED,
  PageInChromium,
  shareChromium,
} from "./page_in_chromium.ts";

shareChromium();

/** A phone, a window of 1280 by 720 pixels at 200 %, and one that is lower than its controls. */
const SIZES = [[360, 740], [640, 360], [360, 240]] as const;

const NAMES = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];

async function someImages(glance: GlanceFetch): Promise<void> {
  for (const name of NAMES) await addImage(glance, { name });
}

async function chooseFiles(page: Page, count: number): Promise<Locator> {
  await page.getByRole("button", { name: "Upload", exact: true }).click();
  const files = Array.from({ length: count }, (_, i) => ({
    name: `disk-${i}.img`,
    mimeType: "application/octet-stream",
    buffer: Buffer.alloc(1000),
  }));
  await page.locator("input[type=file]").setInputFiles(files);
  const start = page.getByRole("button", { name: /^Start/ });
  await start.and(page.locator(":enabled")).waitFor();
  return start;
}

/** Whether a click in the middle of an element reaches it without scrolling. */
function isReachable(element: Locator): Promise<boolean> {
  return element.evaluate((node) => {
    const { left, top, width, height } = node.getBoundingClientRect();
    const hit = document.elementFromPoint(left + width / 2, top + height / 2);
    return hit !== null && node.contains(hit);
  });
}

Deno.test("Upload() shows its start button without scrolling, and keeps the list usable", {
  ignore: IGNORED,
}, async () => {
  await using opened = await PageInChromium.open({ prepare: someImages });
  const { page } = opened;
  await page.getByRole("link", { name: "one", exact: true }).waitFor();
  const start = await chooseFiles(page, 4);
  for (const [width, height] of SIZES) {
    await page.setViewportSize({ width, height });
    await page.evaluate(() => scrollTo(0, 0));
    assert(await isReachable(start), `${width} by ${height}`);
    const list = page.getByRole("region", { name: "Images" });
    const { clientHeight, bottom } = await list.evaluate((node) => {
      scrollTo(0, document.documentElement.scrollHeight);
      return { clientHeight: node.clientHeight, bottom: node.getBoundingClientRect().bottom };
    });
    assert(clientHeight >= 190 && bottom <= height, `${clientHeight}, ${bottom} of ${height}`);
  }
});

Deno.test("App() gives the focus to a form, and back to the button that has opened it", {
  ignore: IGNORED,
}, async () => {
  await using opened = await PageInChromium.open({ prepare: someImages });
  const { page } = opened;
  const focused = () =>
    page.evaluate(() => {
      const { activeElement } = document;
      return activeElement?.getAttribute("aria-label") ?? activeElement?.textContent?.trim();
    });
  const { keyboard } = page;
  await page.getByRole("link", { name: "two", exact: true }).press("Enter");
  for (
    const [name, field] of [["Edit", "Name"], ["Delete", "Type two to delete the image"]] as const
  ) {
    for (const key of ["Escape", "Enter"]) {
      await page.getByRole("button", { name, exact: true }).press("Enter");
      await page.getByLabel(field).and(page.locator(":focus")).waitFor();
      if (key === "Enter") await page.getByRole("button", { name: "Cancel" }).focus();
      await keyboard.press(key);
      await page.getByRole("button", { name: "Cancel" }).waitFor({ state: "detached" });
      assertEquals(await focused(), name);
    }
  }
  await keyboard.press("Escape");
  assertEquals(await focused(), "two");
  await page.getByRole("button", { name: "Upload", exact: true }).press("Enter");
  await page.locator("input[type=file]:focus").waitFor({ state: "attached" });
  await keyboard.press("Escape");
  await page.locator("input[type=file]").waitFor({ state: "detached" });
  assertEquals(await focused(), "Upload");
});

Deno.test("App() gives the focus to the next image after one was deleted", {
  ignore: IGNORED,
}, async () => {
  await using opened = await PageInChromium.open({ prepare: someImages });
  const { page } = opened;
  await page.getByRole("link", { name: "two", exact: true }).press("Enter");
  const remove = page.getByRole("button", { name: "Delete" });
  await remove.press("Enter");
  // The form gets the focus, and its button is enabled, a frame later.
  await page.getByLabel("to delete the image").and(page.locator(":focus")).waitFor();
  await page.keyboard.type("two");
  await remove.and(page.locator(":enabled")).waitFor();
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: "two", exact: true }).waitFor({ state: "detached" });
  await page.getByRole("link").and(page.locator("tbody :focus")).waitFor();
});

Deno.test("App() shows states with forced colors, and moves nothing with reduced motion", {
  ignore: IGNORED,
}, async () => {
  await using opened = await PageInChromium.open({ prepare: someImages });
  const { page } = opened;
  await page.emulateMedia({ forcedColors: "active", reducedMotion: "reduce" });
  const tab = (name: string) =>
    page.getByRole("link", { name, exact: true }).evaluate((node) =>
      getComputedStyle(node).borderBottomColor
    );
  const canvas = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await page.getByRole("link", { name: "two", exact: true }).click();
  assert(await tab("All") !== await tab("Public"), `${await tab("All")} on ${canvas}`);
  const moving = await page.evaluate(() => document.getAnimations().length);
  assertEquals(moving, 0);
});

Deno.test("Details() keeps its actions in a low window under a name of 255 characters", {
  ignore: IGNORED,
}, async () => {
  await using opened = await PageInChromium.open({
    width: 640,
    height: 360,
    prepare: (glance) => addImage(glance, { name: "long name ".repeat(30).slice(0, 254) }),
  });
  const { page } = opened;
  await page.getByRole("link", { name: /^long name/ }).click();
  const edit = page.getByRole("button", { name: "Edit" });
  await edit.scrollIntoViewIfNeeded();
  assert(await isReachable(edit));
});

Deno.test("App() goes back and forward between an image and the list", {
  ignore: IGNORED,
}, async () => {
  await using opened = await PageInChromium.open({ prepare: someImages });
  const { page } = opened;
  const heading = page.getByRole("heading", { level: 2 });
  await page.getByRole("link", { name: "two", exact: true }).click();
  await page.getByRole("link", { name: "Public", exact: true }).click();
  await page.goBack();
  await heading.getByText("two").waitFor();
  await page.goBack();
  await heading.waitFor({ state: "detached" });
  await page.goForward();
  await heading.getByText("two").waitFor();
});

Deno.test("Details() cover the list of a narrow window, also for the keyboard", {
  ignore: IGNORED,
}, async () => {
  await using opened = await PageInChromium.open({ width: 768, prepare: someImages });
  const { page } = opened;
  const list = page.getByRole("region", { name: "Images" });
  await page.getByRole("link", { name: "two", exact: true }).press("Enter");
  await page.getByRole("heading", { name: "two" }).waitFor();
  assertEquals([await list.count(), await page.getByRole("banner").count()], [0, 0]);
  await page.keyboard.press("Escape");
  await page.getByRole("link", { name: "two", exact: true }).and(page.locator(":focus")).waitFor();
});

Deno.test("App() shows the list that it has while the browser is offline", {
  ignore: IGNORED,
}, async () => {
  await using opened = await PageInChromium.open({ prepare: someImages });
  const { page } = opened;
  await page.getByRole("link", { name: "two", exact: true }).waitFor();
  await page.context().setOffline(true);
  await page.getByRole("button", { name: "Reload" }).click();
  await page.getByRole("alert").waitFor();
  assertEquals((await opened.names()).length, NAMES.length);
  await page.context().setOffline(false);
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByRole("alert").waitFor({ state: "detached" });
  opened.allowFailedRequests();
});
