/** What the page makes of servers that send wrong types, never end a list, or fail. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { IGNORED, PageInChromium, type PageInput, shareChromium } from "./page_in_chromium.ts";

shareChromium();

const ID = "11111111-1111-4111-8111-111111111111";

const IMAGE = {
  id: ID,
  name: "disk",
  status: "active",
  visibility: "shared",
  size: 5,
  disk_format: "raw",
  tags: [],
  owner: "p",
  created_at: "2026-01-01T00:00:00Z",
  updated_at: "2026-01-02T00:00:00Z",
};

/** Replaces what Glance sends for a path below `/v2/`. */
function answering(answer: (path: string, url: URL) => unknown): PageInput {
  return {
    wrapFetch: (send) => async (input, init) => {
      const url = new URL(new Request(input).url);
      const body = answer(url.pathname.slice("/v2/".length), url);
      return body === undefined ? await send(input, init) : Response.json(body);
    },
  };
}

/** Sends one image, with a member, a task, and other types than those of the API. */
function sending(change: Readonly<Record<string, unknown>>): PageInput {
  const image = { ...IMAGE, ...change };
  const odd = { id: 5, member_id: 7, type: [], status: {}, message: [1], created_at: 5 };
  return answering((path) => {
    if (path === "images") return { images: [image] };
    if (path === `images/${ID}`) return image;
    if (path === `images/${ID}/members`) return { members: [odd] };
    return path === `images/${ID}/tasks` ? { tasks: [odd] } : undefined;
  });
}

Deno.test("App() shows values of wrong types as JSON, and works on", {
  ignore: IGNORED,
}, async (t) => {
  const changes = [
    { tags: "abc", status: 7, owner: 5 },
    { tags: [null, 5, {}], status: {}, owner: [], visibility: {} },
    { tags: null, status: null, weird: { a: [1] }, updated_at: null },
  ];
  for (const change of changes) {
    await t.step(JSON.stringify(change), async () => {
      await using opened = await PageInChromium.open(sending(change));
      const { page } = opened;
      await page.getByRole("link", { name: "disk", exact: true }).click();
      await page.getByRole("heading", { name: "disk" }).waitFor();
      if (!("visibility" in change)) await page.locator(".members").getByText("7").waitFor();
      await page.getByRole("heading", { name: "Tasks" }).waitFor();
      await page.getByRole("button", { name: "Filters", exact: true }).click();
      await page.getByRole("combobox", { name: "Tag" }).waitFor();
      await page.getByRole("button", { name: "Edit" }).click();
      await page.getByRole("button", { name: "Cancel" }).click();
      await page.getByRole("button", { name: "Close" }).click();
      await page.getByRole("status").getByText("1 image,").waitFor();
    });
  }
});

Deno.test("listPages() ends a list that repeats its images, and shows each once", {
  ignore: IGNORED,
}, async () => {
  let count = 0;
  const opened = await PageInChromium.open(answering((path) => {
    if (path !== "images") return undefined;
    const other = { ...IMAGE, id: `${ID.slice(0, -1)}${2 + count++ % 2}`, name: "other" };
    return { images: [IMAGE, other], next: "/v2/images?marker=x" };
  }));
  await opened.page.getByRole("button", { name: "Reload" }).click();
  await opened.page.getByRole("status").getByText("3 images").waitFor();
  await opened.page.locator(".busy").waitFor({ state: "detached" });
  const requested = count;
  await opened.page.getByRole("link", { name: "Public" }).click();
  await opened.page.locator(".busy").waitFor({ state: "detached" });
  assert(count > requested && count < 20, `${count} requests`);
  await opened[Symbol.asyncDispose]();
});

Deno.test("listPages() fails for a list that never ends", { ignore: IGNORED }, async () => {
  let count = 0;
  await using opened = await PageInChromium.open(answering((path, url) => {
    if (path !== "images") return undefined;
    const length = Number(url.searchParams.get("limit"));
    const images = Array.from({ length }, () => ({ id: crypto.randomUUID(), status: "active" }));
    count++;
    return { images, next: "/v2/images?marker=x" };
  }));
  const text = await opened.page.getByRole("alert").textContent() ?? "";
  assertStringIncludes(text, "Cannot list more than 50000 images");
  assert(count < 60, `${count} requests`);
  await opened.page.getByRole("status").getByText("50,").waitFor();
  assert(await opened.page.locator("tr").count() <= 100);
});

Deno.test("request() does not wait for as long as a server asks", {
  ignore: IGNORED,
}, async () => {
  let isBusy = false;
  await using opened = await PageInChromium.open({
    front: (_, response) =>
      isBusy ? new Response("busy", { status: 429, headers: { "retry-after": "3600" } }) : response,
  });
  const { page } = opened;
  await page.getByText("There are no images here.").waitFor();
  await page.clock.install();
  isBusy = true;
  const refusal = page.waitForResponse(/images/);
  await page.getByRole("button", { name: "Reload" }).click();
  await (await refusal).finished();
  const alert = page.getByRole("alert");
  for (let seconds = 0; seconds < 30 && await alert.count() === 0; seconds++) {
    await page.clock.runFor(1_000);
  }
  assertStringIncludes(await alert.textContent({ timeout: 5_000 }) ?? "", "Cannot list images");
  opened.allowFailedRequests();
});

Deno.test("Details() shows nothing of an image under the name of the next one", {
  ignore: IGNORED,
}, async () => {
  const held = Promise.withResolvers<void>();
  const other = `${ID.slice(0, -1)}2`;
  const images = [IMAGE, { ...IMAGE, id: other, name: "other" }];
  await using opened = await PageInChromium.open({
    wrapFetch: (send) => async (input, init) => {
      const path = new URL(new Request(input).url).pathname.slice("/v2/images".length);
      if (path === "") return Response.json({ images });
      const image = images.find(({ id }) => path.startsWith(`/${id}`));
      if (image === undefined) return await send(input, init);
      if (path.endsWith("/tasks")) return Response.json({ tasks: [] });
      if (!path.endsWith("/members")) return Response.json(image);
      if (image.id === other) await held.promise;
      const member = { member_id: `of-${image.name}`, image_id: image.id, status: "pending" };
      return Response.json({ members: [member] });
    },
  });
  const { page } = opened;
  await page.getByRole("link", { name: "disk", exact: true }).click();
  await page.locator(".members").getByText("of-disk").waitFor();
  await page.getByRole("link", { name: "other", exact: true }).click();
  await page.getByRole("heading", { name: "other" }).waitFor();
  assertEquals(await page.getByText("of-disk").count(), 0);
  held.resolve();
  await page.locator(".members").getByText("of-other").waitFor();
});
