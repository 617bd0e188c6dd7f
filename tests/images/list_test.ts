/** Lists, page by page. */
import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import {
  GlanceConnectionFailed,
  type Image,
  Invalid,
  type ListParameters,
  NotAuthorized,
} from "../../mod.ts";
import { UnexpectedResponse } from "../../lib/errors.ts";
import { refused, silence, type Step } from "../support/scripted_fetch.ts";
import { type ClientHarness, failureOf, harnessOf, harnessOn } from "../support/client_harness.ts";

const CALLER = { authToken: "token" };

/** A page of images with these ids, and a link to the next page. */
function page(ids: string, next?: string): Step {
  const images = [...ids].map((id) => ({ id, status: "active" }));
  return () => Response.json({ images, ...next !== undefined && { next } });
}

function link(marker: string): string {
  return `/v2/images?limit=2&marker=${marker}`;
}

async function idsOf(
  { service, clock }: ClientHarness,
  parameters: ListParameters = {},
): Promise<string> {
  const images = await clock.run(service.detail(CALLER, parameters));
  return images.map(({ id }) => id).join("");
}

Deno.test("list() yields the images of all pages, and requests each by its marker", async () => {
  const harness = harnessOf([page("ab", link("b")), page("cd", link("d")), page("e")]);
  const parameters = { pageSize: 2, filters: { tag: ["x", "y"] }, sortKey: "name" };
  assertEquals(await idsOf(harness, parameters), "abcde");
  const rest = "tag=x&tag=y&sort_key=name";
  assertEquals(harness.script.requested, [
    `GET /v2/images?limit=2&${rest}`,
    `GET /v2/images?limit=2&marker=b&${rest}`,
    `GET /v2/images?limit=2&marker=d&${rest}`,
  ]);
});

Deno.test("list() keeps the prefix of the endpoint when the server's link has another", async () => {
  const steps = [page("a", "http://inside:9292/v2/images?marker=a"), page("b")];
  const harness = harnessOf(steps, { apiServers: ["https://glance/image"] });
  assertEquals(await idsOf(harness, {}), "ab");
  assertEquals(
    harness.script.requests[1]?.url,
    "https://glance/image/v2/images?limit=200&marker=a",
  );
});

Deno.test("list() begins after the given marker", async () => {
  const harness = harnessOf([page("b")]);
  assertEquals(await idsOf(harness, { marker: "a b&c" }), "b");
  assertEquals(harness.script.requested, ["GET /v2/images?limit=200&marker=a%20b%26c"]);
});

Deno.test("list() yields at most `limit` images, over pages and within one", async () => {
  const cases: readonly (readonly [limit: number, ids: string, requests: number])[] = [
    [0, "", 0],
    [1, "a", 1],
    [2, "ab", 1],
    [3, "abc", 2],
    [4, "abcd", 2],
    [9, "abcde", 3],
  ];
  for (const [limit, ids, requests] of cases) {
    const harness = harnessOf([page("ab", link("b")), page("cd", link("d")), page("e")]);
    assertEquals(await idsOf(harness, { limit, pageSize: 2 }), ids);
    assertEquals(harness.script.requests.length, requests);
  }
});

Deno.test("list() truncates a page that is longer than requested at its limit", async () => {
  const harness = harnessOf([page("abcdef", link("f"))]);
  assertEquals(await idsOf(harness, { limit: 3 }), "abc");
});

Deno.test("list() continues after an empty page with a next link", async () => {
  const harness = harnessOf([page("", link("x")), page("", link("y")), page("a")]);
  assertEquals(await idsOf(harness), "a");
});

Deno.test("list() ends if there is no next link, or one without a marker", async () => {
  for (const next of ["/v2/images?limit=2", "", null, undefined]) {
    const harness = harnessOf([Response.json({ images: [{ id: "a", status: "active" }], next })]);
    assertEquals(await idsOf(harness), "a");
  }
});

Deno.test("list() throws on a loop of one page or of several", async () => {
  const circles: readonly (readonly Step[])[] = [
    [page("a", link("a")), page("a", link("a"))],
    [page("a", link("x")), page("b", link("y")), page("a", link("x"))],
  ];
  for (const steps of circles) {
    const harness = harnessOf(steps);
    await assertRejects(() => idsOf(harness), UnexpectedResponse, "twice, so the list would never");
    assertEquals(harness.script.left, 0);
  }
  const harness = harnessOf([page("", link("start"))]);
  await assertRejects(
    () => idsOf(harness, { marker: "start" }),
    UnexpectedResponse,
    '"start" twice',
  );
});

Deno.test("list() tries at most 1,000 earlier markers", async () => {
  const images = Array.from({ length: 3_000 }, (_, i) => ({ id: `${i}`, status: "active" }));
  let requests = 0;
  const harness = harnessOn(() => {
    const isFirst = requests++ === 0;
    const next = link("2999");
    return Promise.resolve(
      isFirst ? Response.json({ images, next }) : Response.json({}, { status: 400 }),
    );
  });
  const listing = harness.clock.run(harness.service.detail(CALLER));
  await assertRejects(() => listing, Invalid, "400");
  assertEquals(requests, 1 + 1_001);
});

Deno.test("list() detects any loop after a few rounds, with one stored marker", async () => {
  for (const [before, around] of [[0, 1], [0, 7], [3, 5], [10, 64]] as const) {
    let pages = 0;
    const harness = harnessOn(() => {
      const at = pages++ < before ? pages : before + (pages - before) % around;
      const images = [{ id: `m${at}`, status: "active" }];
      return Promise.resolve(Response.json({ images, next: link(`m${at}`) }));
    });
    const listing = harness.service.detail(CALLER, {});
    await assertRejects(() => listing, UnexpectedResponse, "twice");
    assert(pages <= 3 * (before + around) + 2, `${pages} pages of a circle of ${around}`);
  }
});

Deno.test("list() yields `limit` images, even if some are not available", async () => {
  const image = (id: string, owner: string) => ({
    id,
    status: "active",
    visibility: "private",
    owner_id: owner,
  });
  const steps = [
    Response.json({ images: [image("a", "p2"), image("b", "p1")], next: link("b") }),
    Response.json({ images: [image("c", "p2"), image("d", "p2")], next: link("d") }),
    Response.json({ images: [image("e", "p1"), image("f", "p1")], next: link("f") }),
  ];
  const harness = harnessOf(steps);
  const seen = await harness.service.detail({ projectId: "p1", userId: "u1" }, { limit: 2 });
  assertEquals(seen.map(({ id }) => id).join(""), "be");
  assertEquals(harness.script.left, 0);
});

Deno.test("list() handles errors of the second page like those of the first", async () => {
  const healed = harnessOf([page("a", link("a")), refused(), 503, silence, page("b")], {
    requestTimeout: 100,
  });
  assertEquals(await idsOf(healed), "ab");

  const forbidden = harnessOf([page("a", link("a")), 403]);
  await assertRejects(() => idsOf(forbidden), NotAuthorized, "Cannot list images");

  const away = harnessOf([page("a", link("a")), 502, 502, 502, 502]);
  await assertRejects(() => idsOf(away), GlanceConnectionFailed, "Cannot list images");
});

Deno.test("list() requests a page just before it yields the last image of the previous one", async () => {
  const harness = harnessOf([page("ab", link("b")), page("cd", link("d"))]);
  const requested: number[] = [];
  for await (const { id } of harness.service.list(CALLER, { pageSize: 2 })) {
    requested.push(harness.script.requests.length);
    if (id === "c") break;
  }
  assertEquals(requested, [1, 2, 2]);
  assertEquals(harness.clock.pending, 0);
});

Deno.test("list() sends no request before it is read", () => {
  const harness = harnessOf([]);
  harness.service.list(CALLER);
  assertEquals(harness.script.requests.length, 0);
});

Deno.test("list() stops between two pages on abort", async () => {
  const harness = harnessOf([page("ab", link("b")), silence]);
  const controller = new AbortController();
  const reason = new Error("enough");
  const ids: string[] = [];
  const error = await failureOf((async () => {
    const { signal } = controller;
    for await (const { id } of harness.service.list(CALLER, {}, { signal })) {
      ids.push(id);
      controller.abort(reason);
    }
  })());
  assertStrictEquals(error, reason);
  assertEquals([ids.join(), harness.script.requests.length], ["a,b", 1]);
});

Deno.test("list() yields only available images if the caller has no token", async () => {
  const images = [
    { id: "a", status: "active", visibility: "private", owner_id: "p1" },
    { id: "b", status: "active", visibility: "private", owner_id: "p2" },
    { id: "c", status: "active", visibility: "public" },
    { id: "d", status: "active", visibility: "shared" },
    { id: "e", status: "active", visibility: "shared" },
  ];
  const member = (status: string) =>
    Response.json({ members: [{ member_id: "p1", image_id: "x", status }] });
  const harness = harnessOf([Response.json({ images }), member("accepted"), member("pending")]);
  const seen = await harness.service.detail({ projectId: "p1", userId: "u1" });
  assertEquals(seen.map(({ id }) => id).join(""), "acd");
  assertEquals(harness.script.requested.slice(1), [
    "GET /v2/images/d/members",
    "GET /v2/images/e/members",
  ]);
});

Deno.test("list() yields the images before an error in the middle of a page, and ends with it", async () => {
  const image = (id: string, visibility: string) => ({ id, status: "active", visibility });
  const images = [image("a", "public"), image("b", "shared"), image("c", "public")];
  const { service, script } = harnessOf([Response.json({ images, next: link("c") }), 403]);
  const list = service.list({ projectId: "p1", userId: "u1" });
  assertEquals((await list.next()).value?.id, "a");
  await assertRejects(() => list.next(), NotAuthorized, "403");
  assertEquals(await list.next(), { done: true, value: undefined });
  assertEquals(script.requested, ["GET /v2/images?limit=200", "GET /v2/images/b/members"]);
});

Deno.test("list() resolves concurrent calls in order", async () => {
  const steps = [page("abc", link("c")), page("", link("x")), page("de", link("e")), page("f")];
  for (const limit of [undefined, 6, 4]) {
    const { service, clock } = harnessOf(steps);
    const list = service.list(CALLER, limit === undefined ? {} : { limit });
    const calls = Array.from({ length: 9 }, () => list.next());
    const responses = await clock.run(Promise.all(calls));
    const ids = responses.map(({ value }) => value?.id ?? "-").join("");
    assertEquals(ids, "abcdef---".slice(0, limit ?? 6).padEnd(9, "-"));
  }
});

Deno.test("list() throws after 100 empty pages in a row", async () => {
  let requests = 0;
  const harness = harnessOn(() =>
    Promise.resolve(Response.json({ images: [], next: link(`${requests++}`) }))
  );
  const list = () => harness.service.detail(CALLER);
  await assertRejects(list, UnexpectedResponse, "100 empty pages in a row");
  assertEquals(requests, 100);
});

Deno.test("list() yields an image whose property is not JSON, and those after it", async () => {
  const images = [
    { id: "a", status: "active" },
    { id: "b", status: "active" },
    { id: "c", status: "active", mappings: "{" },
    { id: "d", status: "active" },
  ];
  const { service } = harnessOf([Response.json({ images })]);
  const listed = await service.detail(CALLER);
  assertEquals(listed.map(({ id }) => id), ["a", "b", "c", "d"]);
  assertEquals(listed[2]?.properties["mappings"], "{");
});

Deno.test("list() returns an async generator: return, throw, and dispose end it at any image", async () => {
  const ends: readonly ((list: AsyncGenerator<Image, void>) => Promise<unknown>)[] = [
    (list) => list.return(),
    (list) => list[Symbol.asyncDispose](),
    (list) => assertRejects(() => list.throw(new Error("enough")), Error, "enough"),
  ];
  for (const end of ends) {
    for (const taken of [0, 1, 2]) {
      const { service, script } = harnessOf([page("abc", link("c")), page("d")]);
      const list = service.list(CALLER);
      for (let i = 0; i < taken; i++) await list.next();
      await end(list);
      assertEquals(await list.next(), { done: true, value: undefined });
      assertEquals(script.requests.length, Math.min(taken, 1));
    }
  }
});

/** A Glance that rejects unknown markers, and what the consumer of its list does with each image. */
async function listWhile(
  change: (id: string, images: Set<string>) => void,
  parameters: ListParameters,
): Promise<{ seen: string; images: string; requests: number }> {
  const images = new Set("abcdefghij");
  let requests = 0;
  const harness = harnessOn((input) => {
    requests++;
    const query = new URL(input).searchParams;
    const marker = query.get("marker");
    if (marker !== null && !images.has(marker)) {
      return Promise.resolve(Response.json({ message: `No image ${marker}` }, { status: 400 }));
    }
    const all = [...images];
    const start = marker === null ? 0 : all.indexOf(marker) + 1;
    const part = all.slice(start, start + Number(query.get("limit")));
    const next = part.length > 0 ? { next: link(part.at(-1) ?? "") } : {};
    return Promise.resolve(Response.json({
      images: part.map((id) => ({ id, status: "active" })),
      ...next,
    }));
  });
  let seen = "";
  for await (const { id } of harness.service.list(CALLER, parameters)) {
    seen += id;
    change(id, images);
  }
  return { seen, images: [...images].join(""), requests };
}

Deno.test("list() continues if each yielded image is deleted, for any page size", async () => {
  for (const pageSize of [1, 2, 3, 5, 10, 200]) {
    const result = await listWhile((id, images) => images.delete(id), { pageSize });
    assertEquals([result.seen, result.images], ["abcdefghij", ""]);
    const pages = Math.ceil(10 / pageSize) + 1;
    assertEquals(result.requests, pages, "no page is asked for twice");
  }
});

Deno.test("list() continues if others delete the marker, or all yielded images", async () => {
  const deletions: readonly ((id: string, images: Set<string>) => void)[] = [
    (id, images) => id === "b" && images.delete("c"),
    (id, images) => id === "b" && "abc".split("").forEach((one) => images.delete(one)),
    (id, images) => id === "d" && images.delete("f"),
    (id, images) => id === "d" && "ef".split("").forEach((one) => images.delete(one)),
  ];
  for (const change of deletions) {
    const { seen } = await listWhile(change, { pageSize: 3 });
    assertEquals(seen, "abcdefghij");
  }
});

Deno.test("list() throws if its first marker does not exist", async () => {
  await assertRejects(() => listWhile(() => {}, { marker: "z" }), Invalid, "No image z");
});
