/// <reference lib="dom" />
import { assert, assertEquals, assertMatch } from "@std/assert";
import { createEmbeddedGlance } from "../../../lib/embedded/mod.ts";
import { addImage, IGNORED, PageInChromium, shareChromium } from "./page_in_chromium.ts";

shareChromium();

Deno.test("Edge() shows the requests and bytes of the gateway, live", {
  ignore: IGNORED,
}, async () => {
  let id = "";
  await using opened = await PageInChromium.open({
    prepare: async (glance) => {
      id = await addImage(glance, { name: "disk" }, new Uint8Array(2 ** 20));
    },
  });
  const { page, url } = opened;
  const edge = page.getByRole("region", { name: "Edge" });
  assertEquals(await edge.count(), 0);
  const toggle = page.getByRole("button", { name: "Edge" });
  await toggle.focus();
  await page.keyboard.press("Enter");
  await edge.getByText("Requests").waitFor();
  assertEquals(await toggle.getAttribute("aria-expanded"), "true");
  await page.evaluate(
    async (address) => void await (await fetch(address)).arrayBuffer(),
    `${url}/v2/images/${id}/file`,
  );
  await edge.getByText("1.0 MiB", { exact: false }).first().waitFor();
  await edge.locator("polyline").first().waitFor({ state: "attached" });
  assertMatch(await edge.locator("dd").first().textContent() ?? "", /^\d+ [\d.]+\/s$/);
  assert(await edge.locator("svg").evaluateAll((all) => all.every((svg) => svg.ariaHidden)));
  await toggle.click();
  assertEquals(await edge.count(), 0);
});

Deno.test("Edge() is not offered by a gateway without metrics", { ignore: IGNORED }, async () => {
  await using opened = await PageInChromium.open({ router: { metrics: false } });
  await opened.page.getByText("There are no images here.").waitFor();
  assertEquals(await opened.page.getByRole("button", { name: "Edge" }).count(), 0);
});

Deno.test("Edge() shows if the metrics are not available", { ignore: IGNORED }, async () => {
  await using opened = await PageInChromium.open();
  const { page } = opened;
  await page.route("**/metrics", (route) => route.fulfill({ status: 503 }));
  await page.getByRole("button", { name: "Edge" }).click();
  await page.getByRole("alert").getByText("The metrics are not available").waitFor();
  opened.allowFailedRequests();
});

Deno.test("Edge() shows which server has failed, and since when", { ignore: IGNORED }, async () => {
  const glance = createEmbeddedGlance();
  await using opened = await PageInChromium.open({
    router: {
      apiServers: ["http://a.invalid", "http://b.invalid"],
      fetch: (input, init) =>
        input.startsWith("http://b.invalid")
          ? Promise.reject(new TypeError("connection refused"))
          : glance.fetch(new Request(input, init)),
    },
  });
  const { page } = opened;
  // Requests go round-robin to the servers.
  await page.getByRole("button", { name: "Reload" }).click();
  await page.getByRole("button", { name: "Edge" }).click();
  const servers = page.getByRole("region", { name: "Edge" }).getByRole("listitem");
  await servers.filter({ hasText: "b.invalid" }).getByText(/^Cooling down for \d+ s$/).waitFor();
  await servers.filter({ hasText: "a.invalid" }).getByText("Healthy").waitFor();
});
