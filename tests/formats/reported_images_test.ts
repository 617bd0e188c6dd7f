/** Images that were reported to projects that inspect images: what they are, and who accepts them. */
import { assert, assertEquals } from "@std/assert";
import { type ImageConsumer, verdictFor } from "../../lib/formats/mod.ts";
import { REPORTED_IMAGES } from "./images/reported.ts";
import { inspectInChunks } from "./upstream/case.ts";

const CONSUMERS: readonly ImageConsumer[] = ["glance", "nova", "ironic", "cinder"];

for (const { report, name, image, declared, format, isSafe, acceptedBy } of REPORTED_IMAGES) {
  Deno.test(`verdictFor() is correct for ${name} (${report})`, () => {
    const inspection = inspectInChunks(image(), 512);
    assertEquals({ format: inspection.format, isSafe: inspection.isSafe }, { format, isSafe });
    const accepting = CONSUMERS.filter((consumer) => {
      const verdict = verdictFor(inspection, declared, consumer);
      assert(verdict.accepted || verdict.reason.length > 20, consumer);
      return verdict.accepted;
    });
    assertEquals(accepting, acceptedBy);
  });
}
