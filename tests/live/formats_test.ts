/**
 * Images of the programs that users have, inspected here and by the inspectors in Debian's Glance and Cinder:
 * format, size of the disk, and safety are the same, except for the table in `formats/differences.ts`.
 */
import { assert, assertEquals } from "@std/assert";
import { inspectImage } from "../../lib/formats/mod.ts";
import { inDirectory } from "../support/directory.ts";
import { type Aspect, DIFFERENCES } from "./formats/differences.ts";
import { FORMAT_PACKAGES, makeImages, RECIPES } from "./formats/recipes.ts";
import { requirePackages } from "./packages.ts";
import { callPython } from "./python.ts";

/** The result of an inspector; the size is text, because JSON rounds large numbers. */
interface Judgment {
  readonly format: string;
  readonly virtualSize: string;
  readonly isSafe: boolean;
}

type Judgments = Readonly<Record<string, Judgment>>;

const ASPECTS: readonly Aspect[] = ["format", "virtualSize", "isSafe"];

async function judge(path: string): Promise<Judgment> {
  const file = await Deno.open(path);
  const { format, virtualSize, isSafe } = await inspectImage(file.readable);
  return { format, virtualSize: String(virtualSize), isSafe };
}

/** The rows of the table, as texts that a difference can be compared with. */
function listedDifferences(): string[] {
  return ASPECTS.flatMap((aspect) =>
    DIFFERENCES[aspect].flatMap(({ images }) => images.map((image) => `${aspect} of ${image}`))
  );
}

/** The images that are safe here and not there, unless Debian's copies are wrong about them. */
function unsafeDifferences(ours: Judgments, theirs: Judgments): string[] {
  const corrected = DIFFERENCES.isSafe.filter(({ side }) => side === "corrected")
    .flatMap(({ images }) => images);
  return Object.keys(ours)
    .filter((image) => ours[image]?.isSafe && !theirs[image]?.isSafe)
    .filter((image) => !corrected.includes(image));
}

Deno.test("inspectImage() classifies images as the inspectors of Glance and Cinder do", async () => {
  await requirePackages(FORMAT_PACKAGES);
  await inDirectory(async (directory) => {
    await makeImages(directory);
    const names = RECIPES.map(({ name }) => name);
    const ours: Record<string, Judgment> = {};
    for (const name of names) ours[name] = await judge(`${directory}/${name}`);
    const inspectors = await callPython("formats/debian_inspectors.py", {
      directory,
      names,
    }) as Readonly<Record<string, Judgments>>;
    assertEquals(Object.keys(inspectors), ["glance", "cinder"]);
    for (const [inspector, theirs] of Object.entries(inspectors)) {
      const found = ASPECTS.flatMap((aspect) =>
        names.filter((name) => ours[name]?.[aspect] !== theirs[name]?.[aspect])
          .map((name) => `${aspect} of ${name}`)
      );
      assertEquals(found.toSorted(), listedDifferences().toSorted(), `${inspector}: ours is first`);
      assertEquals(unsafeDifferences(ours, theirs), [], `${inspector} refuses them`);
    }
    assert(names.length > 80);
  });
});
