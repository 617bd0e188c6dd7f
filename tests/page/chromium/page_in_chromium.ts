/** The page of a gateway in a real browser: Debian's Chromium, driven by Playwright. */
import { assertEquals } from "@std/assert";
import AXE from "axe-core";
import { type Browser, chromium, type Page } from "playwright-core";
import { createEmbeddedGlance, type EmbeddedGlanceOptions } from "../../../lib/embedded/mod.ts";
import {
  createImageRouter,
  type ImageRouterOptions,
  keystoneSignIn,
} from "../../../lib/router/mod.ts";
import { CHROMIUM } from "../../runtimes/entries.ts";
import { KEYSTONE_URL, type PageKeystone, SECRET } from "../page_keystone.ts";

/** Whether the tests are skipped: Chromium is not installed. */
export const IGNORED: boolean = CHROMIUM === null;

let shared: Browser | undefined;

/** Starts one browser for all tests of a file, since a start takes longer than most tests. */
export function shareChromium(): void {
  if (IGNORED) return;
  Deno.test.beforeAll(async () => void (shared = await launchChromium()));
  Deno.test.afterAll(async () => await shared?.close());
}

/** What a test opens. */
export interface PageInput {
  readonly glance?: EmbeddedGlanceOptions;
  readonly router?: Partial<ImageRouterOptions>;
  /** Whose tokens the embedded Glance requires, and where users sign in (default: no token is needed). */
  readonly keystone?: PageKeystone;
  /** Path and query of the page. */
  readonly path?: string;
  readonly width?: number;
  readonly height?: number;
  readonly scheme?: "light" | "dark";
  /** Changes what the gateway sends to Glance, and what it gets. */
  readonly wrapFetch?: (send: typeof fetch) => typeof fetch;
  /** Changes a response of the gateway before it is sent. */
  readonly front?: (request: Request, response: Response) => Response;
  /** Whether a response never ends, so that the server must not wait for it. */
  readonly isEndless?: boolean;
  /** They run in the page before its own scripts. */
  readonly initScripts?: readonly (() => void)[];
  /** Prepares the images. */
  readonly prepare?: (glance: GlanceFetch) => Promise<unknown>;
}

/** Sends a request to the embedded Glance. */
export type GlanceFetch = (path: string, init?: RequestInit) => Promise<Response>;

/** A page that is open, and the gateway that has served it. */
export class PageInChromium implements AsyncDisposable {
  readonly page: Page;
  readonly url: string;
  readonly glance: GlanceFetch;
  /** Errors of scripts, violations of the policy, and what else the console shows. */
  readonly problems: string[] = [];
  #hasAxe = false;
  readonly #close: () => Promise<void>;
  #allowed: RegExp | null = null;

  private constructor(page: Page, url: string, glance: GlanceFetch, close: () => Promise<void>) {
    this.page = page;
    this.url = url;
    this.glance = glance;
    this.#close = close;
  }

  /** Opens the page in a context of its own. */
  static async open(input: PageInput = {}, browser = shared): Promise<PageInChromium> {
    if (browser === undefined) throw new Error("no browser was started");
    const { path = "/", width = 1280, height = 800, scheme = "light" } = input;
    const { glance, url, stop } = serveGateway(input);
    await input.prepare?.(glance);
    const context = await browser.newContext({
      viewport: { width, height },
      colorScheme: scheme,
      permissions: ["clipboard-read", "clipboard-write"],
    });
    const page = await context.newPage();
    const opened = new PageInChromium(page, url, glance, async () => {
      await context.close();
      await stop();
    });
    page.on("pageerror", (error) => opened.problems.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error") opened.problems.push(message.text());
    });
    page.setDefaultTimeout(60_000);
    for (const script of input.initScripts ?? []) await page.addInitScript(script);
    await page.goto(url + path);
    return opened;
  }

  /** Reports what axe-core finds in the current view. */
  async accessibilityProblems(): Promise<readonly string[]> {
    if (!this.#hasAxe) await this.page.evaluate(AXE.source);
    this.#hasAxe = true;
    // Of other results, axe would describe every element.
    const { violations } = await this.page.evaluate('axe.run({ resultTypes: ["violations"] })') as {
      violations: { id: string; nodes: { html: string }[] }[];
    };
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
  }

  /** The names in the list, in order. */
  async names(): Promise<readonly string[]> {
    return await this.page.locator("tbody th bdi:not(.tag)").allTextContents();
  }

  /** Waits until the list has these names, in this order. */
  async shows(...names: readonly string[]): Promise<void> {
    const expected = JSON.stringify(names);
    const isShown = (expected: string) => {
      const shown = [...document.querySelectorAll("tbody th bdi:not(.tag)")];
      return JSON.stringify(shown.map(({ textContent }) => textContent)) === expected;
    };
    await this.page.waitForFunction(isShown, expected)
      .catch(async () => assertEquals(await this.names(), names));
  }

  /** Ignores what Chromium reports of failed requests, also what it reports later. */
  allowFailedRequests(): void {
    this.#allowed = /^Failed to load resource/;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
    assertEquals(this.problems.filter((problem) => !this.#allowed?.test(problem)), []);
  }
}

/** Starts Chromium without a window. */
export async function launchChromium(): Promise<Browser> {
  return await chromium.launch({ executablePath: CHROMIUM ?? "", args: ["--no-sandbox"] });
}

/** Fills in the form to sign in with a password. */
export async function signIn(page: Page, project = "demo"): Promise<void> {
  await page.getByLabel("User").fill("alice");
  await page.getByRole("textbox", { name: "Password" }).fill(SECRET);
  await page.getByLabel("Project").fill(project);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("button", { name: "Sign out" }).waitFor();
}

/** Serves a gateway with a page, in front of an embedded Glance. */
function serveGateway(input: PageInput) {
  const { glance: options = {}, router: routerOptions = {}, keystone } = input;
  const { front = (_, response) => response, wrapFetch = (send) => send } = input;
  const embedded = createEmbeddedGlance(
    keystone === undefined ? options : { identify: keystone.identify, ...options },
  );
  const send = async (input: string | URL | Request, init?: RequestInit) => {
    const request = new Request(input, init);
    return await keystone?.respond(request) ?? await embedded.fetch(request);
  };
  const ended = new AbortController();
  const upstream = wrapFetch(send);
  const router = createImageRouter({
    apiServers: ["http://glance.invalid"],
    authStrategy: keystone === undefined ? "noauth" : "keystone",
    // `Deno.serve` does not detect that a client has gone while its body is not read.
    fetch: (input, { signal, ...init }) =>
      upstream(input, {
        ...init,
        signal: AbortSignal.any([ended.signal, ...signal ? [signal] : []]),
      }),
    page: keystone === undefined || { signIn: keystoneSignIn(KEYSTONE_URL, { fetch: send }) },
    metrics: true,
    ...routerOptions,
  });
  const listening = { signal: ended.signal, hostname: "127.0.0.1", port: 0, onListen: () => {} };
  const server = Deno.serve(
    listening,
    async (request, info) => {
      const response = await router.fetch(request, info);
      const result = front(request, response);
      const isReplaced = result.body !== response.body && response.body?.locked === false;
      if (isReplaced) await response.body.cancel();
      return result;
    },
  );
  keystone?.tokens.set("prepared", { user: "alice", projectId: "p-demo" });
  return {
    glance: (path: string, init?: RequestInit) => {
      const headers = new Headers(init?.headers);
      if (!headers.has("x-auth-token")) headers.set("x-auth-token", "prepared");
      return send(`http://glance.invalid${path}`, { ...init, headers });
    },
    url: `http://127.0.0.1:${server.addr.port}`,
    stop: async () => {
      if (input.isEndless !== true) return await server.shutdown();
      ended.abort();
      await server.finished;
    },
  };
}

/** Creates an image; with data if a size is given. */
export async function addImage(
  glance: GlanceFetch,
  image: Readonly<Record<string, unknown>>,
  data?: Uint8Array<ArrayBuffer>,
): Promise<string> {
  const headers = { "content-type": "application/json" };
  const meta = { disk_format: "raw", container_format: "bare", ...image };
  const created = await glance("/v2/images", {
    method: "POST",
    headers,
    body: JSON.stringify(meta),
  });
  assertEquals(created.status, 201);
  const { id } = await created.json();
  if (data !== undefined) {
    const type = { "content-type": "application/octet-stream" };
    const init = { method: "PUT", headers: type, body: data };
    assertEquals((await glance(`/v2/images/${id}/file`, init)).status, 204);
  }
  return id;
}
