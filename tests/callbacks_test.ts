/**
 * Functions of the user may throw, reject, or return anything: that never ends the process, and never grants
 * access. An unhandled rejection fails the run of this file.
 */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { ignoringErrors } from "../lib/events.ts";
import { createImageRouter, type ImageRouterOptions } from "../lib/router/mod.ts";
import {
  GlanceClientWrapper,
  GlanceConnectionFailed,
  GlanceImageService,
  type GlanceOptions,
  Invalid,
  InvalidConfigurationValue,
  waitForStatus,
} from "../mod.ts";
import { settled } from "./support/clock.ts";
import { storeImage } from "./support/stored_image.ts";
import { createEmbeddedGlance } from "../lib/embedded/mod.ts";

/** The faults of a function. */
const FAULTS: Readonly<Record<string, () => never>> = {
  "throws an error": () => {
    throw new Error("faulty");
  },
  "throws undefined": () => {
    throw undefined;
  },
  "rejects": () => Promise.reject(new Error("faulty")) as never,
  "rejects later": () => settled().then(() => Promise.reject(new Error("faulty"))) as never,
  "returns undefined": () => undefined as never,
  "returns a string": () => "garbage" as never,
  "returns NaN": () => NaN as never,
  "returns a thenable that throws": () =>
    ({
      get then() {
        throw new Error("faulty");
      },
    }) as never,
};

const OWNER = { projectId: "local", isAdmin: true };

const META = { name: "a", diskFormat: "raw", containerFormat: "bare" };

const glance = createEmbeddedGlance();
const fetchGlance = (input: string, init: RequestInit) => glance.fetch(new Request(input, init));

/** A fetch whose first connection is refused. */
function refusedOnce(): typeof fetchGlance {
  let failures = 1;
  return (input, init) =>
    failures-- > 0 ? Promise.reject(new TypeError("connection refused")) : fetchGlance(input, init);
}

async function storedImage(): Promise<string> {
  return await storeImage(
    (path, init) => glance.fetch(new Request(`http://a:9292${path}`, init)),
    "disk",
    new Uint8Array(300_000),
  );
}

for (const [fault, faulty] of Object.entries(FAULTS)) {
  Deno.test(`create() and download() succeed when "onEvent" or "onProgress" ${fault}`, async () => {
    const id = await storedImage();
    let events = 0;
    const client = new GlanceClientWrapper({
      apiServers: ["http://a:9292", "http://b:9292"],
      fetch: refusedOnce(),
      onEvent: () => {
        events++;
        return faulty();
      },
    });
    const service = new GlanceImageService(client);
    const options = { onProgress: faulty };
    const stream = await service.download(OWNER, id, options);
    assertEquals((await new Response(stream).arrayBuffer()).byteLength, 300_000);
    const chunks: number[] = [];
    await service.download(
      OWNER,
      id,
      new WritableStream({ write: (chunk) => void chunks.push(chunk.byteLength) }),
      options,
    );
    assertEquals(chunks.reduce((a, b) => a + b), 300_000);
    const made = await service.create(OWNER, META, new Uint8Array(10), options);
    await waitForStatus(service, OWNER, made.id, "active", { onProgress: faulty });
    assert(events > 0);
    await settled();
  });

  Deno.test(`createImageRouter() responds as usual when "log" or "onEvent" ${fault}`, async () => {
    const router = routerWith({ log: faulty, onEvent: faulty });
    for (const path of ["/v2/images", "/v2/images/none", "/nowhere"]) {
      const response = await router.request(path);
      await response.body?.cancel();
      assert(response.status < 500);
    }
    await settled();
  });

  Deno.test(`createImageRouter() responds with 500 and logs the cause when "authorize" ${fault}`, async () => {
    const errors: (string | null)[] = [];
    let requested = 0;
    const router = routerWith({
      authorize: faulty,
      log: ({ error }) => void errors.push(error),
      fetch: (input, init) => {
        requested++;
        return fetchGlance(input, init);
      },
    });
    const response = await router.request("/v2/images");
    assertEquals([response.status, requested], [500, 0]);
    assert(!(await response.text()).includes("faulty"));
    assert(errors.length === 1 && errors[0] !== null && errors[0] !== undefined);
  });

  Deno.test(`call() uses the default clocks and random when "now", "wallClock" or "random" ${fault}`, async () => {
    const client = new GlanceClientWrapper({
      apiServers: ["http://a:9292", "http://b:9292"],
      fetch: refusedOnce(),
      now: faulty,
      wallClock: faulty,
      random: faulty,
    });
    assert(Array.isArray((await client.call({}, "list")).images));
    await settled();
  });

  const FetchError = /returns [uaN]/.test(fault) && !fault.includes("thenable")
    ? InvalidConfigurationValue
    : GlanceConnectionFailed;

  Deno.test(`call() throws ${FetchError.name} when "fetch" ${fault}`, async () => {
    const client = new GlanceClientWrapper({ netloc: "a", fetch: faulty, numRetries: 0 });
    await assertRejects(() => client.call({}, "list"), FetchError);
    await settled();
  });

  Deno.test(`call() fails, and nothing else, when "sleep" ${fault}`, async () => {
    const client = new GlanceClientWrapper({
      netloc: "a",
      fetch: () => Promise.reject(new TypeError("connection refused")),
      sleep: faulty,
    });
    await assertRejects(() => client.call({}, "list")).catch(() => {});
    await settled();
  });

  Deno.test(`call() fails when "renew" ${fault}`, async () => {
    const options: GlanceOptions = {
      fetch: () => Promise.resolve(new Response(null, { status: 401 })),
    };
    const client = new GlanceClientWrapper({ netloc: "a", ...options });
    const context = { authToken: "t", renew: faulty };
    let error: unknown = "none";
    await client.call(context, "list").catch((cause) => error = cause);
    assert(error !== "none");
    await settled();
  });
}

Deno.test("call() names renew() in its error when renew() returns no context", async () => {
  const client = new GlanceClientWrapper({
    netloc: "a",
    fetch: () => Promise.resolve(new Response(null, { status: 401 })),
  });
  const context = { authToken: "t", renew: () => Promise.resolve("a token" as never) };
  await assertRejects(() => client.call(context, "list"), Invalid, "a renewal");
});

Deno.test("call() names fetch() in its error when fetch() returns no response", async () => {
  const client = new GlanceClientWrapper({
    netloc: "a",
    fetch: () => Promise.resolve(undefined as never),
  });
  const error = await assertRejects(() => client.call({}, "list"), InvalidConfigurationValue);
  assertStringIncludes(error.message, '"fetch": it returned undefined instead of a new Response');
});

Deno.test("ignoringErrors() calls a listener synchronously, and returns undefined", () => {
  const received: number[] = [];
  assertEquals(ignoringErrors((value: number) => received.push(value))(3), undefined);
  assertEquals(received, [3]);
  assertEquals(ignoringErrors(undefined)(3), undefined);
});

function routerWith(options: Partial<ImageRouterOptions>): ReturnType<typeof createImageRouter> {
  return createImageRouter({ apiServers: ["http://a:9292"], fetch: fetchGlance, ...options });
}

for (const fault of ["throws an error", "throws undefined", "returns undefined"]) {
  Deno.test(`call() uses the default timer when "timer" ${fault} in a callback of its own`, async () => {
    let calls = 0;
    const client = new GlanceClientWrapper({
      apiServers: ["http://a:9292", "http://b:9292"],
      hedgeDelay: 1,
      requestTimeout: 20,
      numRetries: 1,
      fetch: (_, { signal }) =>
        new Promise((_, reject) => {
          signal?.addEventListener("abort", () => reject(signal.reason));
        }),
      timer: (ms, callback) => {
        if (calls++ > 0) return FAULTS[fault]?.() as never;
        const id = setTimeout(callback, ms);
        return () => clearTimeout(id);
      },
    });
    await assertRejects(() => client.call({}, "list"), GlanceConnectionFailed);
    assert(calls > 1);
    await settled();
  });
}
