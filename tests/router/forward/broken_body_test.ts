import { assertEquals, assertStringIncludes } from "@std/assert";
import { Cloud } from "../cloud.ts";

/** Requests with a body, by their media type. */
const REQUESTS = [
  ["POST", "/v2/images", "application/json"],
  ["PATCH", "/v2/images/ID", "application/openstack-images-v2.1-json-patch"],
  ["PUT", "/v2/images/ID/stage", "application/octet-stream"],
] as const;

for (const [method, path, type] of REQUESTS) {
  Deno.test(`${method} ${path} names the broken body in the response, and the cause in the log, when the body fails`, async () => {
    const cloud = new Cloud();
    const body = new ReadableStream({
      pull: (controller) => controller.error(new Error("The connection closed")),
    });
    const router = cloud.router();
    const formats = { disk_format: "raw", container_format: "bare" };
    const created = await router.request("/v2/images", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(formats),
    });
    const { id } = await created.json();
    const headers = { "content-type": type, "x-auth-token": "t", accept: "application/json" };
    const response = await router.request(path.replace("ID", id), { method, headers, body });
    const { message } = await response.json();
    assertEquals(response.status, 400);
    assertStringIncludes(message, "The request body is broken.");
    assertEquals(cloud.logged.slice(1).map(({ outcome, error }) => [outcome, error]), [
      ["failed", "The connection closed"],
    ]);
  });
}
