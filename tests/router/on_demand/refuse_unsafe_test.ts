/** Uploads through a gateway that inspects them, in front of a Glance that does not. */
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { InvalidConfigurationValue } from "../../../mod.ts";
import { createImageRouter } from "../../../lib/router/mod.ts";
import { FakeBody } from "../../support/bodies.ts";
import { qcow2Header } from "../../support/image_headers.ts";
import { seededBytes } from "../../support/seed.ts";
import { bytesOf, Cloud } from "../cloud.ts";

const OCTETS = { "content-type": "application/octet-stream" };
const UNSAFE = qcow2Header({ backingFile: "/etc/passwd" });
const RAW = seededBytes(9, 700_000);

/** A Glance of a version that accepts all data. */
const oldCloud = () => new Cloud({ version: "2.16" });

async function queued(cloud: Cloud, meta: Record<string, unknown> = {}): Promise<string> {
  const image = { disk_format: "qcow2", container_format: "bare", ...meta };
  const response = await cloud.send("/v2/images", { method: "POST", body: JSON.stringify(image) });
  return (await response.json()).id;
}

/** Sends data, and returns the response with its text. */
async function put(
  cloud: Cloud,
  path: string,
  body: BodyInit,
  { inspect = "match", ...headers }: { inspect?: "match" | "safe" | "off"; accept?: string } = {},
) {
  const router = cloud.router({ inspect });
  const init = { method: "PUT", body, headers: { ...OCTETS, ...headers } };
  const response = await router.request(path, init);
  return { status: response.status, text: await response.text() };
}

async function statusOf(cloud: Cloud, id: string): Promise<string> {
  return (await (await cloud.send(`/v2/images/${id}`)).json()).status;
}

const puts = (cloud: Cloud) => cloud.requests.filter(({ method }) => method === "PUT").length;

Deno.test("PUT /file responds with 415 as Glance does, and sends nothing, when the data is of another format", async () => {
  const cloud = oldCloud();
  const id = await queued(cloud);
  const body = new FakeBody([RAW.slice(0, 300_000), "silence"]);
  const { status, text } = await put(cloud, `/v2/images/${id}/file`, body.stream, {
    accept: "application/json",
  });
  assertEquals(status, 415);
  assertEquals(JSON.parse(text), {
    message: "The request media type application/octet-stream is not supported by this server.\n" +
      "<br /><br />\nImage disk_format qcow2 does not match stream data raw",
    code: "415 Unsupported Media Type",
    title: "Unsupported Media Type",
  });
  assertEquals([puts(cloud), await statusOf(cloud, id), body.isOver], [0, "queued", true]);
  const glance = new Cloud();
  const there = await glance.send(`/v2/images/${await queued(glance)}/file`, {
    method: "PUT",
    body: RAW,
    headers: { ...OCTETS, accept: "application/json" },
  });
  assertEquals([there.status, await there.text()], [415, text]);
});

Deno.test("PUT /file and /stage respond with 415 for unsafe data, and for nothing else with safe", async () => {
  for (const inspect of ["match", "safe"] as const) {
    for (const path of ["file", "stage"]) {
      const cloud = oldCloud();
      const id = await queued(cloud);
      const refused = await put(cloud, `/v2/images/${id}/${path}`, UNSAFE, { inspect });
      assertEquals([refused.status, puts(cloud)], [415, 0]);
      assertStringIncludes(refused.text, "Image failed safety checks: backing_file");
      if (inspect === "match") continue;
      assertEquals((await put(cloud, `/v2/images/${id}/${path}`, RAW, { inspect })).status, 204);
    }
  }
});

Deno.test("PUT /file forwards every byte of accepted data", async () => {
  const data = new Uint8Array(700_000);
  data.set(qcow2Header());
  for (const body of [data, new FakeBody([data.slice(0, 5), data.slice(5)]).stream]) {
    const cloud = oldCloud();
    const id = await queued(cloud);
    assertEquals((await put(cloud, `/v2/images/${id}/file`, body)).status, 204);
    assertEquals(await bytesOf(await cloud.send(`/v2/images/${id}/file`)), data);
    assertEquals(cloud.requested.at(0), `GET /v2/images/${id}`);
  }
});

Deno.test("PUT /file inspects nothing unless the option says so, or the container is not bare", async () => {
  const cloud = oldCloud();
  const id = await queued(cloud);
  assertEquals((await put(cloud, `/v2/images/${id}/file`, UNSAFE, { inspect: "off" })).status, 204);
  assertEquals(cloud.requested.filter((line) => line.startsWith("GET")), ["GET /healthcheck"]);
  const other = await queued(cloud, { container_format: "ova" });
  assertEquals((await put(cloud, `/v2/images/${other}/file`, UNSAFE)).status, 204);
});

Deno.test("PUT /file returns the response for the record when the image cannot be read", async () => {
  const cloud = oldCloud();
  const { status } = await put(cloud, "/v2/images/00000000-0000-4000-8000-000000000000/file", RAW);
  assertEquals([status, puts(cloud)], [404, 0]);
  cloud.intercept = ({ method }) => method === "GET" ? new Response(null, { status: 401 }) : null;
  assertEquals((await put(cloud, `/v2/images/${await queued(cloud)}/file`, RAW)).status, 401);
});

Deno.test("PUT /file responds with 400 when the body breaks before it is inspected", async () => {
  const cloud = oldCloud();
  const id = await queued(cloud);
  const broken = new FakeBody([UNSAFE.slice(0, 3), new TypeError("the sender has left")]);
  const { status } = await put(cloud, `/v2/images/${id}/file`, broken.stream);
  assertEquals([status, puts(cloud), await statusOf(cloud, id)], [400, 0, "queued"]);
});

Deno.test("createImageRouter() throws InvalidConfigurationValue for an unknown way to inspect", () => {
  const inspect = "strict" as "safe";
  const error = assertThrows(
    () => createImageRouter({ apiServers: ["http://a:9292"], inspect }),
    InvalidConfigurationValue,
  );
  assert(error.message.includes('"match", "safe", "off"'), error.message);
});
