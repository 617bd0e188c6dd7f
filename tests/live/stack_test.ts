import { assertEquals, assertRejects } from "@std/assert";
import { requirePackages } from "./packages.ts";
import { type LiveStack, startStack } from "./stack.ts";

const MIB = 1024 * 1024;

Deno.test("startStack() starts one image service with two servers, one of which may be killed", async (t) => {
  await using stack = await startStack();
  const [a, b] = stack.glanceUrls;
  const alice = await signIn(stack, "alice");
  const bob = await signIn(stack, "bob");
  const data = crypto.getRandomValues(new Uint8Array(64 * 1024));
  const content = new Uint8Array(MIB);
  for (let at = 0; at < MIB; at += data.length) content.set(data, at);
  let id = "";

  await t.step("an image that one server stored is read from the other", async () => {
    id = await createImage(a, alice);
    const upload = await fetch(`${a}/v2/images/${id}/file`, {
      method: "PUT",
      headers: { "x-auth-token": alice, "content-type": "application/octet-stream" },
      body: content,
    });
    assertEquals([upload.status, await upload.text()], [204, ""]);
    assertEquals(await readImage(b, alice, id), content);
  });

  await t.step("another project's user does not see the image", async () => {
    assertEquals(await statusOf(`${a}/v2/images/${id}`, bob), 404);
    assertEquals(await statusOf(`${b}/v2/images/${id}`, bob), 404);
  });

  await t.step("a killed server refuses connections, the other one responds", async () => {
    await stack.stopGlance(0, "SIGKILL");
    await assertRejects(() => fetch(`${a}/versions`), TypeError);
    assertEquals(await readImage(b, alice, id), content);
  });

  await t.step("a restarted server has the same address", async () => {
    await stack.startGlance(0);
    assertEquals(await readImage(a, alice, id), content);
    await assertRejects(() => stack.startGlance(0), Error, "it is running");
  });

  await t.step("the logs have a section for each service", async () => {
    const logs = await stack.logs();
    for (const part of ["glance-a", "glance-b", "keystone", "mariadb"]) {
      assertEquals(logs.includes(`--- ${part}.log\n`), true, part);
    }
  });
});

Deno.test("startStack() rejects requests beyond its limits, and removes everything at the end", async () => {
  let directory = "";
  {
    await using stack = await startStack({ imageSizeCap: MIB, imageCache: true });
    directory = stack.directory;
    const [a] = stack.glanceUrls;
    const alice = await signIn(stack, "alice");
    const admin = await signIn(stack, "admin");
    const id = await createImage(a, alice);
    const upload = await fetch(`${a}/v2/images/${id}/file`, {
      method: "PUT",
      headers: { "x-auth-token": alice, "content-type": "application/octet-stream" },
      body: new Uint8Array(MIB + 1),
    });
    await upload.body?.cancel();
    assertEquals(upload.status, 413);
    assertEquals(await statusOf(`${a}/v2/cache`, admin), 200);
  }
  await assertRejects(() => Deno.stat(directory), Deno.errors.NotFound);
});

Deno.test("startStack() names a missing package, and the command that installs it", async () => {
  const error = await assertRejects(
    () => requirePackages(["dpkg", "no-such-one", "nor-this"]),
    Error,
  );
  assertEquals(
    error.message,
    "Cannot start the live stack: not installed: no-such-one, nor-this; " +
      'run "apt-get install -y --no-install-recommends no-such-one nor-this" as root',
  );
});

/** Uses plain fetch, to be independent of the code under test. */
async function signIn(stack: LiveStack, name: "admin" | "alice" | "bob"): Promise<string> {
  const { authUrl, username, password, projectName } = stack.credentials(name);
  const domain = { name: "Default" };
  const response = await fetch(`${authUrl}/auth/tokens`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      auth: {
        identity: {
          methods: ["password"],
          password: { user: { name: username, password, domain } },
        },
        scope: { project: { name: projectName, domain } },
      },
    }),
  });
  await response.body?.cancel();
  assertEquals(response.status, 201);
  return response.headers.get("x-subject-token") ?? "";
}

async function createImage(server: string, token: string): Promise<string> {
  const response = await fetch(`${server}/v2/images`, {
    method: "POST",
    headers: { "x-auth-token": token, "content-type": "application/json" },
    body: JSON.stringify({ name: "shared", disk_format: "raw", container_format: "bare" }),
  });
  const image: { id: string } = await response.json();
  assertEquals(response.status, 201);
  return image.id;
}

async function readImage(server: string, token: string, id: string): Promise<Uint8Array> {
  const response = await fetch(`${server}/v2/images/${id}/file`, {
    headers: { "x-auth-token": token },
  });
  assertEquals(response.status, 200);
  return new Uint8Array(await response.arrayBuffer());
}

async function statusOf(url: string, token: string): Promise<number> {
  const response = await fetch(url, { headers: { "x-auth-token": token } });
  await response.body?.cancel();
  return response.status;
}
