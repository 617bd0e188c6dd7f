/** Versions, health, requests without a token, unsupported methods, and request ids. */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { assertFailure, assertUnforeseen, type Check, check } from "./check.ts";
import type { Conversation } from "./conversation.ts";

const REQUEST_ID = /^req-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

interface Version {
  readonly id: string;
  readonly status: string;
  readonly links: readonly { readonly rel: string; readonly href: string }[];
}

async function versionsAt(cloud: Conversation, path: string, status: number): Promise<Version[]> {
  const response = await cloud.get(path, null);
  assertEquals(response.status, status);
  assertEquals(response.headers.get("content-type"), "application/json");
  return response.json["versions"] as Version[];
}

/** Path and the expected `Allow` header. */
const ALLOWED: Readonly<Record<string, string>> = {
  "/v2/images": "GET, POST",
  "/v2/images/ID": "GET, PATCH, DELETE",
  "/v2/images/ID/file": "GET, PUT",
  "/v2/images/ID/stage": "PUT",
  "/v2/images/ID/import": "POST",
  "/v2/images/ID/actions/deactivate": "POST",
  "/v2/images/ID/actions/reactivate": "POST",
  "/v2/images/ID/members": "GET, POST",
  "/v2/images/ID/members/M": "GET, PUT, DELETE",
  "/v2/images/ID/tags/T": "PUT, DELETE",
  "/v2/stores/S/ID": "DELETE",
  "/v2/info/import": "GET",
  "/v2/info/stores": "GET",
  "/v2/info/stores/detail": "GET",
  "/v2/tasks": "GET, POST",
  "/v2/tasks/ID": "GET, DELETE",
  "/v2/schemas/image": "GET",
  "/v2/schemas/images": "GET",
  "/v2/schemas/member": "GET",
  "/v2/schemas/members": "GET",
  "/v2/schemas/task": "GET",
  "/v2/schemas/tasks": "GET",
  "/v2/schemas/metadefs/namespace": "GET",
  "/v2/metadefs/resource_types": "GET",
  "/v2/metadefs/namespaces": "GET, POST",
  "/v2/metadefs/namespaces/N": "GET, PUT, DELETE",
  "/v2/metadefs/namespaces/N/resource_types": "GET, POST",
  "/v2/metadefs/namespaces/N/resource_types/R": "DELETE",
  "/v2/metadefs/namespaces/N/properties": "GET, POST, DELETE",
  "/v2/metadefs/namespaces/N/properties/P": "GET, PUT, DELETE",
  "/v2/metadefs/namespaces/N/objects": "GET, POST, DELETE",
  "/v2/metadefs/namespaces/N/objects/O": "GET, PUT, DELETE",
  "/v2/metadefs/namespaces/N/tags": "GET, POST, DELETE",
  "/v2/metadefs/namespaces/N/tags/T": "GET, POST, PUT, DELETE",
};

const methodChecks: Check[] = Object.entries(ALLOWED).map(([path, allow]) =>
  check(`${path} returns 405 with Allow: ${allow} for another method`, async (cloud) => {
    const methods = ["DELETE", "GET", "POST", "PUT", "PATCH"];
    const method = methods.find((candidate) => !allow.split(", ").includes(candidate)) ?? "";
    const response = await cloud.send("alice", method, path);
    assertFailure(response, 405, `The method ${method} is not allowed for this resource.`);
    assertEquals(response.headers.get("allow"), allow);
  })
);

const MISSING: readonly (readonly [method: string, path: string])[] = [
  ["GET", "/v2/"],
  ["GET", "/v2/nothing"],
  ["POST", "/v2/nothing"],
  ["GET", "/v2/images/"],
  ["DELETE", "/v2/images/"],
  ["GET", "/v2/images/x/nothing"],
  ["GET", "/v2/images/x/tags"],
  ["POST", "/v2/images/x/tasks"],
  ["POST", "/v2/images/x/actions/nothing"],
  ["GET", "/v2/info"],
  ["POST", "/v2/info/usage"],
  ["GET", "/v2/schemas"],
  ["GET", "/v2/schemas/nothing"],
  ["GET", "/v2/schemas/metadefs/nothing"],
  ["GET", "/v2/metadefs"],
  ["GET", "/v2/metadefs/namespaces/"],
];

const missingChecks: Check[] = MISSING.map(([method, path]) =>
  check(`${method} ${path} returns 404`, async (cloud) => {
    assertFailure(await cloud.send("alice", method, path), 404, "The resource could not be found.");
  })
);

export const DISCOVERY_CHECKS: readonly Check[] = [
  check("GET / returns 300 with the versions", async (cloud) => {
    const versions = await versionsAt(cloud, "/", 300);
    const current = versions.filter(({ status }) => status === "CURRENT").map(({ id }) => id);
    assertEquals(current, [`v${cloud.target.facts.version}`]);
    assertEquals(versions.at(-1)?.id, "v2.0");
    const links = [{ rel: "self", href: `${cloud.target.endpoint}/v2/` }];
    for (const version of versions) assertEquals(version.links, links);
  }),
  check("GET /versions returns 200 with the same versions", async (cloud) => {
    assertEquals(await versionsAt(cloud, "/versions", 200), await versionsAt(cloud, "/", 300));
  }),
  check("a path without a known version returns 300 with the versions", async (cloud) => {
    await versionsAt(cloud, "/v1/images", 300);
    await versionsAt(cloud, "/v2.99/images", 300);
    await versionsAt(cloud, "/nothing", 300);
  }),
  check("HEAD /versions returns 200 without a body", async (cloud) => {
    const response = await cloud.send(null, "HEAD", "/versions");
    assertEquals([response.status, response.text], [200, ""]);
  }),
  check("an older minor version in the path is the same API", async (cloud) => {
    assertEquals((await cloud.get("/v2.5/images?limit=0")).status, 200);
  }),
  check("GET /v2 redirects to /v2/", async (cloud) => {
    const response = await cloud.get("/v2");
    assertEquals(response.status, 302);
    assertEquals(response.headers.get("location"), `${cloud.target.endpoint}/v2/`);
  }),
  check("GET /healthcheck returns 200 OK, without a token", async (cloud) => {
    const response = await cloud.get("/healthcheck", null, { accept: "*/*" });
    assertEquals([response.status, response.text], [200, "OK"]);
  }),
  check("HEAD /healthcheck returns 204", async (cloud) => {
    assertEquals((await cloud.send(null, "HEAD", "/healthcheck")).status, 204);
  }),
  check("OPTIONS returns 200 without a token", async (cloud) => {
    assertEquals((await cloud.send(null, "OPTIONS", "/v2/images")).status, 200);
  }),
  check("a request without a token returns 401", async (cloud) => {
    assertFailure(await cloud.get("/v2/images", null), 401, "could not verify");
  }),
  check("a request with an unknown token returns 401", async (cloud) => {
    const headers = { "x-auth-token": "nobody" };
    assertFailure(await cloud.get("/v2/images", null, headers), 401, "could not verify");
  }),
  check("401 comes before 404 and 405", async (cloud) => {
    assertFailure(await cloud.get("/v2/nothing", null), 401);
    assertFailure(await cloud.send(null, "DELETE", "/v2/images"), 401);
  }),
  check("HEAD of an image is not allowed and has no body", async (cloud) => {
    const { id } = await cloud.image();
    const response = await cloud.send("alice", "HEAD", `/v2/images/${id}`);
    assertEquals([response.status, response.text], [405, ""]);
    assertEquals(response.headers.get("allow"), "GET, PATCH, DELETE");
  }),
  check("HEAD of image data is not allowed and has no body", async (cloud) => {
    const { id } = await cloud.imageWith("data");
    const response = await cloud.send("alice", "HEAD", `/v2/images/${id}/file`);
    assertEquals([response.status, response.text], [405, ""]);
    assertEquals(response.headers.get("allow"), "GET, PUT");
  }),
  ...methodChecks,
  ...missingChecks,
  check("every response of the API has a unique request id", async (cloud) => {
    const first = await cloud.get("/v2/images?limit=0");
    const second = await cloud.get("/v2/images/nothing");
    const ids = [first, second].map(({ headers }) => headers.get("x-openstack-request-id") ?? "");
    for (const id of ids) assertMatch(id, REQUEST_ID);
    assert(ids[0] !== ids[1]);
  }),
  check("a request id is echoed with the prefix req-", async (cloud) => {
    for (const [sent, echoed] of [["abc", "req-abc"], ["req-abc", "req-abc"]] as const) {
      const headers = { "x-openstack-request-id": sent };
      const response = await cloud.get("/v2/images?limit=0", "alice", headers);
      assertEquals(response.headers.get("x-openstack-request-id"), echoed);
    }
  }),
  check("a request id of more than 64 characters returns 431", async (cloud) => {
    const headers = { "x-openstack-request-id": "x".repeat(65) };
    assertUnforeseen(cloud, await cloud.get("/v2/images?limit=0", "alice", headers), 431);
  }),
  check("an error is an HTML page by default", async (cloud) => {
    const response = await cloud.get("/v2/images/%3Cnothing%3E", "alice", { accept: "*/*" });
    assertEquals(response.status, 404);
    assertEquals(response.headers.get("content-type"), "text/html; charset=UTF-8");
    assertStringIncludes(response.text, "<title>404 Not Found</title>");
    assertStringIncludes(response.text, "No image found with ID &lt;nothing&gt;<br /><br />");
  }),
  check("an error is plain text when Accept allows neither HTML nor JSON", async (cloud) => {
    const response = await cloud.get("/v2/images/nothing", "alice", { accept: "text/plain" });
    assertEquals(response.headers.get("content-type"), "text/plain; charset=UTF-8");
    assertMatch(response.text, /^404 Not Found\n\nNo image found with ID nothing/);
  }),
  check("an error is JSON when Accept prefers JSON to HTML", async (cloud) => {
    const accept = "text/html;q=0.4, application/*;q=0.9";
    assertFailure(await cloud.get("/v2/images/nothing", "alice", { accept }), 404);
  }),
];
