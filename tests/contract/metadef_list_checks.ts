/** The list of namespaces: filters, order, and pages. */

import { assert, assertEquals } from "@std/assert";
import { assertFailure, type Check, check } from "./check.ts";
import { type Conversation, NAMESPACES } from "./conversation.ts";
import type { Who } from "./target.ts";

interface Page {
  readonly namespaces: readonly Record<string, unknown>[];
  readonly first: string;
  readonly next?: string;
  readonly schema: string;
}

async function page(cloud: Conversation, path: string, who: Who = "alice"): Promise<Page> {
  const response = await cloud.get(path, who);
  assertEquals(response.status, 200, response.text);
  return response.json as unknown as Page;
}

/** Creates three namespaces with a resource type that only this check uses. */
async function three(cloud: Conversation): Promise<{ list: string; names: string[] }> {
  const resource_type_associations = [{ name: cloud.mark, prefix: "p:" }];
  const names = ["b", "c", "a"].map((name) => `${cloud.mark}-${name}`);
  for (const namespace of names) {
    const visibility = namespace.endsWith("c") ? "private" : "public";
    await cloud.namespace({ namespace, visibility, resource_type_associations });
  }
  return { list: `${NAMESPACES}?resource_types=${cloud.mark}`, names };
}

function namesOf({ namespaces }: Page): unknown[] {
  return namespaces.map(({ namespace }) => namespace);
}

const BAD: readonly (readonly [query: string, text: string])[] = [
  ["limit=-1", "limit param must be positive"],
  ["sort_dir=up", "Invalid sort direction: up"],
  ["visibility=shared", "Invalid visibility value: shared"],
];

const badQueries: Check[] = BAD.map(([query, text]) =>
  check(`GET of namespaces with ${query} returns 400`, async (cloud) => {
    assertFailure(await cloud.get(`${NAMESPACES}?${query}`), 400, text);
  })
);

export const METADEF_LIST_CHECKS: readonly Check[] = [
  check("namespaces are listed newest first, with their resource types", async (cloud) => {
    const { list, names } = await three(cloud);
    const all = await page(cloud, list, "admin");
    assertEquals(namesOf(all), names.toReversed());
    assertEquals(all.first, list);
    assertEquals(all.schema, "/v2/schemas/metadefs/namespaces");
    assertEquals(all.next, undefined);
    const [association] = all.namespaces[0]?.["resource_type_associations"] as [
      Record<string, unknown>,
    ];
    assertEquals([association["name"], association["prefix"]], [cloud.mark, "p:"]);
  }),
  check("a list of namespaces omits other projects' private namespaces", async (cloud) => {
    const { list, names: [b, c, a] } = await three(cloud);
    assertEquals(namesOf(await page(cloud, list)), [a, b]);
    assertEquals(namesOf(await page(cloud, `${list}&visibility=private`)), []);
    assertEquals(namesOf(await page(cloud, `${list}&visibility=private`, "admin")), [c]);
    assertEquals(namesOf(await page(cloud, `${list}&visibility=public`, "admin")), [a, b]);
  }),
  check("a list of namespaces omits objects and properties", async (cloud) => {
    const { list } = await three(cloud);
    for (const namespace of (await page(cloud, list)).namespaces) {
      for (const part of ["objects", "properties", "tags"]) assert(!(part in namespace), part);
    }
  }),
  check("namespaces are sorted by name, either way", async (cloud) => {
    const { list, names: [b, c, a] } = await three(cloud);
    const sorted = (dir: string) =>
      page(cloud, `${list}&sort_key=namespace&sort_dir=${dir}`, "admin");
    assertEquals(namesOf(await sorted("asc")), [a, b, c]);
    assertEquals(namesOf(await sorted("desc")), [c, b, a]);
  }),
  check("pages of namespaces are linked by next", async (cloud) => {
    const { list, names } = await three(cloud);
    const first = await page(cloud, `${list}&limit=2`, "admin");
    assertEquals(namesOf(first), names.slice(1).toReversed());
    assertEquals(first.next, `${list}&limit=2&marker=${names[1]}`);
    const second = await page(cloud, first.next ?? "", "admin");
    assertEquals(namesOf(second), names.slice(0, 1));
    assertEquals([second.first, second.next], [`${list}&limit=2`, undefined]);
  }),
  check(
    "a list of namespaces for several resource types has those with at least one",
    async (cloud) => {
      const { names: [b, , a] } = await three(cloud);
      const some = `${NAMESPACES}?resource_types=Contract::Nothing,${cloud.mark}`;
      assertEquals(namesOf(await page(cloud, some)), [a, b]);
      assertEquals(
        namesOf(await page(cloud, `${NAMESPACES}?resource_types=Contract::Nothing`)),
        [],
      );
    },
  ),
  check("GET of namespaces with a limit of 0 returns an empty page", async (cloud) => {
    const { list } = await three(cloud);
    const { namespaces, next } = await page(cloud, `${list}&limit=0`);
    assertEquals([namespaces, next], [[], undefined]);
  }),
  check("an unknown namespace as marker returns 404, an invisible one 403", async (cloud) => {
    const path = `${NAMESPACES}?marker=${cloud.mark}`;
    const missing = `Metadata definition namespace=${cloud.mark} was not found.`;
    assertFailure(await cloud.get(path), 404, missing);
    await cloud.namespace({ visibility: "private" });
    const hidden =
      `Forbidding request, metadata definition namespace=${cloud.mark} is not visible.`;
    assertFailure(await cloud.get(path), 403, hidden);
  }),
  ...badQueries,
];
