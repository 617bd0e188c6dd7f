/**
 * Images with damaged headers. By hand: `FORMATS_SEED=7 deno test -A tests/formats/mutated_headers_test.ts`.
 * `deno task bench formats` inspects 100,000.
 */
import { assert, assertEquals } from "@std/assert";
import { expectationOf } from "./hostile/expectation.ts";
import { inspectMutants } from "./hostile/campaign.ts";
import { SAMPLES } from "./images/samples.ts";

const SEED = Number(Deno.env.get("FORMATS_SEED") ?? 1);
const IMAGES = 5_000;

Deno.test("ImageInspector returns the verdict of the rules for 5,000 damaged images in any chunks", () => {
  console.log(`seed ${SEED}`);
  const { accepted, refused, formats, faults } = inspectMutants(SEED, IMAGES);
  assertEquals(faults, [], `seed ${SEED}`);
  assertEquals(accepted + refused, IMAGES);
  assert(
    accepted > IMAGES / 10 && refused > IMAGES / 10,
    `${accepted} accepted, ${refused} refused`,
  );
  assertEquals(Object.keys(formats).length, 10, "some formats are never found");
});

Deno.test("expectationOf() names the format of every sample", () => {
  for (const [name, image] of Object.entries(SAMPLES)) {
    const [format = "raw"] = expectationOf(image()).formats;
    assertEquals(format, name.split(" ")[0], name);
  }
});
