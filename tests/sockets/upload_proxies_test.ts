/** Uploads through real nginx and lighttpd: a proxy must not cause the loss of an image. */
import { assertEquals, assertInstanceOf, assertRejects, assertStringIncludes } from "@std/assert";
import {
  getDefaultImageService,
  type GlanceOptions,
  ImageLimitExceeded,
  Invalid,
  type RequestContext,
  type UploadData,
  type UploadOptions,
} from "../../mod.ts";
import { TurnClock } from "../support/turn_clock.ts";
import { createImageRouter } from "../../lib/router/mod.ts";
import { seededBytes } from "../support/seed.ts";
import { failureOf } from "../support/client_harness.ts";
import { lighttpdConfig, needing, nginxConfig, SlowGlance, startProxy } from "./proxies.ts";

const DATA = seededBytes(1, 3_000_001);

const META = { name: "image", diskFormat: "raw", containerFormat: "bare" };

/** What can be uploaded, with its size and without. */
const KINDS: readonly (readonly [what: string, data: () => UploadData, options: UploadOptions])[] =
  [
    ["bytes", () => DATA, {}],
    ["a Blob", () => new Blob([DATA]), {}],
    ["a function that returns a stream", () => () => new Blob([DATA]).stream(), {}],
    ["a stream", () => new Blob([DATA]).stream(), {}],
    ["a stream of known size", () => new Blob([DATA]).stream(), { size: DATA.byteLength }],
  ];

function create(
  url: string,
  data: UploadData,
  upload: UploadOptions = {},
  options: GlanceOptions = {},
  context: RequestContext = {},
) {
  const service = getDefaultImageService({
    apiServers: [url],
    // Waits are a hundred times shorter.
    ...new TurnClock(100).options,
    requestTimeout: 600_000,
    stallTimeout: 600_000,
    ...options,
  });
  return service.create(context, META, data, upload);
}

for (const buffering of ["on", "off"]) {
  for (const [what, data, options] of KINDS) {
    Deno.test({
      ...needing(
        "nginx",
        `create() of ${what} waits after nginx's 504 with proxy_request_buffering ${buffering}`,
      ),
      async fn() {
        await using glance = new SlowGlance(1);
        const directives =
          `client_max_body_size 0; proxy_read_timeout 3s; proxy_request_buffering ${buffering};`;
        await using proxy = await startProxy(
          "nginx",
          nginxConfig(glance.urls.slice(0, 1), directives),
        );
        const image = await create(proxy.url, data(), options);
        assertEquals([image.status, image.size], ["active", DATA.byteLength]);
        assertEquals(glance.log.filter((line) => /PUT|DELETE/.test(line)), ["PUT 204"]);
      },
    });
  }
}

Deno.test({
  ...needing(
    "nginx",
    "create() waits when nginx repeats an upload to a second Glance, which rejects it",
  ),
  async fn() {
    await using glance = new SlowGlance(1);
    await using proxy = await startProxy(
      "nginx",
      nginxConfig(glance.urls, "client_max_body_size 0; proxy_read_timeout 3s;"),
    );
    const image = await create(proxy.url, new Blob([DATA]));
    assertEquals([image.status, image.size], ["active", DATA.byteLength]);
    const writes = glance.log.filter((line) => /PUT|DELETE/.test(line)).sort();
    assertEquals(writes, ["PUT 204", "PUT 409"]);
  },
});

Deno.test({
  ...needing(
    "nginx",
    "create() reports nginx's client_max_body_size as a limit, and leaves no image",
  ),
  async fn() {
    await using glance = new SlowGlance();
    await using proxy = await startProxy(
      "nginx",
      nginxConfig(glance.urls, "client_max_body_size 100k;"),
    );
    for (const [, data, options] of KINDS) {
      assertInstanceOf(await failureOf(create(proxy.url, data(), options)), ImageLimitExceeded);
      assertEquals(await glance.images(), []);
    }
  },
});

Deno.test({
  ...needing("nginx", "create() renews the token when nginx rejects it without reading the data"),
  async fn() {
    await using glance = new SlowGlance();
    const directives = `client_max_body_size 0; set $refused "$request_method $http_x_auth_token";
      if ($refused = "PUT old") { return 401; }`;
    await using proxy = await startProxy("nginx", nginxConfig(glance.urls, directives));
    for (const data of [DATA, new Blob([DATA]), () => new Blob([DATA]).stream()]) {
      const context = { authToken: "old", renew: () => Promise.resolve({ authToken: "new" }) };
      const image = await create(proxy.url, data, {}, {}, context);
      assertEquals([image.status, image.size], ["active", DATA.byteLength]);
    }
    assertEquals((await glance.images()).length, 3);
  },
});

Deno.test({
  ...needing(
    "lighttpd",
    "create() sends the size that lighttpd requires, and throws a hint when it is unknown",
  ),
  async fn() {
    await using glance = new SlowGlance();
    await using proxy = await startProxy("lighttpd", lighttpdConfig(glance.urls[0] ?? ""));
    const [chunked, sized] = [KINDS.slice(2, 4), [...KINDS.slice(0, 2), ...KINDS.slice(4)]];
    for (const [, data, options] of sized) {
      const image = await create(proxy.url, data(), options);
      assertEquals([image.status, image.size], ["active", DATA.byteLength]);
    }
    for (const [, data, options] of chunked) {
      const error = await assertRejects(() => create(proxy.url, data(), options), Invalid, "411");
      assertStringIncludes(error.message, "give its size, or upload it from a file");
    }
    assertEquals((await glance.images()).length, sized.length);
  },
});

Deno.test({
  ...needing(
    "lighttpd",
    "PUT /file sends the announced size to lighttpd",
  ),
  async fn() {
    await using glance = new SlowGlance();
    await using proxy = await startProxy("lighttpd", lighttpdConfig(glance.urls[0] ?? ""));
    const router = createImageRouter({ apiServers: [proxy.url], authStrategy: "noauth" });
    const gateway = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) => router.fetch(request),
    );
    try {
      const image = await create(`http://127.0.0.1:${gateway.addr.port}`, new Blob([DATA]));
      assertEquals([image.status, image.size], ["active", DATA.byteLength]);
    } finally {
      await gateway.shutdown();
    }
  },
});
