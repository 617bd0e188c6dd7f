/**
 * Our command line and python-glanceclient's, side by side on the same Glance: the same words give the
 * same tables and exit codes, except for the differences listed here.
 */
import { assertEquals, assertNotEquals } from "@std/assert";
import { type GlanceCommand, ourGlance } from "./glance_commands.ts";
import { PythonGlance } from "./python_glance.ts";

const ID = crypto.randomUUID();
const QUEUED_ID = crypto.randomUUID();
const NO_ID = "33333333-3333-4333-8333-333333333333";

const DATA = crypto.getRandomValues(new Uint8Array(60_000));

/** Made by our command line; each line of `SAME` finds the images as the lines before left them. */
const PREPARED: readonly string[] = [
  `image-create --id ${ID} --name disk --disk-format raw --container-format bare --file disk.img --property os_type=linux --tags one`,
  `image-create --id ${QUEUED_ID} --name later --min-disk 3 --property description=${
    "many-words_".repeat(12)
  }`,
];

/** Lines with the same standard output and the same exit code. */
const SAME: readonly string[] = [
  "image-list",
  "-v image-list",
  "image-list --include-stores",
  "image-list --limit 1",
  "image-list --page-size 1",
  "image-list --sort size:asc",
  "image-list --sort-key name --sort-dir desc",
  "image-list --sort-key status --sort-key name --sort-dir desc --sort-dir asc",
  "image-list --sort nonsense",
  "image-list --sort-dir nonsense",
  "image-list --limit many",
  "image-list --hidden",
  "image-list --hidden False",
  "image-list --visibility private",
  "image-list --tag one",
  "image-list --tag one --tag two",
  "image-list --property-filter os_type=linux",
  "image-list --member-status all",
  "image-list --checksum 0",
  "image-list --unknown",
  "image-list superfluous",
  `image-show ${ID}`,
  `image-show ${ID} --human-readable`,
  `image-show ${ID} --max-column-width 30`,
  `image-show ${QUEUED_ID}`,
  `image-show ${NO_ID}`,
  "image-show",
  `image-download ${NO_ID}`,
  `image-download ${QUEUED_ID}`,
  "stores-info",
  `member-list --image-id ${ID}`,
  "member-list",
  `image-update ${ID} --remove-property absent`,
  `image-update ${ID} --protected True --hidden True --os-distro debian`,
  `image-delete ${ID}`,
  `image-update ${ID} --protected False --hidden False --remove-property os_distro`,
  `image-update ${ID} --visibility public`,
  `image-update ${ID} --min-disk nonsense`,
  `image-update ${NO_ID} --name x`,
  `image-upload ${ID} --file absent.img`,
  `image-deactivate ${NO_ID}`,
  `image-tag-delete ${ID} absent`,
  `member-update ${ID} project nonsense`,
  `member-delete ${ID} absent`,
  `image-delete ${NO_ID}`,
  "nonsense",
];

/** Lines that end in another way, and why. */
const DIFFERENT: readonly (readonly [line: string, codes: [theirs: number, ours: number]])[] = [
  // A usage error has exit code 2, whichever program finds it.
  ["image-list --property-filter nonsense", [1, 2]],
  [`image-update ${ID} --property nonsense`, [1, 2]],
  [`image-update ${ID} --visibility nonsense`, [1, 2]],
  ["image-list --limit -1", [1, 2]],
  // The keys depend on the cloud.
  ["image-list --sort-key nonsense", [2, 1]],
  // An update that changes nothing is a mistake.
  [`image-update ${ID}`, [0, 2]],
  // A name is as good as an id.
  ["image-show disk", [1, 0]],
  // /dev/null is not an image.
  ["image-create --name record", [1, 0]],
];

/**
 * Runs the lines.
 *
 * @param environment of a user who may create images, as `OS_*`
 */
export async function compareWithGlanceclient(
  t: Deno.TestContext,
  environment: Readonly<Record<string, string>>,
): Promise<void> {
  await using python = new PythonGlance();
  const [ours, theirs] = [ourGlance({ "disk.img": DATA }), python.run];
  const outcome = async (glance: GlanceCommand, line: string) => {
    const { code, stdout } = await glance(line, environment);
    return { code, stdout };
  };
  for (const line of PREPARED) assertEquals((await ours(line, environment)).code, 0);
  for (const line of SAME) {
    await t.step(line, async () => {
      // Theirs runs first; ours then finds nothing to change.
      const their = await outcome(theirs, line);
      assertEquals(await outcome(ours, line), their);
    });
  }
  for (const [line, codes] of DIFFERENT) {
    await t.step(`${line} (an intended difference)`, async () => {
      assertNotEquals(codes[0], codes[1]);
      const [their, our] = [await outcome(theirs, line), await outcome(ours, line)];
      assertEquals([their.code, our.code], codes);
    });
  }
  await t.step("each program reads what the other one wrote", async () => {
    assertEquals((await theirs(`image-download ${ID}`, environment)).bytes, DATA);
    const flags = "--name theirs --disk-format raw --container-format bare";
    await theirs(`image-create ${flags}`, environment, DATA);
    assertEquals((await ours("image-download theirs", environment)).bytes, DATA);
  });
}
