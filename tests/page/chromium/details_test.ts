/// <reference lib="dom" />
import { assertEquals, assertStringIncludes } from "@std/assert";
import { addImage, IGNORED, PageInChromium, shareChromium } from "./page_in_chromium.ts";

shareChromium();

Deno.test("Details() shows properties, hash, members and commands, and copies them", {
  ignore: IGNORED,
}, async () => {
  let id = "";
  await using opened = await PageInChromium.open({
    prepare: async (glance) => {
      const image = { name: "My disk", visibility: "shared", os_distro: "debian", min_ram: 512 };
      id = await addImage(glance, image, new TextEncoder().encode("the bytes of a disk"));
      const headers = { "content-type": "application/json" };
      const body = JSON.stringify({ member: "project-b" });
      await glance(`/v2/images/${id}/members`, { method: "POST", headers, body });
    },
  });
  const { page, url } = opened;
  await page.getByRole("link", { name: "My disk" }).click();
  const details = page.getByRole("complementary", { name: "My disk" });
  for (const text of ["os_distro", "debian", "512 MB", "project-b", "pending", "19 B", "local"]) {
    await details.getByText(text).first().waitFor();
  }
  assertEquals(new URL(page.url()).searchParams.get("image"), id);
  const copied = async (what: string) => {
    const button = details.getByRole("button", { name: `Copy ${what}` });
    await button.click();
    await button.locator("+ [role=status]").getByText("Copied").waitFor();
    return await page.evaluate(() => navigator.clipboard.readText());
  };
  const { os_hash_value } = await (await opened.glance(`/v2/images/${id}`)).json();
  assertEquals([await copied("ID"), await copied("sha512")], [id, os_hash_value]);
  await details.getByText("curl", { exact: true }).click();
  const command = await copied("the command for curl");
  assertEquals(command, `curl -f -C - -o My-disk.raw ${url}/v2/images/${id}/file`);
  await page.reload();
  await details.getByText("os_distro").waitFor();
  await details.getByRole("button", { name: "Close" }).click();
  await details.waitFor({ state: "detached" });
});

Deno.test("Details() explains an image that does not exist", { ignore: IGNORED }, async () => {
  const id = "11111111-1111-4111-8111-111111111111";
  const opened = await PageInChromium.open({ path: `/?image=${id}` });
  const alert = opened.page.getByRole("alert");
  await alert.waitFor();
  assertStringIncludes(await alert.textContent() ?? "", `Cannot show image "${id}"`);
  // The console shows the status of the response.
  opened.problems.splice(0, 1);
  await opened[Symbol.asyncDispose]();
});

/** A text that would be markup, and one that would reverse the text after it. */
const EVIL = `<img src=x onerror="document.title='changed'">`;
const TURNED = "a\u202Egnp.exe\u2066";

Deno.test(
  "App() shows every name, tag, property and member literally",
  { ignore: IGNORED },
  async () => {
    for (const [text, shown] of [[EVIL, EVIL], [TURNED, "a<U+202E>gnp.exe<U+2066>"]] as const) {
      await using opened = await PageInChromium.open({
        prepare: async (glance) => {
          const custom = { [text]: text, kernel: text };
          const image = { name: text, tags: [text], visibility: "shared", ...custom };
          const id = await addImage(glance, image);
          const headers = { "content-type": "application/json" };
          const body = JSON.stringify({ member: text });
          const added = await glance(`/v2/images/${id}/members`, { method: "POST", headers, body });
          assertEquals(added.status, 200, await added.text());
        },
      });
      const { page } = opened;
      await page.getByRole("button", { name: "Filters", exact: true }).click();
      await page.getByRole("row", { name: shown }).click();
      await page.getByRole("heading", { name: shown }).waitFor();
      await page.locator(".members").getByText(shown).waitFor();
      await page.locator("dt").getByText(shown).waitFor();
      const found = await page.evaluate((text) => ({
        title: document.title,
        images: document.querySelectorAll("img").length,
        marks: /[\u202a-\u202e\u2066-\u2069]/.test(document.body.innerText),
        literal: document.body.innerText.split(text).length,
      }), shown);
      assertEquals({ ...found, literal: found.literal >= 6 }, {
        title: "Images",
        images: 0,
        marks: false,
        literal: true,
      });
    }
  },
);
