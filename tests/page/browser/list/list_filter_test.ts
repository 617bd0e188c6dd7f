import { assertEquals } from "@std/assert";
import type { GlanceImage } from "../../../../lib/api/types.ts";
import { bytesOf, choicesOf, selectImages } from "../../../../lib/page/browser/list/list_filter.ts";
import { parseQuery } from "../../../../lib/page/browser/list/list_query.ts";

const IMAGES: readonly GlanceImage[] = [
  { id: "a1", name: "image-10", status: "active", size: 2_048, tags: ["x"], owner: "p" },
  { id: "b2", name: "Image-9", status: "queued", disk_format: "iso", owner: "q" },
  { id: "c3", name: null, status: "active", size: 10, visibility: "public" },
];

const idsOf = (search: string, project?: string) =>
  selectImages(IMAGES, parseQuery(search), project).map(({ id }) => id).join(" ");

Deno.test("selectImages() filters by each value, and by all of them together", () => {
  for (
    const [search, ids] of [
      ["?q=IMAGE&sort=name", "b2 a1"],
      ["?q=c3", "c3"],
      ["?status=active&sort=name", "c3 a1"],
      ["?format=iso", "b2"],
      ["?visibility=public", "c3"],
      ["?tag=x", "a1"],
      ["?owner=q", "b2"],
      ["?min=1k", "a1"],
      ["?max=1k", "c3"],
      ["?min=nonsense&sort=name", "c3 b2 a1"],
      ["?status=active&owner=q", ""],
    ]
  ) assertEquals(idsOf(search ?? ""), ids, search);
});

Deno.test("selectImages() sorts names as people do, and missing values first", () => {
  assertEquals(idsOf("?sort=name"), "c3 b2 a1");
  assertEquals(idsOf("?sort=size"), "a1 c3 b2");
  assertEquals(idsOf("?sort=size&dir=asc"), "b2 c3 a1");
  assertEquals(idsOf("?sort=status"), "c3 a1 b2");
});

Deno.test("selectImages() shows no image of the user's own project as shared with it", () => {
  assertEquals(idsOf("?tab=shared&sort=name", "p"), "c3 b2");
});

Deno.test("bytesOf() reads sizes with decimal and binary units", () => {
  for (
    const [text, bytes] of [
      ["10", 10],
      ["1.5 GiB", 1.5 * 2 ** 30],
      ["2 GB", 2e9],
      ["500m", 500 * 2 ** 20],
      ["1,5 KB", 1_500],
      ["", null],
      ["GB", null],
      ["-1", null],
      ["1 XB", null],
    ] as const
  ) assertEquals(bytesOf(text), bytes, text);
});

Deno.test("choicesOf() lists each value once, without missing ones", () => {
  assertEquals(choicesOf(IMAGES, ({ status }) => [status]), ["active", "queued"]);
  assertEquals(choicesOf(IMAGES, ({ owner }) => [owner]), ["p", "q"]);
});
