import { assertEquals } from "@std/assert";
import { bytesOf, Cloud } from "./cloud.ts";

Deno.test("GET / lists the versions of the servers with links to the gateway", async () => {
  const cloud = new Cloud();
  const router = cloud.router();
  for (const [path, status] of [["/", 300], ["/versions", 200]] as const) {
    const ours = await router.request(`http://gateway${path}`);
    const theirs = await cloud.send(path);
    const document = await ours.text();
    assertEquals([ours.status, ours.headers.get("content-type")], [status, "application/json"]);
    assertEquals(
      document.replaceAll("http://gateway/", "http://a:9292/"),
      JSON.stringify(await theirs.json()),
    );
    const head = await router.request(`http://gateway${path}`, { method: "HEAD" });
    assertEquals([head.status, head.body], [status, null]);
    assertEquals(head.headers.get("content-length"), String(document.length));
  }
});

Deno.test("GET / uses publicEndpoint instead of the Host of the request", async () => {
  const cloud = new Cloud();
  const router = cloud.router({ publicEndpoint: "https://images.example/image" });
  const { versions } = await (await router.request("http://10.0.0.1/versions")).json();
  assertEquals(versions[0].links, [{ rel: "self", href: "https://images.example/image/v2/" }]);
});

Deno.test("GET / responds with 502 when a server sends no list of versions", async () => {
  for (const body of ["<html>", "[]", '{"versions": 1}', '{"id": "v2.0"}']) {
    const cloud = new Cloud();
    cloud.intercept = () => new Response(body);
    const response = await cloud.router().request("/versions");
    await response.body?.cancel();
    assertEquals(response.status, 502, body);
  }
});

Deno.test("GET / requests JSON when its server is a gateway with a page", async () => {
  const cloud = new Cloud();
  cloud.intercept = ({ headers }) =>
    headers.get("accept") === "application/json" ? undefined : new Response("<!doctype html>");
  const headers = { accept: "text/html,application/xhtml+xml" };
  const response = await cloud.router().request("/", { headers });
  assertEquals([response.status, (await response.json()).versions.length > 0], [300, true]);
});

Deno.test("GET /healthcheck responds with 200 when one server is healthy", async () => {
  const cloud = new Cloud();
  const router = cloud.router();
  const send = async (method = "GET") => {
    const response = await router.request("/healthcheck", { method });
    return [response.status, new TextDecoder().decode(await bytesOf(response))];
  };
  assertEquals(await send(), [200, "OK"]);
  assertEquals(await send("HEAD"), [204, ""]);
  cloud.intercept = ({ server }) =>
    server === "http://a:9292" ? Promise.reject(new TypeError("refused")) : undefined;
  assertEquals(await send(), [200, "OK"]);
  cloud.intercept = () => new Response("DISABLED BY FILE", { status: 503 });
  assertEquals((await send())[0], 503);
  cloud.intercept = () => new Response("{}", { status: 300 });
  assertEquals(await send(), [200, "OK"]);
});

Deno.test("GET / responds the same to every method, without a token", async () => {
  const cloud = new Cloud({ identify: () => null });
  const router = cloud.router();
  for (const path of ["/", "/versions", "/healthcheck"]) {
    const requested = await router.request(path, { headers: { "x-auth-token": "secret" } });
    const posted = await router.request(path, { method: "POST", body: "x" });
    for (const response of [requested, posted]) await response.body?.cancel();
    assertEquals([requested.ok || requested.status === 300, posted.status], [
      true,
      requested.status,
    ], path);
  }
  assertEquals(cloud.requests.some(({ headers }) => headers.has("x-auth-token")), false);
});
