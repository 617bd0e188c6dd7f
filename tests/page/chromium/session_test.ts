/// <reference lib="dom" />
import { assert, assertEquals, assertFalse, assertMatch, assertStringIncludes } from "@std/assert";
import { HOSTILE, PageKeystone, SECRET } from "../page_keystone.ts";
import {
  addImage,
  type GlanceFetch,
  IGNORED,
  PageInChromium,
  shareChromium,
  signIn,
} from "./page_in_chromium.ts";

shareChromium();

/** One image of each of two projects, and one that the second shares with the first. */
async function ofTwoProjects(glance: GlanceFetch, keystone: PageKeystone): Promise<void> {
  const other = { "x-auth-token": "other", "content-type": "application/json" };
  keystone.tokens.set("other", { user: "bob", projectId: "p-ops" });
  const asOther: GlanceFetch = (path, init) => glance(path, { ...init, headers: other });
  await addImage(glance, { name: "own", visibility: "private" });
  await addImage(asOther, { name: "of-ops", visibility: "private" });
  const shared = await addImage(asOther, { name: "shared-by-ops", visibility: "shared" });
  const member = { method: "POST", body: JSON.stringify({ member: "p-demo" }) };
  assertEquals((await asOther(`/v2/images/${shared}/members`, member)).status, 200);
}

async function openTwoProjects(): Promise<{ opened: PageInChromium; keystone: PageKeystone }> {
  const keystone = new PageKeystone();
  const prepare = (glance: GlanceFetch) => ofTwoProjects(glance, keystone);
  return { opened: await PageInChromium.open({ keystone, prepare }), keystone };
}

Deno.test(
  "SignIn() signs in with a password, and out, and leaves no trace in addresses and storage",
  { ignore: IGNORED },
  async () => {
    const { opened, keystone } = await openTwoProjects();
    await using _ = opened;
    const { page } = opened;
    const addresses: string[] = [];
    page.on("request", (request) => void addresses.push(request.url()));
    // With the keyboard alone.
    await page.getByLabel("User").focus();
    await page.keyboard.type("alice");
    await page.keyboard.press("Tab");
    await page.keyboard.type(SECRET);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.type("demo");
    await page.keyboard.press("Enter");
    await page.getByRole("link", { name: "own", exact: true }).waitFor();
    await opened.shows("own");
    await page.getByRole("link", { name: "Shared with me" }).click();
    await page.getByRole("link", { name: "shared-by-ops" }).waitFor();
    await opened.shows("shared-by-ops");
    await page.getByRole("link", { name: "Mine" }).click();
    await page.getByRole("link", { name: "own", exact: true }).waitFor();
    await opened.shows("own");
    const kept = await page.evaluate(async () =>
      JSON.stringify([
        { ...localStorage },
        { ...sessionStorage },
        document.cookie,
        await indexedDB.databases(),
        history.state,
        document.documentElement.outerHTML,
      ])
    );
    for (const secret of [SECRET, ...keystone.tokens.keys()]) {
      assertFalse(kept.includes(secret), kept);
      assertFalse(addresses.some((address) => address.includes(secret)));
    }
    const revoked = page.waitForResponse((response) => response.request().method() === "DELETE");
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("User").waitFor();
    assertEquals(await page.getByRole("textbox", { name: "Password" }).inputValue(), "");
    assertEquals(await page.locator("tbody").count(), 0);
    await revoked;
    assertEquals([...keystone.tokens.keys()], ["prepared", "other"]);
  },
);

Deno.test("Account() switches the project, and shows every name literally", {
  ignore: IGNORED,
}, async () => {
  const { opened, keystone } = await openTwoProjects();
  await using _ = opened;
  const { page } = opened;
  await signIn(page);
  await page.getByRole("link", { name: "own", exact: true }).click();
  await page.getByRole("heading", { name: "own" }).waitFor();
  const projects = page.getByRole("combobox", { name: "Project" });
  const names = await projects.locator("option").allTextContents();
  assertEquals(names, ["<img src=x onerror=alert(1)><U+202E>gnp", "demo", "ops"]);
  await projects.selectOption("ops");
  await page.getByRole("link", { name: "of-ops" }).waitFor();
  assertEquals((await opened.names()).toSorted(), ["of-ops", "shared-by-ops"]);
  assertEquals([await projects.inputValue(), await page.locator(".details").count()], ["p-ops", 0]);
  await projects.selectOption(HOSTILE.id);
  await page.getByText("There are no images here.").waitFor();
  assertEquals(await page.locator("img").count(), 0);
  // Keystone refuses the next switch: the project stays, and the error is next to it.
  keystone.fault = () => new Response("<html>", { status: 503 });
  await projects.selectOption("demo");
  await page.getByRole("alert").getByText("Keystone gave no usable response").waitFor();
  assertEquals([await projects.inputValue(), opened.problems.splice(0).length], [HOSTILE.id, 1]);
  // Every token is revoked, also those of the other projects; that fails here, and the page reports it.
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("alert").waitFor();
  opened.allowFailedRequests();
});

Deno.test("Account() shows no image of the last project while those of the next one load", {
  ignore: IGNORED,
}, async () => {
  const { opened } = await openTwoProjects();
  await using _ = opened;
  const { page } = opened;
  await signIn(page);
  await page.getByRole("link", { name: "own", exact: true }).waitFor();
  const [requested, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  await page.route("**/v2/images?*", async (route) => {
    requested.resolve();
    await released.promise;
    await route.continue();
  });
  await page.getByRole("combobox", { name: "Project" }).selectOption("ops");
  await requested.promise;
  await page.getByRole("status").getByText("Loading").waitFor();
  assertEquals(await opened.names(), []);
  released.resolve();
  await page.getByRole("link", { name: "of-ops" }).waitFor();
});

Deno.test("SignIn() shows why Keystone refused, and signs in after that", {
  ignore: IGNORED,
}, async () => {
  const { opened, keystone } = await openTwoProjects();
  await using _ = opened;
  const { page } = opened;
  await page.getByLabel("User").fill("alice");
  await page.getByRole("textbox", { name: "Password" }).fill("wrong");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("alert").getByText("Keystone refused it").waitFor();
  keystone.fault = () => new Response("<html>", { headers: { "content-type": "text/html" } });
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("alert").getByText("Keystone gave no usable response").waitFor();
  keystone.fault = () => null;
  await signIn(page);
  await page.getByRole("link", { name: "own", exact: true }).waitFor();
  assertEquals(opened.problems.splice(0).length, 2);
});

Deno.test("SignIn() signs in with an application credential, for its project", {
  ignore: IGNORED,
}, async () => {
  const { opened } = await openTwoProjects();
  await using _ = opened;
  const { page } = opened;
  await page.getByRole("radio", { name: "Application credential" }).check();
  await page.getByLabel("ID").fill("credential");
  await page.getByLabel("Secret").fill(SECRET);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("link", { name: "of-ops" }).waitFor();
  const options = page.getByRole("combobox", { name: "Project" }).locator("option");
  assertEquals(await options.allTextContents(), ["ops"]);
});

Deno.test("signIn() renews a token before it expires, and once after it was refused", {
  ignore: IGNORED,
}, async () => {
  const { opened, keystone } = await openTwoProjects();
  await using _ = opened;
  const { page } = opened;
  // Renewed two minutes before its end, so at once.
  keystone.lifetime = 100_000;
  await signIn(page);
  await page.getByRole("link", { name: "own", exact: true }).waitFor();
  keystone.lifetime = 3_600_000;
  const reload = async () => {
    const listed = page.waitForResponse((response) =>
      response.url().includes("/v2/images") && response.ok()
    );
    await page.getByRole("button", { name: "Reload" }).click();
    await listed;
  };
  const issued = () => [...keystone.tokens.keys()].filter((token) => token.startsWith("token-"));
  await reload();
  const renewed = issued();
  assert(renewed.length >= 2, renewed.join());
  await reload();
  assertEquals(issued(), renewed);
  for (const token of renewed) keystone.tokens.delete(token);
  await reload();
  assertEquals([await opened.names(), issued().length], [["own"], 1]);
  assertEquals(await page.getByRole("alert").count(), 0);
  opened.allowFailedRequests();
});

Deno.test(
  "SignIn() shows the form again if a token that was typed expires in the middle of a list",
  {
    ignore: IGNORED,
  },
  async () => {
    const keystone = new PageKeystone();
    let lists = 0;
    await using opened = await PageInChromium.open({
      keystone,
      glance: {
        identify: (token) => {
          if (token !== "typed") return keystone.identify(token);
          return lists++ < 1 ? { userId: "alice", projectId: "p-demo", roles: [] } : null;
        },
      },
      prepare: async (glance) => {
        for (let i = 0; i < 120; i++) await addImage(glance, { name: `image-${i}` });
      },
    });
    const { page } = opened;
    keystone.tokens.set("typed", { user: "alice", projectId: "p-demo" });
    const signInWithToken = async () => {
      await page.getByRole("radio", { name: "Token" }).check();
      await page.getByRole("textbox", { name: "Token" }).fill("typed");
      await page.getByRole("button", { name: "Sign in" }).click();
    };
    await signInWithToken();
    await page.getByRole("alert").getByText("Your session has ended").waitFor();
    assertEquals(await page.locator("tbody").count(), 0);
    lists = -100;
    await signInWithToken();
    await page.getByRole("status").getByText("120 images").waitFor();
    assertMatch(await page.locator(".account").textContent() ?? "", /until \d\d:\d\d/);
    // The gateway did not issue this token, so it is not revoked: the user may use it elsewhere.
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("User").waitFor();
    assert(keystone.tokens.has("typed"));
    opened.allowFailedRequests();
  },
);

Deno.test("POST /page/session cannot be used by a page of another origin", {
  ignore: IGNORED,
}, async () => {
  const { opened, keystone } = await openTwoProjects();
  await using _ = opened;
  const listening = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
  const html = { headers: { "content-type": "text/html" } };
  const other = Deno.serve(listening, () => new Response("<title>evil</title>", html));
  try {
    await opened.page.goto(`http://localhost:${other.addr.port}/`);
    const outcomes = await opened.page.evaluate(async ([url, password]) => {
      const body = JSON.stringify({ username: "alice", password });
      const headers = { "content-type": "application/json" };
      const attempts: RequestInit[] = [
        { body, headers },
        { body, mode: "no-cors" },
        { body, mode: "no-cors", credentials: "include" },
        { method: "DELETE", headers: { "x-auth-token": "prepared" } },
      ];
      const outcomes = attempts.map((init) =>
        fetch(`${url}/page/session`, { method: "POST", ...init }).then(
          ({ type }) => type,
          () => "refused",
        )
      );
      return await Promise.all(outcomes);
    }, [opened.url, SECRET] as const);
    assertEquals(outcomes, ["refused", "opaque", "opaque", "refused"]);
    assertEquals([keystone.requested, keystone.tokens.has("prepared")], [[], true]);
    assertStringIncludes(opened.problems.splice(0).join(), "CORS");
  } finally {
    await other.shutdown();
  }
});

Deno.test("App() offers nothing that changes an image if the gateway is read-only", {
  ignore: IGNORED,
}, async () => {
  await using opened = await PageInChromium.open({
    router: { serviceMode: { context: {} } },
    prepare: (glance) =>
      addImage(glance, { name: "disk", visibility: "shared" }, new Uint8Array(9)),
  });
  const { page } = opened;
  await page.getByRole("link", { name: "disk", exact: true }).click();
  await page.getByText("No project yet.").waitFor();
  for (const name of ["Edit", "Deactivate", "Delete", "Share", "Sign out"]) {
    assertEquals(await page.getByRole("button", { name }).count(), 0, name);
  }
});
