import { assertEquals, assertMatch } from "@std/assert";
import { Cloud, headersOf } from "../cloud.ts";

Deno.test("createImageRouter() forwards only headers that Glance reads, and no asserted identity", async () => {
  const cloud = new Cloud();
  const response = await cloud.router().request("/v2/images", {
    headers: {
      "accept": "application/json",
      "accept-language": "de",
      "user-agent": "python-glanceclient",
      "x-auth-token": "token-1",
      "x-service-token": "token-2",
      "x-image-meta-store": "fast",
      // Only Keystone identifies a client.
      "x-roles": "admin",
      "x-user-id": "root",
      "x-project-id": "admin",
      "x-tenant-id": "admin",
      "x-user-domain-id": "default",
      "x-is-admin-project": "True",
      "x-identity-status": "Confirmed",
      "x-service-roles": "service",
      "x-service-identity-status": "Confirmed",
      "x-service-catalog": "[]",
      "openstack-system-scope": "all",
      // Hop-by-hop (RFC 9110, section 7.6.1).
      "keep-alive": "timeout=5",
      "proxy-authorization": "Basic x",
      "proxy-connection": "keep-alive",
      "te": "trailers",
      "trailer": "x-checksum",
      "transfer-encoding": "chunked",
      "upgrade": "h2c",
      // For servers in between.
      "cookie": "session=1",
      "authorization": "Basic x",
      "forwarded": "for=10.0.0.1",
      "x-forwarded-for": "10.0.0.1",
      "x-forwarded-host": "evil.example",
      "x-original-url": "/admin",
      "x-rewrite-url": "/admin",
      "x-http-method-override": "DELETE",
      "accept-encoding": "gzip",
      "if-none-match": '"x"',
      "range": "bytes=0-1",
    },
  });
  await response.body?.cancel();
  const { "x-openstack-request-id": id = "", traceparent = "", ...sent } = Object.fromEntries(
    cloud.requests[0]?.headers ?? [],
  );
  assertMatch(id, /^req-[0-9a-f-]{36}$/);
  assertMatch(traceparent, /^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
  assertEquals(sent, {
    "accept": "application/json",
    "accept-encoding": "identity",
    "accept-language": "de",
    "user-agent": "python-glanceclient",
    "x-auth-token": "token-1",
    "x-service-token": "token-2",
    "x-image-meta-store": "fast",
  });
});

Deno.test("createImageRouter() drops the headers that Connection names, including a token", async () => {
  const cloud = new Cloud();
  const response = await cloud.router().request("/v2/images", {
    headers: {
      "connection": "close, X-Auth-Token , x-image-meta-store",
      "x-auth-token": "token-1",
      "x-image-meta-store": "fast",
      "x-service-token": "token-2",
    },
  });
  await response.body?.cancel();
  const headers = cloud.requests[0]?.headers;
  const names = ["x-auth-token", "x-image-meta-store", "x-service-token"];
  assertEquals(names.map((name) => headers?.get(name)), [null, null, "token-2"]);
});

Deno.test("createImageRouter() returns only headers that clients of Glance read", async () => {
  const cloud = new Cloud();
  cloud.intercept = () =>
    Response.json({}, {
      status: 415,
      headers: {
        "accept-patch": "application/openstack-images-v2.1-json-patch",
        "allow": "GET",
        "retry-after": "7",
        "www-authenticate": 'Keystone uri="https://keystone.example"',
        "x-openstack-request-id": "req-of-glance",
        "openstack-image-import-methods": "glance-direct",
        "openstack-image-store-ids": "fast,slow",
        "connection": "keep-alive, allow",
        "keep-alive": "timeout=5",
        "server": "nginx/1.22 on controller-17",
        "via": "1.1 haproxy-3.internal",
        "set-cookie": "SERVERID=controller-17",
        "x-backend": "10.0.0.17",
        "content-encoding": "gzip",
        "access-control-allow-origin": "*",
        "strict-transport-security": "max-age=1",
      },
    });
  const response = await cloud.router().request("/v2/images");
  assertEquals(response.headers.get("x-openstack-request-id"), "req-of-glance");
  assertEquals(headersOf(response), {
    "accept-patch": "application/openstack-images-v2.1-json-patch",
    "content-length": "2",
    "content-type": "application/json",
    "openstack-image-import-methods": "glance-direct",
    "openstack-image-store-ids": "fast,slow",
    "retry-after": "7",
    "www-authenticate": 'Keystone uri="https://keystone.example"',
  });
  await response.body?.cancel();
});

Deno.test("createImageRouter() returns its own host in Location", async (t) => {
  const locations = {
    "/v2/images/1": "http://gateway/v2/images/1",
    "http://controller-17.internal:9292/v2/images/1": "http://gateway/v2/images/1",
    "http://a:9292/image/v2/tasks/1": "http://gateway/v2/tasks/1",
    "https://evil.example/": null,
    "javascript:alert(1)": null,
    "//": null,
  };
  for (const [location, expected] of Object.entries(locations)) {
    await t.step(location, async () => {
      const cloud = new Cloud();
      cloud.intercept = () => Response.json({ id: "t" }, { status: 201, headers: { location } });
      const response = await cloud.router().request("http://gateway/v2/tasks", {
        method: "POST",
        body: "{}",
      });
      await response.body?.cancel();
      assertEquals(response.headers.get("location"), expected);
    });
  }
});

Deno.test("createImageRouter() uses one request id in every attempt, the log and the response", async (t) => {
  const ids = {
    "req-1234": /^req-1234$/,
    "1234": /^req-1234$/,
    "": /^req-[0-9a-f-]{36}$/,
    // Glance responds with 500 to a longer one than 64 characters.
    ["x".repeat(61)]: /^req-[0-9a-f-]{36}$/,
    ["x".repeat(60)]: /^req-x{60}$/,
    "a b\tc": /^req-[0-9a-f-]{36}$/,
  };
  for (const [id, expected] of Object.entries(ids)) {
    await t.step(id, async () => {
      const cloud = new Cloud();
      cloud.intercept = ({ server }) =>
        server === "http://a:9292" ? new Response(null, { status: 503 }) : undefined;
      const response = await cloud.router().request("/v2/images", {
        headers: { "x-openstack-request-id": id },
      });
      await response.body?.cancel();
      const sent = cloud.requests.map(({ headers }) => headers.get("x-openstack-request-id"));
      const out = response.headers.get("x-openstack-request-id") ?? "";
      assertMatch(out, expected);
      assertEquals(sent, [out, out]);
      assertEquals(cloud.logged.map(({ requestId }) => requestId), [out]);
    });
  }
});
