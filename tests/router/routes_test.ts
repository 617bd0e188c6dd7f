import { assertEquals } from "@std/assert";
import { API_PATHS, ROUTES } from "../../lib/router/routes.ts";
import { Cloud } from "./cloud.ts";

/** The whole of Image API v2: each path with its methods. */
const IMAGE_API: Readonly<Record<string, string>> = {
  "/v2/images": "GET, POST",
  "/v2/images/{}": "GET, PATCH, DELETE",
  "/v2/images/{}/actions/deactivate": "POST",
  "/v2/images/{}/actions/reactivate": "POST",
  "/v2/images/{}/file": "GET, PUT",
  "/v2/images/{}/import": "POST",
  "/v2/images/{}/locations": "GET, POST",
  "/v2/images/{}/members": "GET, POST",
  "/v2/images/{}/members/{}": "GET, PUT, DELETE",
  "/v2/images/{}/stage": "PUT",
  "/v2/images/{}/tags/{}": "PUT, DELETE",
  "/v2/images/{}/tasks": "GET",
  "/v2/stores/{}/{}": "DELETE",
  "/v2/tasks": "GET, POST",
  "/v2/tasks/{}": "GET, DELETE",
  "/v2/info/import": "GET",
  "/v2/info/stores": "GET",
  "/v2/info/stores/detail": "GET",
  "/v2/info/usage": "GET",
  "/v2/cache": "GET, DELETE",
  "/v2/cache/{}": "PUT, DELETE",
  "/v2/cache/clean": "POST",
  "/v2/cache/prune": "POST",
  "/v2/cache/nodes/{}": "GET",
  "/v2/schemas/{}": "GET",
  "/v2/schemas/metadefs/{}": "GET",
  "/v2/metadefs/resource_types": "GET",
  "/v2/metadefs/namespaces": "GET, POST",
  "/v2/metadefs/namespaces/{}": "GET, PUT, DELETE",
  "/v2/metadefs/namespaces/{}/resource_types": "GET, POST",
  "/v2/metadefs/namespaces/{}/resource_types/{}": "DELETE",
  "/v2/metadefs/namespaces/{}/properties": "GET, POST, DELETE",
  "/v2/metadefs/namespaces/{}/properties/{}": "GET, PUT, DELETE",
  "/v2/metadefs/namespaces/{}/objects": "GET, POST, DELETE",
  "/v2/metadefs/namespaces/{}/objects/{}": "GET, PUT, DELETE",
  "/v2/metadefs/namespaces/{}/tags": "GET, POST, DELETE",
  "/v2/metadefs/namespaces/{}/tags/{}": "GET, POST, PUT, DELETE",
};

Deno.test("API_PATHS has every path of the Image API v2 with its methods, and no other", () => {
  const order = ["GET", "POST", "PUT", "PATCH", "DELETE"];
  const table = API_PATHS.map(({ path, routes }) => {
    const methods = new Set(routes.map(({ method }) => method));
    return [
      `/v2${path.replaceAll(/\{\w+\}/g, "{}")}`,
      order.filter((method) => methods.has(method)).join(", "),
    ] as const;
  });
  assertEquals(sorted(table), sorted(Object.entries(IMAGE_API)));
});

Deno.test("ROUTES has a kind of its own for image data, patches and new images", () => {
  const special = ROUTES.filter(({ kind }) => kind !== "document")
    .map(({ method, path, kind }) => `${method} ${path}: ${kind}`);
  assertEquals(special.sort(), [
    "GET /v2/images/{image_id}/file: data",
    "PATCH /v2/images/{image_id}: patch",
    "POST /v2/images: create",
    "PUT /v2/images/{image_id}/file: upload",
    "PUT /v2/images/{image_id}/stage: upload",
  ]);
});

Deno.test("ROUTES retries only idempotent operations, and has the status of a completed first attempt", () => {
  const once = ROUTES.filter(({ idempotent }) => !idempotent).map(({ operation }) => operation);
  assertEquals(once.sort(), [
    ...["addImageLocation", "cache.prune", "import", "members.create"],
    ...["metadefs.associations.create", "metadefs.namespaces.create", "metadefs.objects.create"],
    ...["metadefs.properties.create", "metadefs.tags.create", "metadefs.tags.createAll"],
    ...["metadefs.tags.update", "stage", "tasks.create", "upload"],
  ]);
  const missed = ROUTES.filter(({ method, path, alreadyDoneStatus: repeat }) =>
    method === "DELETE" && repeat !== 404 && path.endsWith("}")
  );
  assertEquals(missed.map(({ operation }) => operation), ["tasks.delete"]);
});

Deno.test("createImageRouter() forwards every route to the same path, with its method and query", async (t) => {
  for (const { method, path, kind } of ROUTES) {
    if (kind === "data") continue;
    await t.step(`${method} ${path}`, async () => {
      const cloud = new Cloud();
      cloud.intercept = () => new Response('{"of": "Glance"}', { status: 418 });
      const url = `${path.replaceAll(/\{\w+\}/g, "a%20b")}?x=1&x=%2F&y`;
      const body = method === "GET" ? null : "{}";
      const headers = { "x-auth-token": "t" };
      const response = await cloud.router().request(url, { method, headers, body });
      assertEquals([response.status, await response.text()], [418, '{"of": "Glance"}']);
      const requested = cloud.requests.filter(({ path }) => path !== "/healthcheck");
      assertEquals(requested.map((request) => [request.method, request.path]), [[method, url]]);
    });
  }
});

Deno.test("createImageRouter() returns Glance's response to a wrong method, and forwards nothing", async (t) => {
  for (const { path, routes } of API_PATHS) {
    const wrong = ["PATCH", "GET", "DELETE"].find((name) =>
      routes.every((route) => route.method !== name)
    );
    for (const method of [wrong ?? "BREW", "BREW"]) {
      await t.step(`${method} ${path}`, async () => {
        const cloud = new Cloud({ version: "2.18", imageCache: {} });
        const url = `/v2${path.replaceAll(/\{\w+\}/g, "x")}`;
        const [ours, theirs] = [
          await cloud.router().request(url, { method }),
          await cloud.send(url, { method }),
        ];
        const isKnown = theirs.status !== 404 || method !== "BREW";
        assertEquals(
          [ours.status, ours.headers.get("allow")],
          [isKnown ? theirs.status : 501, theirs.headers.get("allow")],
        );
        for (const response of [ours, theirs]) await response.body?.cancel();
        assertEquals(cloud.requests.filter((request) => request.method === method), []);
      });
    }
  }
});

Deno.test("createImageRouter() responds with 401 to an unknown path or method when the token is invalid", async () => {
  const cloud = new Cloud({
    identify: (token) => token === "good" ? { projectId: "p", userId: "u", roles: [] } : null,
  });
  const router = cloud.router();
  const requests = [
    ["GET", "/v2/nothing", 404],
    ["GET", "/v2/", 404],
    ["GET", "/v2", 302],
    ["DELETE", "/v2/images", 405],
    ["BREW", "/v2/nothing", 501],
    ["PUT", "/v2/images/x/", 404],
    ["GET", "/v2/images/x%2Ffile", 404],
  ] as const;
  for (const [method, path, status] of requests) {
    for (const [token, expected] of [[null, 401], ["bad", 401], ["good", status]] as const) {
      const headers = { accept: "application/json", ...token && { "x-auth-token": token } };
      const response = await router.request(path, { method, headers });
      await response.body?.cancel();
      assertEquals(response.status, expected, `${method} ${path} ${token}`);
    }
  }
  const asked = cloud.requests.map(({ method, path }) => `${method} ${path}`);
  assertEquals(new Set(asked), new Set(["GET /v2/", "HEAD /v2/images"]));
});

Deno.test("createImageRouter() responds with 404 to every method of a path that an old cloud does not have", async () => {
  const cloud = new Cloud({ version: "2.15" });
  for (const method of ["GET", "POST", "PUT"]) {
    const response = await cloud.router().request("/v2/images/x/locations", { method });
    await response.body?.cancel();
    assertEquals(response.status, 404, method);
  }
});

Deno.test("createImageRouter() returns the bodies of Glance for 404 and 405, in each of its three forms", async () => {
  const cloud = new Cloud();
  const router = cloud.router();
  for (
    const accept of ["*/*", "text/html", "application/json", "image/png", "text/*;q=0.1, */json"]
  ) {
    for (const [method, path] of [["GET", "/v2/nope"], ["DELETE", "/v2/images"]] as const) {
      const init = { method, headers: { accept } };
      const ours = await router.request(path, init);
      const glances = await cloud.send(path, init);
      assertEquals(
        [ours.status, ours.headers.get("content-type"), await ours.text()],
        [glances.status, glances.headers.get("content-type"), await glances.text()],
        `${method} ${path} ${accept}`,
      );
    }
  }
});

function sorted(entries: readonly (readonly [string, string])[]): (readonly [string, string])[] {
  return [...entries].sort(([a], [b]) => a < b ? -1 : 1);
}
