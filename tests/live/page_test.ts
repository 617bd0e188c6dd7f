/// <reference lib="dom" />
/** The page in a real Chromium, in front of a real Keystone and Glance. */
import { Buffer } from "node:buffer";
import { assertEquals, assertNotEquals } from "@std/assert";
import type { Page } from "playwright-core";
import { createCloudGateway } from "../../lib/router/cloud_gateway.ts";
import { IGNORED, launchChromium } from "../page/chromium/page_in_chromium.ts";
import { pickPrivateFile } from "../page/chromium/private_files.ts";
import { inDirectory } from "../support/directory.ts";
import { seededBytes } from "../support/seed.ts";
import { startFileServer } from "./file_server.ts";
import { RawGlance } from "./raw_glance.ts";
import { type LiveStack, startStack } from "./stack.ts";

Deno.test(
  "createCloudGateway() serves a page to sign in, list, share, upload, import, download and sign out",
  {
    ignore: IGNORED,
  },
  async (t) => {
    await using stack = await startStack();
    await addProject(stack, "second");
    /** The server that got the last request for the data of an image. */
    let serving: 0 | 1 = 0;
    using gateway = await createCloudGateway({
      fetch: (input, init) => {
        if (input.endsWith("/file")) serving = input.startsWith(stack.glanceUrls[0]) ? 0 : 1;
        return fetch(input, init);
      },
      environment: stack.environment("alice"),
      apiServers: stack.glanceUrls,
      page: true,
      metrics: true,
    });
    const listening = { hostname: "127.0.0.1", port: 0, onListen() {} };
    await using server = Deno.serve(
      listening,
      (request, info) => gateway?.router.fetch(request, info) ?? new Response(null),
    );
    const alice = await stack.token("alice");
    const api = new RawGlance(stack.glanceUrls[0], alice.token);
    const id = await api.create({ name: "to-share", visibility: "shared" });
    await api.create({ name: "community-image", visibility: "community" });
    await using browser = await launchChromium();
    const page = await browser.newPage();
    page.setDefaultTimeout(120_000);
    await page.addInitScript(pickPrivateFile);
    const tokens = new Set<string>();
    page.on("request", (request) => {
      const token = request.headers()["x-auth-token"];
      if (token !== undefined) tokens.add(token);
    });
    await page.goto(`http://127.0.0.1:${server.addr.port}/`);
    const { username, password, projectName } = stack.credentials("alice");
    const submit = async (secret: string) => {
      await page.getByLabel("User").fill(username);
      await page.getByRole("textbox", { name: "Password" }).fill(secret);
      await page.getByLabel("Project").fill(projectName);
      await page.getByRole("button", { name: "Sign in" }).click();
    };
    const projects = page.getByRole("combobox", { name: "Project" });

    await t.step("a wrong password", async () => {
      await submit("wrong");
      await page.getByRole("alert").getByText("Keystone refused it").waitFor();
    });

    await t.step("sign in, and list the images of the project", async () => {
      await submit(password);
      await page.getByRole("link", { name: "to-share" }).waitFor();
      await page.getByRole("link", { name: "Mine" }).click();
      await page.getByRole("status").getByText("2 images").waitFor();
      assertEquals(await projects.locator("option").allTextContents(), [projectName, "second"]);
    });

    const bob = await stack.token("bob");
    await t.step("share an image", async () => {
      await page.getByRole("link", { name: "to-share" }).click();
      await page.getByLabel("Project to share with").fill(bob.projectId);
      await page.getByRole("button", { name: "Share" }).click();
      await page.locator(".members").getByText("pending").waitFor();
      const response = await fetch(`${stack.glanceUrls[0]}/v2/images/${id}`, {
        headers: { "x-auth-token": bob.token },
      });
      assertEquals([response.status, (await response.json()).name], [200, "to-share"]);
    });

    const data = seededBytes(1, 5_000_001);
    const panel = page.getByRole("region", { name: "Upload" });
    const storedData = async (name: string) => {
      const { images } = await api.json("GET", `images?name=${name}`);
      const [image] = images as { id: string; status: string }[];
      assertEquals(image?.status, "active");
      return await (await api.send("GET", `images/${image?.id}/file`)).bytes();
    };

    await t.step("upload a file, and find every byte in Glance", async () => {
      await page.getByRole("button", { name: "Close" }).click();
      await page.getByRole("button", { name: "Upload", exact: true }).click();
      const mimeType = "application/octet-stream";
      await panel.locator("input[type=file]")
        .setInputFiles({ name: "uploaded.img", mimeType, buffer: Buffer.from(data) });
      await panel.getByRole("button", { name: /^Start/ }).click();
      await panel.getByText("Uploaded, and its hash is right").waitFor();
      assertEquals(await storedData("uploaded"), data);
    });

    await t.step("download an image, and get every byte", async () => {
      await page.getByRole("link", { name: "uploaded", exact: true }).click();
      await page.getByRole("button", { name: "Download", exact: true }).click();
      await page.getByText("Downloaded, and its hash is right").waitFor();
      assertEquals(await writtenHash(page, "uploaded.raw"), await hashOf(data));
      await page.getByRole("button", { name: "Close" }).click();
    });

    await t.step("import a URL, with the state of the task of Glance", async () => {
      await inDirectory(async (directory) => {
        await Deno.writeFile(`${directory}/imported.raw`, data);
        await Deno.chmod(`${directory}/imported.raw`, 0o644);
        await using nginx = await startFileServer(directory);
        const field = panel.getByRole("textbox", { name: "URL of an image" });
        await field.fill(`${nginx.url}/imported.raw`);
        await field.press("Enter");
        await panel.getByRole("button", { name: /^Start/ }).click();
        await panel.getByText("Imported", { exact: true }).waitFor();
        assertEquals(await storedData("imported"), data);
        await page.getByRole("link", { name: "imported", exact: true }).click();
        await page.getByRole("complementary").getByText(/api_image_import · success/).waitFor();
        await page.getByRole("button", { name: "Close" }).click();

        await field.fill(`${nginx.url}/lost.raw`);
        await field.press("Enter");
        await panel.getByRole("button", { name: /^Start/ }).click();
        await panel.getByRole("alert").getByText("Failed: Cannot import").waitFor();
        assertEquals((await api.json("GET", "images?name=lost"))["images"], []);
        await panel.getByRole("button", { name: /^Remove .*lost/ }).click();
      });
    });

    await t.step("download an image while one of two servers is killed", async () => {
      const large = seededBytes(2, 24 * 2 ** 20);
      const largeId = await api.create({ name: "large", visibility: "private" });
      await api.upload(largeId, large);
      await page.getByRole("button", { name: "Reload" }).click();
      await page.getByRole("link", { name: "large", exact: true }).click();
      await page.getByRole("button", { name: "Download", exact: true }).click();
      await page.getByText(/^\d+ % · .* of 24\.0 MiB/).waitFor();
      const killed = serving;
      await stack.stopGlance(killed, "SIGKILL");
      await page.getByText("Downloaded, and its hash is right").waitFor();
      assertEquals(await writtenHash(page, "large.raw"), await hashOf(large));
      assertEquals(serving, 1 - killed);
      await stack.startGlance(killed);
      await api.send("DELETE", `images/${largeId}`);
      await page.getByRole("button", { name: "Close" }).click();
    });

    await t.step("switch to another project, and back", async () => {
      await projects.selectOption("second");
      await page.getByText("There are no images here.").waitFor();
      await projects.selectOption(projectName);
      await page.getByRole("status").getByText("4 images").waitFor();
    });

    await t.step("sign out, which revokes every token of the session", async () => {
      const revoked = Array.from(
        { length: 3 },
        () => page.waitForResponse((response) => response.request().method() === "DELETE"),
      );
      await page.getByRole("button", { name: "Sign out" }).click();
      await Promise.all(revoked);
      await page.getByLabel("User").waitFor();
      const admin = (await stack.token("admin")).token;
      const statuses = await Promise.all([...tokens].map(async (token) => {
        const headers = { "x-auth-token": admin, "x-subject-token": token };
        const response = await fetch(`${stack.keystoneUrl}/auth/tokens`, { headers });
        await response.body?.cancel();
        return response.status;
      }));
      assertNotEquals(statuses.length, 0);
      assertEquals(new Set(statuses), new Set([404]));
    });
  },
);

/** The SHA-256 of a file that the page has written. */
async function writtenHash(page: Page, name: string): Promise<string> {
  return await page.evaluate(async (name) => {
    const directory = await navigator.storage.getDirectory();
    const file = await (await directory.getFileHandle(name)).getFile();
    const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
    return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join(
      "",
    );
  }, name);
}

async function hashOf(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

/** Creates a project in which alice has the role `member`. */
async function addProject(stack: LiveStack, name: string): Promise<void> {
  const { token } = await stack.token("admin");
  const headers = { "x-auth-token": token, "content-type": "application/json" };
  const send = async (method: string, path: string, body?: unknown) => {
    const init = { method, headers, body: body === undefined ? null : JSON.stringify(body) };
    const response = await fetch(`${stack.keystoneUrl}/${path}`, init);
    assertEquals(response.ok, true, `${method} ${path}`);
    return response.status === 204 ? null : await response.json();
  };
  const { project } = await send("POST", "projects", { project: { name } });
  const { roles: [role] } = await send("GET", "roles?name=member");
  const { userId } = await stack.token("alice");
  await send("PUT", `projects/${project.id}/users/${userId}/roles/${role.id}`);
}
