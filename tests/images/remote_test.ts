/** From an image reference to the service that can read it, and who is trusted with the token. */
import { assertEquals, assertThrows } from "@std/assert";
import {
  getDefaultImageService,
  getRemoteImageService,
  type GlanceOptions,
  type RequestContext,
} from "../../mod.ts";
import { InvalidImageRef } from "../../lib/errors.ts";
import { ScriptedFetch } from "../support/scripted_fetch.ts";

const ID = "a6c32c8e-0000-4000-8000-000000000001";

/** An href -> the endpoint that it names, and the id. */
const HREFS: readonly (readonly [href: string, endpoint: string, id: string])[] = [
  [`http://glance:9292/v2/images/${ID}`, "http://glance:9292", ID],
  [`https://glance/v2/images/${ID}`, "https://glance", ID],
  [`https://glance/v1/images/${ID}`, "https://glance", ID],
  [`https://glance/v2.9/images/${ID}`, "https://glance", ID],
  [`https://glance/images/${ID}`, "https://glance", ID],
  [`https://glance/v2/${ID}`, "https://glance", ID],
  [`https://glance/${ID}`, "https://glance", ID],
  [`https://glance/image/v2/images/${ID}`, "https://glance/image", ID],
  [`https://glance/image/images/${ID}`, "https://glance/image", ID],
  [`https://glance/a/b/v2/images/${ID}`, "https://glance/a/b", ID],
  [`https://glance/v2/images/${ID}/`, "https://glance", ID],
  [`https://glance/v2/images/${ID}///`, "https://glance", ID],
  [`https://glance/v2/images/${ID}?a=b/c#d/e`, "https://glance", ID],
  [`  https://glance/v2/images/${ID}\n`, "https://glance", ID],
  [`HTTPS://GLANCE/v2/images/${ID}`, "https://glance", ID],
  [`https://glance:443/v2/images/${ID}`, "https://glance", ID],
  [`http://[::1]:9292/v2/images/${ID}`, "http://[::1]:9292", ID],
  [`http://[::1]/${ID}`, "http://[::1]", ID],
  [`http://::1/v2/images/${ID}`, "http://[::1]", ID],
  ["https://glance/v2/images/name%20here%3F".replace("%20here", ""), "https://glance", "name?"],
  ["https://glance/v2/images/%C3%BC", "https://glance", "ü"],
  [`https://glance/image/v2/images/${ID}/file`, "https://glance/image", ID],
  [`https://glance/v2/images/${ID}/file/?a#b`, "https://glance", ID],
  [`https://glance/${ID}/file`, "https://glance", ID],
  [`https://glance/image/${ID}/file`, "https://glance/image", ID],
  ["https://glance/v2/images/file", "https://glance", "file"],
];

for (const [href, endpoint, id] of HREFS) {
  Deno.test(`getRemoteImageService() finds ${id} at ${endpoint} in ${JSON.stringify(href)}`, () => {
    const [service, imageId] = getRemoteImageService({}, href);
    assertEquals([service.client.server?.endpoint, imageId], [endpoint, id]);
  });
}

const UNUSABLE = [
  "",
  ".",
  "..",
  "a b",
  "a\\b",
  " 42",
  "/",
  "/42",
  "v2/images/42",
  "ftp://glance/v2/images/42",
  "file:///v2/images/42",
  "glance://42/43",
  "http://",
  "http:///",
  "http:///v2/images/42",
  "http:////glance/v2/images/42",
  "http:/glance/v2/images/42",
  "http:glance/v2/images/42",
  "http:\\\\glance/v2/images/42",
  "http://glance\\v2\\images\\42",
  "http:/\\glance/v2/images/42",
  "http://\tglance/v2/images/42",
  "ht\ntp://glance/v2/images/42",
  "http://gla\nnce/v2/images/42",
  "https:///v2/images/42",
  "http://?/v2/images/42",
  "http://[::1/v2/images/42",
  "http://glance",
  "http://glance/",
  "http://glance/v2",
  "http://glance/v2/",
  "http://glance/v2/images",
  "http://glance/v2/images/",
  "http://glance/v2/images/..%2Fadmin",
  "http://glance/v2/images/%2e%2e%2f",
  "http://glance/v2/images/a%5Cb",
  "http://glance/v2/images/a%20b",
  "http://glance/v2/images/%",
  "http://glance/v2/images/%ff",
  "http://me:pw@glance/v2/images/42",
  "http://glance/v2/images/%00",
  "http://glance/v2/images/a%7Fb",
  "a\u0007b",
];

for (const href of UNUSABLE) {
  Deno.test(`getRemoteImageService() throws InvalidImageRef with a hint for ${JSON.stringify(href)}`, () => {
    const refuse = () => getRemoteImageService({}, href);
    const { message } = assertThrows(refuse, InvalidImageRef, "use an id or");
    assertEquals(/me:|pw/.test(message), false, message);
  });
}

Deno.test("getRemoteImageService() shows no secret of a rejected href", () => {
  for (const href of ["http://me:pw@glance/v2/images/42?sig=pw", "http://me:p/w@glance/42#pw"]) {
    const { message } = assertThrows(() => getRemoteImageService({}, href), InvalidImageRef);
    assertEquals(/me:|p\/?w/.test(message), false, message);
  }
});

Deno.test("getRemoteImageService() returns the default service for an id", () => {
  const [service, imageId] = getRemoteImageService({}, ID, { apiServers: ["glance"] });
  assertEquals([service.client.server, imageId], [null, ID]);
  assertEquals(service.client.options.apiServers?.[0]?.endpoint, "http://glance");
});

const CATALOG = [{
  type: "image",
  name: "glance",
  endpoints: [
    { interface: "public", region: "north", url: "https://catalog.example/image" },
    { interface: "public", region: "south", url: "https://south.example" },
    { interface: "internal", region: "north", url: "http://inside" },
    { interface: "internal", region: "south", url: "no URL" },
  ],
}, {
  type: "compute",
  name: "nova",
  endpoints: [{ interface: "public", region: "north", url: "https://nova.example" }],
}];

/** The server of an href -> whether the token is sent to it. */
const TRUST: readonly (readonly [
  options: GlanceOptions,
  context: RequestContext,
  origin: string,
  isTrusted: boolean,
])[] = [
  [{}, {}, "https://glance", false],
  [{ apiServers: ["https://glance"] }, {}, "https://glance", true],
  [{ apiServers: ["https://glance/image"] }, {}, "https://glance", true],
  [{ apiServers: ["https://glance"] }, {}, "http://glance", false],
  [{ apiServers: ["https://glance"] }, {}, "https://glance:9292", false],
  [{ apiServers: ["https://glance"] }, {}, "https://glance.evil.example", false],
  [{ apiServers: ["https://glance"] }, {}, "https://evil.example/glance", false],
  [{ apiServers: ["https://other"] }, { serviceCatalog: CATALOG }, "https://glance", false],
  [{}, { serviceCatalog: CATALOG }, "https://catalog.example", true],
  [{}, { serviceCatalog: CATALOG }, "https://south.example", true],
  [{}, { serviceCatalog: CATALOG }, "http://south.example", false],
  [{}, { serviceCatalog: CATALOG }, "http://inside", true],
  [{}, { serviceCatalog: CATALOG }, "https://nova.example", false],
  [{ apiServers: ["a"] }, { serviceCatalog: CATALOG }, "http://inside", true],
  [{ catalogInfo: "image:glance:adminURL" }, { serviceCatalog: CATALOG }, "https://glance", false],
  [{}, { serviceCatalog: [] }, "https://glance", false],
  [{ trustedHosts: ["glance"] }, {}, "https://glance", true],
  [{ trustedHosts: ["glance"] }, {}, "http://glance", false],
  [{ trustedHosts: ["glance:443"] }, {}, "http://glance:443", false],
  [{ trustedHosts: ["http://glance:9292"] }, {}, "http://glance:9292", true],
  [{ trustedHosts: ["http://glance:9292"] }, {}, "https://glance:9292", false],
  [{ trustedHosts: ["glance"] }, {}, "https://glance:9292", false],
  [{ trustedHosts: ["glance:9292"] }, {}, "https://glance:9292", true],
  [{ trustedHosts: ["lance"] }, {}, "https://glance", false],
  [{ apiServers: ["a"], trustedHosts: ["glance"] }, {}, "https://glance", true],
];

for (const [options, who, origin, isTrusted] of TRUST) {
  const name = JSON.stringify([options, who.serviceCatalog === undefined ? "" : "a catalog"]);
  Deno.test(`getRemoteImageService() ${isTrusted ? "sends" : "does not send"} the token to ${origin} with ${name}`, async () => {
    const script = new ScriptedFetch([Response.json({ id: ID, status: "active" })]);
    const context = { ...who, authToken: "canary", serviceToken: "canary" };
    const given = { ...options, fetch: script.fetch };
    const [service, id] = getRemoteImageService(context, `${origin}/v2/images/${ID}`, given);
    await service.show(context, id);
    const [request] = script.requests;
    assertEquals(request?.url, `${origin}/v2/images/${ID}`);
    const sent = [...request?.headers ?? []].filter(([, value]) => value === "canary");
    assertEquals(sent.map(([key]) => key), isTrusted ? ["x-auth-token", "x-service-token"] : []);
  });
}

Deno.test("getDefaultImageService() uses the given options, else defaults", () => {
  assertEquals(getDefaultImageService({ numRetries: 9 }).client.options.numRetries, 9);
  assertEquals(getDefaultImageService().client.options.numRetries, 3);
});
