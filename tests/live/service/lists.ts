/** Lists of images: pages, order and filters. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { Invalid, type ListParameters } from "../../../mod.ts";
import { RawGlance } from "../raw_glance.ts";
import type { LiveStack } from "../stack.ts";
import { Traffic } from "../traffic.ts";

import { signIn } from "./sign_in.ts";

/** Pages, order and filters. */
export async function checkLists(t: Deno.TestContext, stack: LiveStack): Promise<void> {
  const raw = await RawGlance.as(stack, "alice");
  const traffic = new Traffic();
  const { service, context } = await signIn(stack, "alice", {
    apiServers: stack.glanceUrls,
    fetch: traffic.fetch,
  });
  const names = Array.from({ length: 30 }, (_, i) => `listed ${String(i).padStart(2, "0")}`);
  const ids = await Promise.all(names.map((name, i) =>
    raw.create({
      name,
      tags: [i % 2 === 0 ? "even" : "odd", i % 3 === 0 ? "third" : "other"],
      residue: `${i % 5} of 5`,
      min_disk: i,
      disk_format: i < 10 ? "qcow2" : "raw",
    })
  ));
  const special = ["os: any, of two", "in:a,b", 'ünï & "co"=?#'];
  for (const name of special) ids.push(await raw.create({ name, os_hidden: name === "in:a,b" }));
  const sort = { sortKey: "name", sortDir: "asc" } as const;
  const found = async (parameters: ListParameters) => {
    traffic.clear();
    const images = await service.detail(context, { ...sort, ...parameters });
    return images.map(({ name }) => name);
  };
  const pages = () => traffic.to("/v2/images").length;
  const byNumber = (fits: (i: number) => boolean) => names.filter((_, i) => fits(i));

  await t.step("detail() reads every page", async () => {
    assertEquals(
      await found({ pageSize: 7, filters: { tag: ["even", "third"] } }),
      byNumber((i) => i % 6 === 0),
    );
    const all = await found({ pageSize: 7 });
    assertEquals(all, [...names, special[0], special[2]].sort());
    assertEquals(pages(), 5);
    assertEquals(await found({ pageSize: 100 }), all);
    assertEquals(pages(), 1);
    const first = await found({ limit: 10, pageSize: 7 });
    assertEquals([first, pages()], [names.slice(0, 10), 2]);
    assertEquals(await found({ limit: 3, marker: ids[9] ?? "" }), names.slice(10, 13));
    assertEquals(await found({ limit: 0 }), []);
    assertEquals(pages(), 0);
  });

  await t.step("list() requests no page that is not read", async () => {
    traffic.clear();
    const seen: (string | null)[] = [];
    for await (const { name } of service.list(context, { ...sort, pageSize: 7 })) {
      if (seen.push(name) === 8) break;
    }
    assertEquals([seen, pages()], [names.slice(0, 8), 2]);
  });

  await t.step("detail() sorts by one key and by several", async () => {
    const two = await found({
      sortKey: ["diskFormat", "name"],
      sortDir: ["asc", "desc"],
      limit: 11,
    });
    assertEquals(two, [...names.slice(0, 10).reverse(), special[2]]);
    const latest = await service.detail(context, { sortKey: "createdAt", limit: 40 });
    const times = latest.map(({ createdAt }) => createdAt?.getTime() ?? 0);
    assertEquals(times, times.toSorted((a, b) => b - a));
  });

  await t.step("detail() filters", async () => {
    const cases: readonly (readonly [ListParameters["filters"] & object, readonly unknown[]])[] = [
      [{ tag: ["even", "third"] }, byNumber((i) => i % 6 === 0)],
      [{ tag: "third", residue: "0 of 5" }, byNumber((i) => i % 15 === 0)],
      [{ name: "listed 04" }, ["listed 04"]],
      [{ name: "os: any, of two" }, [special[0]]],
      [{ name: ["listed 01", "os: any, of two", "listed 03"] }, [
        "listed 01",
        "listed 03",
        special[0],
      ]],
      [{ name: "in:listed 01,listed 03" }, ["listed 01", "listed 03"]],
      [{ name: 'ünï & "co"=?#' }, [special[2]]],
      [{ name: "eq:in:a,b", osHidden: true }, [special[1]]],
      [{ diskFormat: "qcow2", minDisk: 7 }, ["listed 07"]],
      [{ id: [ids[3] ?? "", ids[5] ?? ""] }, ["listed 03", "listed 05"]],
      [{ status: ["queued", "active"], residue: "4 of 5" }, byNumber((i) => i % 5 === 4)],
      [{ status: "active" }, []],
      [{ visibility: "public" }, []],
      [{ owner: context.projectId, residue: "1 of 5" }, byNumber((i) => i % 5 === 1)],
      [{ createdAt: "gt:2100-01-01T00:00:00Z" }, []],
      [{ created_at: "gt:2001-01-01T00:00:00Z", residue: "2 of 5" }, byNumber((i) => i % 5 === 2)],
      [{ size_min: 1 }, []],
      [{ protected: false, residue: "3 of 5" }, byNumber((i) => i % 5 === 3)],
    ];
    for (const [filters, requestedBytes] of cases) {
      assertEquals(await found({ filters, pageSize: 2 }), requestedBytes, JSON.stringify(filters));
    }
    const one = await service.show(context, ids[0] ?? "");
    assert((await found({ filters: { createdAt: one.createdAt } })).includes(one.name));
  });

  await t.step("detail() throws Invalid when a parameter is invalid", async () => {
    for (
      const parameters of [
        { filters: { created_at: "yesterday" } },
        { marker: crypto.randomUUID() },
        { sortKey: "bogus" },
        { limit: -1 },
        { pageSize: 0 },
      ]
    ) {
      await assertRejects(() => service.detail(context, parameters), Invalid);
    }
  });
}
