/** Rules of the operator: property protection, import filters, policies, and quotas. */

import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import {
  createEmbeddedGlance,
  type EmbeddedGlance,
  type EmbeddedGlanceOptions,
  type EmbeddedImportFilter,
} from "../../lib/embedded/mod.ts";
import { qcow2Header } from "../support/image_headers.ts";
import { create, send, show, upload } from "./glance.ts";

/** A server on which each token is the name of a role in one project. */
function open(options: EmbeddedGlanceOptions): EmbeddedGlance {
  return createEmbeddedGlance({
    identify: (token) => ({ projectId: "p", userId: "u", roles: [token ?? "member"] }),
    ...options,
  });
}

async function responseTo(
  glance: EmbeddedGlance,
  method: string,
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; message: string }> {
  const all = { accept: "application/json", ...headers };
  const response = await send(glance, method, path, JSON.stringify(body), all);
  const text = await response.text();
  const { message = "" } = text === "" ? {} : JSON.parse(text) as { message?: string };
  return { status: response.status, message };
}

async function patch(
  glance: EmbeddedGlance,
  id: string,
  operation: Record<string, unknown>,
  role = "member",
): Promise<{ status: number; message: string }> {
  return await responseTo(glance, "PATCH", `/v2/images/${id}`, [operation], {
    "content-type": "application/openstack-images-v2.1-json-patch",
    "x-auth-token": role,
  });
}

const PROTECTED: EmbeddedGlanceOptions = {
  propertyRules: [
    { name: /^billing_/, create: ["billing"], read: ["billing"], update: ["billing"], delete: [] },
    { name: /^fixed$/, create: ["@"], read: ["@"], update: ["!"], delete: ["!"] },
    { name: /^open_/, create: ["@"], read: ["@"], update: ["@"], delete: ["@"] },
  ],
};

Deno.test("createEmbeddedGlance() forbids to create, read, update, and delete a property when propertyRules say so", async () => {
  const glance = open(PROTECTED);
  const refused = await responseTo(glance, "POST", "/v2/images", { billing_code: "1" });
  assertEquals(refused.status, 403);
  assertStringIncludes(refused.message, "Attribute 'billing_code' is reserved.");

  const id = await create(glance, { open_a: "1", fixed: "2" });
  const billing = { op: "add", path: "/billing_code", value: "3" };
  assertEquals((await patch(glance, id, billing)).status, 403);
  assertEquals((await patch(glance, id, billing, "billing")).status, 200);
  assertEquals((await show(glance, id)).image["billing_code"], undefined);
  const { status } = await patch(glance, id, { op: "remove", path: "/billing_code" });
  assertEquals(status, 409);
  const removal = await patch(glance, id, { op: "remove", path: "/billing_code" }, "billing");
  assertEquals(removal.status, 403);
});

Deno.test("createEmbeddedGlance() allows to create and read but not change a property when propertyRules say so", async () => {
  const glance = open(PROTECTED);
  const id = await create(glance, { open_a: "1", fixed: "2" });
  const { image } = await show(glance, id);
  assertEquals([image["open_a"], image["fixed"]], ["1", "2"]);
  for (
    const operation of [
      { op: "replace", path: "/fixed", value: "3" },
      { op: "add", path: "/fixed", value: "3" },
      { op: "remove", path: "/fixed" },
    ]
  ) {
    const { status, message } = await patch(glance, id, operation, "admin");
    assertEquals(status, 403);
    assertStringIncludes(message, "Attribute 'fixed' is reserved.");
  }
  assertEquals((await patch(glance, id, { op: "remove", path: "/open_a" })).status, 200);
});

Deno.test("createEmbeddedGlance() forbids a property when no rule matches it", async () => {
  const glance = open(PROTECTED);
  assertEquals((await responseTo(glance, "POST", "/v2/images", { other: "1" })).status, 403);
});

/** Filter, allowed URLs, and rejected URLs. */
const FILTERS: readonly (readonly [EmbeddedImportFilter, passes: string[], fails: string[]])[] = [
  [{}, ["http://a/x", "HTTPS://a/x", "http://a:80/x", "http://a:443/x"], [
    "http://a:8080/x",
    "ftp://a/x",
    "x",
  ]],
  [{ disallowedHosts: ["10.0.0.1", "bad.example"] }, ["http://a/x"], [
    "http://10.0.0.1/x",
    "http://BAD.example/x",
    "http://user@bad.example/x",
  ]],
  [{ allowedHosts: ["good.example", "::1"], disallowedHosts: ["good.example"] }, [
    "http://good.example/x",
    "http://[::1]/x",
  ], ["http://a/x"]],
  [{ allowedPorts: [], disallowedPorts: [22] }, ["http://a:8080/x"], ["http://a:22/x"]],
  [{ allowedPorts: [8080] }, ["http://a/x", "http://a:8080/x"], [
    "http://a:80/x",
    "https://a:0443/x",
  ]],
  [{ disallowedHosts: ["Bad.Example"] }, ["http://a/x"], ["http://bad.example/x"]],
  [{ allowedSchemes: ["https"] }, ["https://a/x"], ["http://a/x"]],
  [{ allowedSchemes: [], disallowedSchemes: ["http"] }, ["https://a/x"], ["http://a/x"]],
];

for (const [importFilter, passes, fails] of FILTERS) {
  Deno.test(`createEmbeddedGlance() filters imports when importFilter is ${JSON.stringify(importFilter)}`, async () => {
    const glance = open({ importFilter, fetch: () => Promise.resolve(new Response("data")) });
    for (const [urls, status] of [[passes, 202], [fails, 400]] as const) {
      for (const uri of urls) {
        const path = `/v2/images/${await create(glance)}/import`;
        const order = { method: { name: "web-download", uri } };
        const response = await responseTo(glance, "POST", path, order);
        assertEquals(response.status, status, uri);
        if (status === 202) continue;
        const text = `URI for web-download does not pass filtering: ${uri}`;
        assertStringIncludes(response.message, text);
      }
    }
  });
}

Deno.test("createEmbeddedGlance() filters tasks and added locations when importFilter is set", async () => {
  const glance = open({ importFilter: { disallowedHosts: ["bad"] } });
  const input = { import_from: "http://bad/x", import_from_format: "", image_properties: {} };
  const admin = { "x-auth-token": "admin" };
  const task = await responseTo(glance, "POST", "/v2/tasks", { type: "import", input }, admin);
  assertEquals(task.status, 400);
  assertStringIncludes(task.message, "does not pass filtering: http://bad/x");
  const path = `/v2/images/${await create(glance)}/locations`;
  const location = await responseTo(glance, "POST", path, { url: "http://bad/x" });
  assertEquals(location.status, 400);
});

Deno.test("createEmbeddedGlance() filters the redirects of imports when importFilter is set", async () => {
  for (const [target, status] of [["http://good/x", "active"], ["http://bad/x", "queued"]]) {
    const requested: string[] = [];
    const fetch = (input: string | URL | Request, init?: RequestInit) => {
      requested.push(String(input));
      const isFirst = requested.length === 1;
      assertEquals(init?.redirect, "manual");
      return Promise.resolve(
        isFirst
          ? new Response(null, { status: 302, headers: { location: target! } })
          : new Response("data"),
      );
    };
    const glance = open({ importFilter: { disallowedHosts: ["bad"] }, fetch });
    const id = await create(glance);
    const order = { method: { name: "web-download", uri: "http://good/first" } };
    await responseTo(glance, "POST", `/v2/images/${id}/import`, order);
    assertEquals((await show(glance, id)).image["status"], status);
    assertEquals(requested.length, status === "active" ? 2 : 1);
  }
});

Deno.test("createEmbeddedGlance() applies a rule of propertyRules whose expression has the flag g to every property", async () => {
  const roles = ["@"];
  const rule = { name: /x_/g, create: roles, read: roles, update: roles, delete: roles };
  const glance = open({ propertyRules: [rule] });
  const id = await create(glance, { x_a: "1", x_b: "2", x_c: "3" });
  const { image } = await show(glance, id);
  assertEquals([image["x_a"], image["x_b"], image["x_c"]], ["1", "2", "3"]);
});

Deno.test("createEmbeddedGlance() refuses unsafe data of another format, also without requireImageFormatMatch", async () => {
  const glance = open({ requireImageFormatMatch: false });
  const unsafe = await create(glance, { disk_format: "vmdk" });
  assertEquals(await upload(glance, unsafe, qcow2Header({ backingFile: "/etc/passwd" })), 415);
  const safe = await create(glance, { disk_format: "vmdk" });
  assertEquals(await upload(glance, safe, qcow2Header()), 204);
});

Deno.test("createEmbeddedGlance() refuses a store whose directory would be that of staged data", () => {
  assertThrows(() => open({ stores: [{ id: "staging" }] }), TypeError, 'neither "staging"');
});

/** Action and a request that needs it. `ID` is the id of an image with data. */
const ACTIONS: Readonly<Record<string, readonly [method: string, path: string, body?: unknown]>> = {
  get_images: ["GET", "/v2/images"],
  add_image: ["POST", "/v2/images", {}],
  delete_image: ["DELETE", "/v2/images/ID"],
  download_image: ["GET", "/v2/images/ID/file"],
  upload_image: ["PUT", "/v2/images/ID/file", "data"],
  deactivate: ["POST", "/v2/images/ID/actions/deactivate"],
  modify_image: ["PUT", "/v2/images/ID/tags/x"],
  get_members: ["GET", "/v2/images/ID/members"],
  add_member: ["POST", "/v2/images/ID/members", { member: "m" }],
  communitize_image: ["POST", "/v2/images", { visibility: "community" }],
  publicize_image: ["POST", "/v2/images", { visibility: "public" }],
  copy_image: ["POST", "/v2/images/ID/import", { method: { name: "copy-image" } }],
  tasks_api_access: ["GET", "/v2/tasks"],
  get_metadef_namespaces: ["GET", "/v2/metadefs/namespaces"],
  delete_metadef_namespace: ["DELETE", "/v2/metadefs/namespaces/space"],
  add_metadef_tag: ["POST", "/v2/metadefs/namespaces/space/tags/x"],
};

for (const [action, [method, path, body]] of Object.entries(ACTIONS)) {
  Deno.test(`createEmbeddedGlance() rejects ${method} ${path} with 403 when policy forbids ${action}`, async () => {
    let isForbidden = false;
    const glance = createEmbeddedGlance({
      stores: [{ id: "a" }, { id: "b" }],
      policy: (each) => !isForbidden || each !== action,
    });
    const id = await create(glance);
    await upload(glance, id, "data");
    const space = JSON.stringify({ namespace: "space" });
    await (await send(glance, "POST", "/v2/metadefs/namespaces", space)).body?.cancel();
    isForbidden = true;
    const type = path.endsWith("/file") ? { "content-type": "application/octet-stream" } : {};
    const response = await responseTo(glance, method, path.replace("ID", id), body, type);
    assertEquals(response.status, 403);
    assertStringIncludes(response.message, `You are not authorized to complete ${action} action.`);
  });
}

Deno.test("createEmbeddedGlance() hides every image when policy forbids get_image", async () => {
  let isForbidden = false;
  const glance = createEmbeddedGlance({
    policy: (action) => !isForbidden || action !== "get_image",
  });
  const id = await create(glance);
  isForbidden = true;
  for (const path of ["", "/file", "/members", "/tasks"]) {
    const { status } = await responseTo(glance, "GET", `/v2/images/${id}${path}`, undefined);
    assertEquals(status, 404, path);
  }
});

Deno.test("createEmbeddedGlance() limits the bytes of a project when userStorageQuota is set", async () => {
  const glance = open({ userStorageQuota: 10 });
  const first = await create(glance);
  assertEquals(await upload(glance, first, "123456"), 204);
  const second = await create(glance);
  const headers = { "content-type": "application/octet-stream", accept: "application/json" };
  for (const size of ["5", null]) {
    const response = await send(glance, "PUT", `/v2/images/${second}/file`, "12345", {
      ...headers,
      ...(size === null ? {} : { "x-openstack-image-size": size }),
    });
    const { message } = await response.json() as { message: string };
    assertEquals(response.status, 413);
    const text = "The size of the data 5 will exceed the limit. 4 bytes remaining.";
    assertStringIncludes(message, `Image exceeds the storage quota: ${text}`);
    assertEquals((await show(glance, second)).image["status"], "queued");
  }
  assertEquals(await upload(glance, second, "1234"), 204);
  const third = await create(glance);
  assertEquals(await upload(glance, third, ""), 413);
});

Deno.test("createEmbeddedGlance() fails an import when it exceeds userStorageQuota", async () => {
  const glance = open({ userStorageQuota: 10, stores: [{ id: "a" }, { id: "b" }] });
  const id = await create(glance);
  assertEquals(await upload(glance, id, "123456", "stage"), 204);
  const order = { method: { name: "glance-direct" }, all_stores: true };
  const path = `/v2/images/${id}/import`;
  assertEquals((await responseTo(glance, "POST", path, order)).status, 202);
  assertEquals((await show(glance, id)).image["os_glance_failed_import"], "b");
  assertThrows(() => open({ userStorageQuota: -1 }), TypeError, '"userStorageQuota" is -1');
});
