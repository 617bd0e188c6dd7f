/** Queries of lists: what holds for every filter, limit and link. */
import { assert, assertEquals } from "@std/assert";
import { limitOf, markerOf, toQuery } from "../../lib/api/query.ts";
import { type GlanceImageService, Invalid } from "../../mod.ts";
import { UnexpectedResponse } from "../../lib/errors.ts";
import { embeddedService } from "../support/embedded_service.ts";
import { TEXT } from "../support/images.ts";
import { fc, forAll } from "../support/properties.ts";

const OPERATOR = /^(in|eq|neq|gt|gte|lt|lte):/;

/** Names that Glance accepts, some with an operator before a colon. */
const NAME = fc.oneof(
  TEXT,
  fc.tuple(fc.constantFrom("in", "eq", "neq", "like", "IN"), TEXT).map((parts) => parts.join(":")),
).filter((name) => name.trim() === name && !/[\p{Cc}💾]/u.test(name));

/** Glance's database compares without case and accents. */
const NAMES = fc.uniqueArray(NAME, {
  minLength: 1,
  maxLength: 4,
  selector: (name) => name.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase(),
});

/** A service of an embedded Glance with an image of each name. */
async function serviceWith(names: readonly string[]): Promise<GlanceImageService> {
  const service = embeddedService();
  for (const name of names) await service.create({}, { name });
  return service;
}

async function namesFound(
  service: GlanceImageService,
  name: string | readonly string[],
): Promise<unknown[]> {
  return (await service.detail({}, { filters: { name } })).map((image) => image.name).sort();
}

Deno.test("toQuery() finds exactly the images of a list of names, or throws Invalid", async () => {
  const inputs = fc.record({ names: NAMES, selected: fc.array(fc.nat(3), { minLength: 1 }) });
  await forAll(inputs, async ({ names, selected }) => {
    const service = await serviceWith(names);
    const chosen = names.filter((_, i) => selected.includes(i));
    try {
      assertEquals(await namesFound(service, chosen), chosen.toSorted());
    } catch (error) {
      if (!(error instanceof Invalid)) throw error;
      assert(chosen.length > 1 && chosen.some((name) => /["\\]/.test(name)), error.message);
    }
  });
});

Deno.test("toQuery() finds exactly the image of a name without an operator", async () => {
  await forAll(NAMES, async (names) => {
    const service = await serviceWith(names);
    for (const name of names.filter((name) => name !== "" && !OPERATOR.test(name))) {
      assertEquals(await namesFound(service, name), [name]);
    }
  });
});

Deno.test("toQuery() requests at least one image and at most the limit per page", async () => {
  const sizes = fc.record({ limit: fc.nat(1_000), pageSize: fc.integer({ min: 1, max: 1_000 }) });
  await forAll(sizes, ({ limit, pageSize }) => {
    const size = Number(toQuery({ limit, pageSize })[0]?.[1]);
    assert(size >= 1 && size <= pageSize && size <= Math.max(1, limitOf({ limit })));
  });
});

Deno.test("markerOf() returns the marker of every link", async () => {
  const links = fc.record({ marker: TEXT, prefix: fc.constantFrom("", "/image", "http://glance") });
  await forAll(links, ({ marker, prefix }) => {
    const query = new URLSearchParams({ limit: "2", marker, name: "in:a,b" });
    assertEquals(markerOf(`${prefix}/v2/images?${query}`), marker);
  });
});

Deno.test("markerOf() returns a marker, null or UnexpectedResponse for any text", async () => {
  await forAll(fc.oneof(TEXT, fc.webUrl(), fc.string()), (next) => {
    try {
      const marker = markerOf(next);
      assert(marker === null || typeof marker === "string");
    } catch (error) {
      assert(error instanceof UnexpectedResponse);
    }
  });
});
