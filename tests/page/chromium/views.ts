/// <reference lib="dom" />
/** Every view of the page, for pictures and for checks of all views. */
import { Buffer } from "node:buffer";
import type { Page } from "playwright-core";
import { qcow2 } from "../../formats/image_builder.ts";
import { PageKeystone } from "../page_keystone.ts";
import { addImage, type GlanceFetch, type PageInput, signIn } from "./page_in_chromium.ts";
import { pickPrivateFile } from "./private_files.ts";

/** A view, and how to open it. */
export interface View {
  readonly name: string;
  readonly input: PageInput;
  readonly open?: (page: Page) => Promise<void>;
}

/** Names as they are in real clouds, with their formats, visibilities, tags and sizes in KiB. */
const IMAGES = [
  ["ubuntu-24.04-server-cloudimg", "raw", "public", ["lts"], 597],
  ["debian-13-genericcloud", "raw", "public", ["lts"], 412],
  ["rocky-10-genericcloud", "qcow2", "public", [], null],
  ["fedora-cloud-43", "raw", "public", [], 540],
  ["cirros-0.6.3", "raw", "community", ["test"], 20],
  ["windows-server-2025", "raw", "private", ["licensed"], 980],
  ["k8s-node-v1.34", "raw", "shared", ["ci", "golden"], 771],
  ["amphora-x64-haproxy", "raw", "private", ["octavia"], 310],
  ["alpine-3.22-virt", "iso", "public", [], null],
  ["flatcar-stable", "raw", "shared", [], 450],
  ["installer-nightly", "iso", "private", [], null],
  ["postgres-17-appliance", "raw", "private", ["golden"], 633],
] as const;

async function someImages(glance: GlanceFetch): Promise<void> {
  for (const [name, disk_format, visibility, tags, size] of IMAGES) {
    const properties = {
      os_distro: name.split("-")[0],
      hw_disk_bus: "virtio",
      architecture: "x86_64",
    };
    const image = { name, disk_format, visibility, tags, ...properties };
    const id = await addImage(
      glance,
      image,
      size === null ? undefined : new Uint8Array(size * 1024),
    );
    if (visibility !== "shared") continue;
    const headers = { "content-type": "application/json" };
    for (const member of ["staging", "7f1c0b5fd2c84d6c8f8b7f4b30a7d3e1"]) {
      await glance(`/v2/images/${id}/members`, {
        method: "POST",
        headers,
        body: JSON.stringify({ member }),
      });
    }
  }
}

/** Multiplies the sizes in records, so that they look like those of real images. */
function enlarge(send: typeof fetch): typeof fetch {
  return async (input, init) => {
    const response = await send(input, init);
    const { status, headers } = response;
    if (!headers.get("content-type")?.startsWith("application/json")) return response;
    const text = (await response.text()).replaceAll(
      /("(?:virtual_)?size": ?)(\d+)/g,
      (_, name: string, size: string) => name + Number(size) * 3_271,
    );
    const others = [...headers].filter(([name]) => name !== "content-length");
    return new Response(status === 204 ? null : text, { status, headers: others });
  };
}

/** The input of views with these images. */
const WITH_IMAGES = { prepare: someImages, wrapFetch: enlarge };

const openDetails = async (page: Page) => {
  await page.getByRole("link", { name: "k8s-node-v1.34" }).click();
  await page.getByText("Download with").waitFor();
  await page.getByText("staging").waitFor();
};

/** Sends a part of the data, slowly, and no end. */
function holdData(request: Request, response: Response): Response {
  if (!request.url.endsWith("/file")) return response;
  const { status, headers } = response;
  const chunk = new Uint8Array(128 * 1024);
  let sent = 0;
  const body = new ReadableStream({
    pull: async (controller) => {
      if (++sent > 3) return await new Promise(() => {});
      await new Promise((resolve) => setTimeout(resolve, 300));
      controller.enqueue(chunk);
    },
  });
  return new Response(body, { status, headers });
}

/** Requests the data of images, in the page. */
async function readImages(count: number): Promise<void> {
  const { images } = await (await fetch("v2/images?status=active")).json();
  for (const { id } of images.slice(0, count)) {
    await (await fetch(`v2/images/${id}/file`)).arrayBuffer();
  }
}

/** Chooses files with data of their format. */
async function chooseFiles(page: Page, ...names: readonly string[]): Promise<void> {
  const files = names.map((name) => {
    const bytes = new Uint8Array(name.startsWith("too") ? 400_000 : 300_000);
    if (name.endsWith(".qcow2")) bytes.set(qcow2());
    if (name.endsWith(".gz")) bytes.set([0x1f, 0x8b, 8]);
    return { name, mimeType: "application/octet-stream", buffer: Buffer.from(bytes) };
  });
  await page.locator("input[type=file]").setInputFiles(files);
  await page.getByRole("button", { name: /^Start/ }).and(page.locator(":enabled")).waitFor();
}

/** The views. */
export const VIEWS: readonly View[] = [
  {
    name: "list",
    input: WITH_IMAGES,
    open: (page) => page.getByRole("status").getByText("12 images").waitFor(),
  },
  {
    name: "filters",
    input: { ...WITH_IMAGES, path: "/?status=active&sort=size" },
    open: (page) => page.getByRole("combobox", { name: "Format" }).waitFor(),
  },
  { name: "details", input: WITH_IMAGES, open: openDetails },
  {
    name: "commands",
    input: WITH_IMAGES,
    open: async (page) => {
      await openDetails(page);
      await page.locator("summary").first().click();
    },
  },
  {
    name: "edit",
    input: WITH_IMAGES,
    open: async (page) => {
      await openDetails(page);
      await page.getByRole("button", { name: "Edit" }).click();
      await page.getByRole("button", { name: "Save" }).waitFor();
    },
  },
  {
    name: "delete",
    input: WITH_IMAGES,
    open: async (page) => {
      await openDetails(page);
      await page.getByRole("button", { name: "Delete" }).click();
    },
  },
  {
    name: "download",
    input: { prepare: someImages, initScripts: [pickPrivateFile], front: holdData },
    open: async (page) => {
      await openDetails(page);
      await page.getByRole("button", { name: "Download", exact: true }).click();
      await page.getByText(/% · .* left$/).waitFor();
    },
  },
  {
    name: "upload",
    input: {
      prepare: someImages,
      // With access to the web, Glance also imports from URLs.
      glance: { fetch: () => Promise.reject(new TypeError("no network")) },
    },
    open: async (page) => {
      await page.getByRole("button", { name: "Upload", exact: true }).click();
      await chooseFiles(page, "debian-13-arm64.qcow2", "disk.img.gz");
    },
  },
  {
    name: "upload-error",
    input: {
      isEndless: true,
      prepare: someImages,
      wrapFetch: (send) => async (input, init) => {
        const request = new Request(input, init);
        if (request.method !== "PUT") return await send(request);
        // One upload is refused, and the others wait for a response.
        if (request.headers.get("x-openstack-image-size") === "400000") {
          return new Response("Denying attempt to upload image because it exceeds the quota", {
            status: 413,
          });
        }
        return await new Promise((_, reject) =>
          request.signal.addEventListener("abort", () => reject(request.signal.reason))
        );
      },
    },
    open: async (page) => {
      await page.getByRole("button", { name: "Upload", exact: true }).click();
      await chooseFiles(page, "debian-13-arm64.qcow2", "too-large.img", "windows-server.vhdx");
      await page.getByRole("button", { name: /^Start/ }).click();
      await page.getByRole("alert").waitFor();
      await page.getByText("Glance is storing the data").first().waitFor();
    },
  },
  {
    name: "empty",
    input: {},
    open: (page) => page.getByText("There are no images here.").waitFor(),
  },
  {
    name: "error",
    input: {
      router: {
        fetch: () => Promise.reject(new TypeError("connection refused")),
        sleep: () => Promise.resolve(),
      },
    },
    open: (page) => page.getByRole("alert").waitFor(),
  },
  {
    name: "sign-in-token",
    input: { glance: { identify: () => null }, router: { authStrategy: "keystone" } },
    open: (page) => page.getByLabel("Token").waitFor(),
  },
  {
    name: "sign-in",
    input: { keystone: new PageKeystone() },
    open: (page) => page.getByLabel("User").waitFor(),
  },
  {
    name: "sign-in-error",
    input: { keystone: new PageKeystone() },
    open: async (page) => {
      await page.getByRole("radio", { name: "Token" }).check();
      await page.getByRole("textbox", { name: "Token" }).fill("expired");
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByRole("alert").waitFor();
    },
  },
  {
    name: "signed-in",
    input: { keystone: new PageKeystone(), ...WITH_IMAGES },
    open: async (page) => {
      await signIn(page);
      await page.getByRole("status").getByText("12 images").waitFor();
    },
  },
  {
    name: "edge",
    input: { prepare: someImages },
    open: async (page) => {
      await page.getByRole("status").getByText("12 images").waitFor();
      await page.clock.install();
      await page.getByRole("button", { name: "Edge" }).click();
      await page.locator("polyline").first().waitFor({ state: "attached" });
      // Some traffic.
      for (let second = 0; second < 24; second += 2) {
        const requests = [3, 8, 5, 1, 2, 9][second / 2 % 6] ?? 0;
        await page.evaluate(readImages, requests);
        const metrics = page.waitForResponse(/metrics/);
        await page.clock.runFor(2_000);
        await (await metrics).finished();
      }
    },
  },
];
