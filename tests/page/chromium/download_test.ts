/// <reference lib="dom" />
/** Downloads in the page. Files of the private storage take the place of those that a user would choose. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Page } from "playwright-core";
import { serve } from "../../../lib/cli/server/serve.ts";
import { createEmbeddedGlance, memoryStorage } from "../../../lib/embedded/mod.ts";
import { seededBytes } from "../../support/seed.ts";
import { pickPrivateFile } from "./private_files.ts";
import {
  addImage,
  IGNORED,
  PageInChromium,
  type PageInput,
  shareChromium,
} from "./page_in_chromium.ts";

shareChromium();

const MIB = 2 ** 20;

/** Larger than the buffers of the sockets, so that a download can break. */
const DATA = seededBytes(1, 24 * MIB);

/** A browser that cannot write files of the user. */
function removePicker(): void {
  Reflect.deleteProperty(globalThis, "showSaveFilePicker");
}

/** A page without https: it can write no files at all. */
function removeFiles(): void {
  Reflect.deleteProperty(globalThis, "showSaveFilePicker");
  Object.defineProperty(navigator, "storage", { value: undefined });
}

/** Opens the details of an image named `disk`. */
async function openDisk(input: PageInput = {}, data = DATA): Promise<PageInChromium> {
  const opened = await PageInChromium.open({
    initScripts: [pickPrivateFile],
    ...input,
    prepare: (glance) => addImage(glance, { name: "disk" }, data),
  });
  await opened.page.getByRole("link", { name: "disk", exact: true }).click();
  return opened;
}

const download = (page: Page) => page.getByRole("button", { name: "Download", exact: true });

/** The SHA-256 of the file that was written; null if there is none. */
async function writtenHash(page: Page): Promise<string | null> {
  return await page.evaluate(async () => {
    const directory = await navigator.storage.getDirectory();
    const handle = await directory.getFileHandle("disk.raw").catch(() => null);
    if (handle === null) return null;
    const bytes = await (await handle.getFile()).arrayBuffer();
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  });
}

async function hashOf(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

/** Responds with the same headers and another body. */
function withBody({ status, headers }: Response, body: ReadableStream | null): Response {
  return new Response(body, { status, headers });
}

/** Whether a request is for image data. */
function isData(url: string): boolean {
  return new URL(url).pathname.endsWith("/file");
}

/** Changes chunks, which it is given with their position. */
function changing(change: (chunk: Uint8Array, position: number) => Uint8Array): TransformStream {
  let position = 0;
  return new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      controller.enqueue(change(chunk, position));
      position += chunk.byteLength;
    },
  });
}

Deno.test("Download() writes an image to the chosen file, and verifies it", {
  ignore: IGNORED,
}, async () => {
  await using opened = await openDisk();
  const { page } = opened;
  await download(page).click();
  await page.getByRole("status").getByText("Downloaded, and its hash is right").waitFor();
  assertEquals(await writtenHash(page), await hashOf(DATA));
});

Deno.test("Download() is exact after the loss of one of two servers", {
  ignore: IGNORED,
}, async () => {
  const storage = memoryStorage();
  const servers = [1, 2].map(() =>
    serve(createEmbeddedGlance({ storage }).fetch, { host: "127.0.0.1", port: 0 })
  );
  const killed: string[] = [];
  /** Stops the server that sends the data, in the middle. */
  const fetchAndKill: typeof fetch = async (input, init) => {
    const response = await fetch(input, init);
    const server = servers.find(({ url }) => String(input).startsWith(url));
    if (!isData(String(input)) || killed.length > 0 || server === undefined) return response;
    killed.push(server.url);
    const kill = changing((chunk, position) => {
      if (position > DATA.byteLength / 3) server.kill();
      return chunk;
    });
    return withBody(response, response.body?.pipeThrough(kill) ?? null);
  };
  try {
    const router = { apiServers: servers.map(({ url }) => url), fetch: fetchAndKill };
    await using opened = await openDisk({ glance: { storage }, router });
    const { page } = opened;
    await download(page).click();
    await page.getByText("Downloaded, and its hash is right").waitFor();
    assertEquals([killed.length, await writtenHash(page)], [1, await hashOf(DATA)]);
  } finally {
    await Promise.all(servers.map((server) => server.kill()));
  }
});

Deno.test("Download() requests the rest after a break of the connection to the gateway", {
  ignore: IGNORED,
}, async () => {
  const ranges: (string | null)[] = [];
  await using opened = await openDisk({
    front: (request, response) => {
      if (!isData(request.url)) return response;
      ranges.push(request.headers.get("range"));
      if (ranges.length > 1) return response;
      const cut = changing((chunk, position) => {
        if (position > DATA.byteLength / 2) throw new Error("the connection breaks");
        return chunk;
      });
      return withBody(response, response.body?.pipeThrough(cut) ?? null);
    },
  });
  const { page } = opened;
  await download(page).click();
  await page.getByText("Downloaded, and its hash is right").waitFor();
  assertEquals(await writtenHash(page), await hashOf(DATA));
  assertEquals(ranges.length, 2);
  const start = Number(/^bytes=(\d+)-$/.exec(ranges[1] ?? "")?.[1]);
  assert(start > 0 && start < DATA.byteLength, `${ranges}`);
  // The console shows the broken connection.
  opened.allowFailedRequests();
});

Deno.test("Download() fails if a byte is wrong, and leaves no file", {
  ignore: IGNORED,
}, async () => {
  await using opened = await openDisk({
    front: (request, response) => {
      if (!isData(request.url)) return response;
      const flip = changing((chunk, position) => {
        const index = 5 * MIB - position;
        return chunk.map((byte, i) => i === index ? byte ^ 1 : byte);
      });
      return withBody(response, response.body?.pipeThrough(flip) ?? null);
    },
  });
  const { page } = opened;
  await download(page).click();
  const text = await page.locator(".sections").getByRole("alert").textContent() ?? "";
  assertStringIncludes(text, "Failed: Cannot accept image");
  assertStringIncludes(text, "the data was changed in transit or in its store");
  assertEquals(await writtenHash(page), null);
});

Deno.test("Download() is canceled while it runs, and asks before the tab is closed", {
  ignore: IGNORED,
}, async () => {
  await using opened = await openDisk({
    front: (request, response) => {
      if (!isData(request.url)) return response;
      // Sends the first mebibyte, and no end.
      const body = new ReadableStream({
        start: (controller) => controller.enqueue(DATA.subarray(0, MIB)),
      });
      return withBody(response, body);
    },
  });
  const { page } = opened;
  await download(page).click();
  // What has arrived before the transfer stalled is shown to the last byte.
  await page.getByText(/^4 % · 1\.0 MiB of 24\.0 MiB/).waitFor();
  assert(await download(page).isDisabled());
  const dialog = page.waitForEvent("dialog");
  await page.close({ runBeforeUnload: true });
  const shown = await dialog;
  assertEquals(shown.type(), "beforeunload");
  await shown.dismiss();
  await page.getByRole("button", { name: "Cancel download of disk" }).click();
  await page.getByRole("status").getByText("Canceled").waitFor();
  assertEquals(await writtenHash(page), null);
  assert(await download(page).isEnabled());
});

Deno.test("Download() saves a verified file from the private storage if there is no picker", {
  ignore: IGNORED,
}, async () => {
  await using opened = await openDisk({ initScripts: [removePicker] });
  const { page } = opened;
  const started = page.waitForEvent("download");
  await download(page).click();
  const saved = await started;
  await page.getByText("Downloaded, and its hash is right").waitFor();
  assertEquals(saved.suggestedFilename(), "disk.raw");
  assertEquals(await hashOf(await Deno.readFile(await saved.path())), await hashOf(DATA));
});

Deno.test("Download() keeps what the browser still saves, and removes what is an hour old", {
  ignore: IGNORED,
}, async () => {
  await using opened = await openDisk({ initScripts: [removePicker] });
  const { page } = opened;
  const stored = () =>
    page.evaluate(async () => {
      const names: string[] = [];
      for await (const { name } of (await navigator.storage.getDirectory()).values()) {
        names.push(name);
      }
      return names;
    });
  const save = async () => {
    const started = page.waitForEvent("download");
    await download(page).click();
    const saved = await started;
    assertEquals(saved.suggestedFilename(), "disk.raw");
    assertEquals(await hashOf(await Deno.readFile(await saved.path())), await hashOf(DATA));
  };
  await save();
  await save();
  const both = await stored();
  assertEquals([both.length, both.includes("disk.raw")], [2, false]);
  // A file that is being written, by this tab or another one, cannot be removed.
  await page.evaluate(async () => {
    const directory = await navigator.storage.getDirectory();
    const file = await directory.getFileHandle("written", { create: true });
    Object.assign(globalThis, { writable: await file.createWritable() });
  });
  await page.clock.setFixedTime(Date.now() + 2 * 3_600_000);
  await save();
  const left = await stored();
  assertEquals([left.includes("written"), left.some((name) => both.includes(name))], [true, false]);
});

Deno.test("Download() says that a file cannot be written, and what to check", {
  ignore: IGNORED,
}, async () => {
  await using opened = await openDisk({
    initScripts: [() => {
      const refuse = () => Promise.reject(new DOMException("not allowed", "NotAllowedError"));
      const full = () => Promise.reject(new DOMException("no space", "QuotaExceededError"));
      const file = { write: full, abort: () => Promise.resolve() };
      const handle = { createWritable: () => file, getFile: () => ({ size: 1 }) };
      const pickers = [refuse, () => handle];
      Object.assign(globalThis, { showSaveFilePicker: () => pickers.shift()?.() });
    }],
  }, new Uint8Array(10));
  const { page } = opened;
  const alert = page.locator(".sections").getByRole("alert");
  for (const cause of ["not allowed", "no space"]) {
    await download(page).click();
    await alert.getByText(`Cannot write the file: ${cause}; check space`).waitFor();
  }
  assertEquals(await alert.count(), 1);
});

Deno.test("Download() is left to the browser without https, and is said not to be verified", {
  ignore: IGNORED,
}, async () => {
  await using opened = await openDisk({ initScripts: [removeFiles] });
  const { page, url } = opened;
  await page.getByText("the page cannot verify the download").waitFor();
  const started = page.waitForEvent("download");
  await page.getByRole("link", { name: "Download", exact: true }).click();
  const saved = await started;
  assertStringIncludes(saved.url(), `${url}/v2/images/`);
  assertEquals(saved.suggestedFilename(), "disk.raw");
  assertEquals(await hashOf(await Deno.readFile(await saved.path())), await hashOf(DATA));
});
