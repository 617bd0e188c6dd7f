/// <reference lib="dom" />
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  addImage,
  type GlanceFetch,
  IGNORED,
  PageInChromium,
  shareChromium,
} from "./page_in_chromium.ts";

shareChromium();

/** Four images that differ in everything. */
async function fourImages(glance: GlanceFetch): Promise<void> {
  const images = [
    [{ name: "image-10", visibility: "public", tags: ["lts"] }, 3_000],
    [{ name: "image-9", visibility: "private", disk_format: "iso" }, undefined],
    [{ name: "Debian", visibility: "shared" }, 2_000_000],
    [{ name: "community", visibility: "community" }, 10],
  ] as const;
  for (const [image, size] of images) {
    await addImage(glance, image, size === undefined ? undefined : new Uint8Array(size));
  }
}

Deno.test(
  "ImageTable() shows the images of each tab, with readable sizes",
  { ignore: IGNORED },
  async () => {
    await using opened = await PageInChromium.open({ prepare: fourImages });
    const { page } = opened;
    await page.getByRole("status").getByText("4 images, 1.9 MiB").waitFor();
    for (
      const [tab, names] of [
        ["Private", ["image-9"]],
        ["Shared", ["Debian"]],
        ["Public", ["image-10"]],
        ["Community", ["community"]],
      ] as const
    ) {
      await page.getByRole("link", { name: tab, exact: true }).click();
      await page.getByRole("status").getByText("1 image,").waitFor();
      await opened.shows(...names);
      assertStringIncludes(page.url(), `?tab=${tab.toLowerCase()}`);
    }
    await page.goBack();
    await page.getByRole("link", { name: "image-10" }).waitFor();
    await page.getByRole("link", { name: "All", exact: true }).click();
    await page.getByRole("row", { name: /^Debian/ }).getByText("1.9 MiB").waitFor();
  },
);

Deno.test("Toolbar() keeps search and filters in the address", { ignore: IGNORED }, async () => {
  await using opened = await PageInChromium.open({ prepare: fourImages });
  const { page } = opened;
  await page.getByRole("status").getByText("4 images").waitFor();
  await page.keyboard.press("/");
  await page.keyboard.type("IMAGE");
  await page.getByText("2 images of 4").waitFor();
  await page.getByRole("button", { name: "Filters", exact: true }).click();
  await page.getByRole("combobox", { name: "Format" }).selectOption("iso");
  await page.getByText("1 image of 4").waitFor();
  assertEquals(new URL(page.url()).search, "?q=IMAGE&format=iso");
  await page.reload();
  await page.getByText("1 image of 4").waitFor();
  await opened.shows("image-9");
  await page.getByRole("button", { name: "Clear", exact: true }).click();
  await page.getByLabel("Search by name").fill("");
  await page.getByLabel("Size from").fill("2 KiB");
  await page.getByText("2 images of 4").waitFor();
  await page.getByRole("combobox", { name: "Tag" }).selectOption("lts");
  await page.getByText("1 image of 4").waitFor();
  await opened.shows("image-10");
});

Deno.test("ImageTable() sorts by a column, and back", { ignore: IGNORED }, async () => {
  await using opened = await PageInChromium.open({ prepare: fourImages });
  const { page } = opened;
  await page.getByRole("button", { name: "Name" }).click();
  await page.locator("th[aria-sort=ascending]").waitFor();
  await opened.shows("community", "Debian", "image-9", "image-10");
  await page.getByRole("button", { name: "Name" }).click();
  await page.locator("th[aria-sort=descending]").waitFor();
  await opened.shows("image-10", "image-9", "Debian", "community");
  await page.getByRole("button", { name: "Size" }).click();
  await page.waitForURL(/sort=size/);
  await opened.shows("Debian", "image-10", "community", "image-9");
});

Deno.test(
  "App() shows a message if there is no image, and if none matches",
  { ignore: IGNORED },
  async () => {
    await using opened = await PageInChromium.open();
    const { page } = opened;
    await page.getByText("There are no images here.").waitFor();
    await page.getByLabel("Search by name").fill("x");
    await page.getByText("No image matches the filters.").waitFor();
    await page.getByRole("button", { name: "Clear the filters" }).click();
    await page.getByText("There are no images here.").waitFor();
  },
);

Deno.test("ImageTable() has at most 100 rows of 10,000 images, stays in place, and is fast", {
  ignore: IGNORED,
}, async () => {
  const many = async (glance: GlanceFetch) => {
    for (let i = 0; i < 10_000; i++) await addImage(glance, { name: `image-${i}` });
  };
  await using opened = await PageInChromium.open({ prepare: many, path: "/?sort=name" });
  const { page } = opened;
  await page.getByRole("status").getByText("10,000 images").waitFor();
  const scroll = page.getByRole("region", { name: "Images" });
  for (const top of [0, 5_000, 200_000, 1e9]) {
    await scroll.evaluate((element, top) => element.scrollTo(0, top), top);
    await page.waitForFunction(() => document.querySelectorAll("tbody tr:not(.space)").length > 5);
    assert(await page.locator("tr").count() <= 100);
  }
  await page.getByRole("link", { name: "image-9999" }).waitFor();

  // A new image above the visible ones does not move them.
  await scroll.evaluate((element) => element.scrollTo(0, 41 * 5_000));
  const link = page.getByRole("link", { name: "image-5003" });
  await link.waitFor();
  const before = await link.boundingBox();
  await addImage(opened.glance, { name: "image-0-new" });
  await page.getByRole("button", { name: "Reload" }).click();
  await page.getByRole("status").getByText("10,001 images").waitFor();
  assertEquals(await link.boundingBox(), before);
  // A view as high as that of a display with 4K, upright.
  await page.setViewportSize({ width: 2160, height: 3840 });
  await page.waitForFunction(() => document.querySelectorAll("tr").length > 80);
  assert(await page.locator("tr").count() <= 100);
});

Deno.test(
  "App() shows the first list within 150 ms of script time",
  { ignore: IGNORED },
  async () => {
    const thousand = async (glance: GlanceFetch) => {
      for (let i = 0; i < 1_000; i++) await addImage(glance, { name: `image-${i}` });
    };
    await using opened = await PageInChromium.open({ prepare: thousand });
    const { page, url } = opened;
    const session = await page.context().newCDPSession(page);
    // Time of the processor: other programs may be running.
    await session.send("Performance.enable", { timeDomain: "threadTicks" });
    const scriptTime = async () => {
      const { metrics } = await session.send("Performance.getMetrics");
      return metrics.find(({ name }) => name === "ScriptDuration")?.value ?? NaN;
    };
    await page.goto("about:blank");
    const before = await scriptTime();
    await page.goto(url);
    await page.locator("tr[aria-rowindex]").first().waitFor();
    const milliseconds = (await scriptTime() - before) * 1000;
    console.log(`script time until the first list: ${milliseconds.toFixed(0)} ms`);
    assert(milliseconds < 150, `${milliseconds} ms`);
  },
);

Deno.test("ImageTable() is used with the keyboard alone", { ignore: IGNORED }, async () => {
  await using opened = await PageInChromium.open({ prepare: fourImages, path: "/?sort=name" });
  const { page } = opened;
  await page.getByRole("link", { name: "community", exact: true }).focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  assertEquals(await page.evaluate(() => document.activeElement?.textContent), "image-9");
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Debian" }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("heading", { name: "Debian" }).waitFor({ state: "detached" });
  assertEquals(await page.evaluate(() => document.activeElement?.textContent), "Debian");
});
