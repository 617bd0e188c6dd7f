/** Image data through the gateway when a server fails or the client disconnects. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { bytesOf, Cloud, cutAfter } from "../cloud.ts";

const SIZE = 300_000;

Deno.test("GET /file continues from another server when one fails after the headers", async (t) => {
  for (const ranges of [true, false]) {
    for (const range of [undefined, "bytes=5-250000"]) {
      await t.step(`ranges: ${ranges}, range: ${range ?? "none"}`, async () => {
        const cloud = new Cloud({ supportsRanges: ranges });
        const { id, bytes } = await cloud.image(SIZE);
        let cuts = 1;
        cloud.intercept = ({ path }, respond) =>
          path.endsWith("/file") && cuts-- > 0
            ? respond().then(async (whole) => {
              if (!whole.ok) return whole;
              return new Response(cutAfter(await bytesOf(whole), 70_000), whole);
            })
            : undefined;
        if (!ranges && range !== undefined) cuts = 2;
        const response = await cloud.router().request(`/v2/images/${id}/file`, {
          ...range !== undefined && { headers: { range } },
        });
        const expected = range === undefined ? bytes : bytes.slice(5, 250_001);
        assertEquals(await bytesOf(response), expected);
        const [entry] = cloud.logged;
        assertEquals([entry?.outcome, entry?.resumes, entry?.bytesOut], [
          "complete",
          1,
          expected.byteLength,
        ]);
      });
    }
  }
});

Deno.test("GET /file resets the connection when no server can finish it", async (t) => {
  for (const verify of ["off", "auto"] as const) {
    await t.step(`verify: ${verify}`, async () => {
      const cloud = new Cloud();
      const { id } = await cloud.image(SIZE);
      let opened = 0;
      cloud.intercept = ({ path }, respond) => {
        if (!path.endsWith("/file")) return undefined;
        if (opened++ > 0) return Promise.reject(new TypeError("refused"));
        return respond().then(async (whole) =>
          new Response(cutAfter(await bytesOf(whole), 70_000), whole)
        );
      };
      const response = await cloud.router({ verify }).request(`/v2/images/${id}/file`);
      assertEquals([response.status, response.headers.get("content-length")], [200, String(SIZE)]);
      await assertRejects(() => response.arrayBuffer());
      assertEquals(cloud.logged.map(({ outcome, status }) => [outcome, status]), [[
        "aborted",
        200,
      ]]);
    });
  }
});

Deno.test("GET /file resets the connection before the last byte when verify is set and the hash is wrong", async () => {
  const cloud = new Cloud();
  const { id, bytes } = await cloud.image(SIZE);
  const wrong = bytes.slice();
  wrong[SIZE - 1] = 1 + (wrong[SIZE - 1] ?? 0);
  cloud.intercept = ({ path }, respond) =>
    path.endsWith("/file")
      ? respond().then(({ headers }) => new Response(wrong, { headers }))
      : undefined;
  const checked = await cloud.router({ verify: "auto" }).request(`/v2/images/${id}/file`);
  let received = 0;
  await assertRejects(async () => {
    for await (const chunk of checked.body ?? []) received += chunk.byteLength;
  });
  assert(received < SIZE);
  const unchecked = await cloud.router().request(`/v2/images/${id}/file`);
  assertEquals((await bytesOf(unchecked)).byteLength, SIZE);
});

Deno.test("GET /file skips a server whose data is not that of the image", async (t) => {
  const wrong: Readonly<Record<string, Response>> = {
    "another size": new Response("short", { headers: { "content-length": "5" } }),
    "another image": new Response(new Uint8Array(SIZE), {
      headers: { "content-length": String(SIZE), "content-md5": "0".repeat(32) },
    }),
    "encoded": new Response(new Uint8Array(SIZE), {
      headers: { "content-length": String(SIZE), "content-encoding": "gzip" },
    }),
    "no answer to a GET": new Response(null, { status: 205 }),
  };
  for (const [name, unusable] of Object.entries(wrong)) {
    for (const resume of [true, false]) {
      await t.step(`${name}, resume: ${resume}`, async () => {
        const cloud = new Cloud();
        const { id, bytes } = await cloud.image(SIZE);
        cloud.intercept = ({ server, path }) =>
          server === "http://b:9292" && path.endsWith("/file") ? unusable.clone() : undefined;
        const response = await cloud.router({ resume }).request(`/v2/images/${id}/file`);
        assertEquals([response.status, await bytesOf(response)], [200, bytes]);
      });
    }
  }
});

Deno.test("GET /file cancels the server's body when the client disconnects", async () => {
  const cloud = new Cloud();
  const { id } = await cloud.image(SIZE);
  let reason: unknown;
  cloud.intercept = ({ path }, respond) =>
    path.endsWith("/file")
      ? respond().then(async (whole) => {
        await whole.body?.cancel();
        const endless = new ReadableStream({
          pull: (controller) => controller.enqueue(new Uint8Array(1000)),
          cancel: (cause) => void (reason = cause),
        }, { highWaterMark: 0 });
        return new Response(endless, whole);
      })
      : undefined;
  for (const resume of [true, false]) {
    reason = undefined;
    const response = await cloud.router({ resume }).request(`/v2/images/${id}/file`);
    const reader = response.body?.getReader();
    await reader?.read();
    await reader?.cancel("the caller has left");
    assertEquals(reason, "the caller has left", `resume: ${resume}`);
  }
  assertEquals(cloud.logged[0]?.outcome, "canceled");
});

Deno.test("GET /file stops trying servers when the client disconnects before the headers", async () => {
  const cloud = new Cloud();
  const { id } = await cloud.image(SIZE);
  const leaving = new AbortController();
  cloud.intercept = ({ path }) => {
    if (!path.endsWith("/file")) return undefined;
    leaving.abort("canceled");
    return new Promise<Response>(() => {});
  };
  const response = await cloud.router().request(`/v2/images/${id}/file`, {
    signal: leaving.signal,
  });
  assertEquals([response.status, cloud.logged[0]?.outcome], [499, "canceled"]);
});

Deno.test("createImageRouter() resets a body when its server sends no byte in time, with and without resume", async () => {
  for (const resume of [true, false]) {
    for (const headers of [{}, { range: "bytes=5-59" }]) {
      const cloud = new Cloud();
      const { id } = await cloud.image(100);
      cloud.intercept = async ({ path }, respond) => {
        if (!path.endsWith("/file")) return await respond();
        const { status, headers } = await respond();
        return new Response(new ReadableStream({ type: "bytes" }), { status, headers });
      };
      const router = cloud.router({ resume, stallTimeout: 1_000, numRetries: 0 });
      const response = await router.request(`/v2/images/${id}/file`, { headers });
      await assertRejects(() => response.arrayBuffer(), Error, "Cannot finish the response");
      const [{ outcome, error } = { outcome: "", error: "" }] = cloud.logged;
      assertEquals(outcome, "aborted");
      assertStringIncludes(error ?? "", "sent nothing for 1000 ms");
    }
  }
});

for (const resume of [true, false]) {
  Deno.test(`GET /file sends 1 + numRetries requests for the data when each gets 503 and resume is ${resume}`, async () => {
    const cloud = new Cloud();
    const { id } = await cloud.image(SIZE);
    let requests = 0;
    cloud.intercept = ({ path }) => {
      if (!path.endsWith("/file")) return undefined;
      requests++;
      return Promise.resolve(new Response("busy", { status: 503 }));
    };
    const response = await cloud.router({ resume, verify: "off" }).request(`/v2/images/${id}/file`);
    await response.body?.cancel();
    assertEquals([response.status, requests], [503, 4]);
  });
}
