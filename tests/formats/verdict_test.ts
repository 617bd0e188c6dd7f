import { assertEquals, assertStringIncludes } from "@std/assert";
import type { ImageConsumer } from "../../lib/formats/consumer_rules.ts";
import type { ImageInspection } from "../../lib/formats/types.ts";
import { verdictFor } from "../../lib/formats/verdict.ts";

function inspectionOf(format: string, changes: Partial<ImageInspection> = {}): ImageInspection {
  const formats = [format];
  const known = { virtualSize: 1, isSafe: true, failures: [], unchecked: [], bytesRead: 1 };
  return { format, formats, ...known, ...changes };
}

const CONSUMERS: readonly ImageConsumer[] = ["glance", "nova", "ironic", "cinder"];

/** The verdicts of Glance, Nova, Ironic and Cinder: accepted, accepted with a warning, or refused. */
type Row = readonly [
  declared: string | undefined,
  found: string,
  glance: "yes" | "warning" | "no",
  nova: "yes" | "no",
  ironic: "yes" | "no",
  cinder: "yes" | "no",
];

// deno-fmt-ignore
const ROWS: readonly Row[] = [
  ["raw",     "raw",   "yes",     "yes", "yes", "yes"],
  ["raw",     "gpt",   "yes",     "yes", "yes", "yes"],
  ["raw",     "qcow2", "warning", "no",  "no",  "no"],
  ["raw",     "vmdk",  "warning", "no",  "no",  "no"],
  ["raw",     "luks",  "warning", "no",  "no",  "yes"],
  ["raw",     "iso",   "warning", "no",  "no",  "yes"],
  ["gpt",     "gpt",   "yes",     "yes", "yes", "yes"],
  ["gpt",     "raw",   "no",      "no",  "no",  "yes"],
  ["qcow2",   "qcow2", "yes",     "yes", "yes", "yes"],
  ["qcow2",   "raw",   "no",      "no",  "no",  "no"],
  ["qcow2",   "gpt",   "no",      "no",  "no",  "no"],
  ["qcow2",   "vmdk",  "no",      "no",  "no",  "no"],
  ["vmdk",    "vmdk",  "yes",     "yes", "no",  "yes"],
  ["vhd",     "vhd",   "yes",     "yes", "no",  "yes"],
  ["vhd",     "raw",   "no",      "no",  "no",  "no"],
  ["vhdx",    "vhdx",  "yes",     "yes", "no",  "yes"],
  ["vdi",     "vdi",   "yes",     "yes", "no",  "yes"],
  ["iso",     "iso",   "yes",     "yes", "yes", "yes"],
  ["iso",     "raw",   "no",      "no",  "no",  "yes"],
  ["ami",     "raw",   "yes",     "yes", "no",  "yes"],
  ["ami",     "gpt",   "no",      "yes", "no",  "yes"],
  ["aki",     "raw",   "yes",     "yes", "yes", "no"],
  ["ari",     "gpt",   "no",      "yes", "yes", "no"],
  ["ploop",   "raw",   "yes",     "no",  "no",  "no"],
  ["ploop",   "qcow2", "no",      "no",  "no",  "no"],
  [undefined, "raw",   "yes",     "yes", "yes", "yes"],
  [undefined, "vdi",   "yes",     "yes", "no",  "yes"],
];

Deno.test("verdictFor() follows the rules of each service", async (t) => {
  for (const [declared, found, ...expected] of ROWS) {
    await t.step(`${found} declared as ${declared}`, () => {
      const verdicts = CONSUMERS.map((consumer) => {
        const verdict = verdictFor(inspectionOf(found), declared, consumer);
        if (!verdict.accepted) return "no";
        return verdict.warning === undefined ? "yes" : "warning";
      });
      assertEquals(verdicts, expected);
    });
  }
});

/** The reason of a refusal. */
function reasonFor(
  inspection: ImageInspection,
  declared: string | undefined,
  consumer: ImageConsumer,
): string {
  const verdict = verdictFor(inspection, declared, consumer);
  return verdict.accepted ? "accepted" : verdict.reason;
}

const UNSAFE = inspectionOf("qcow2", {
  isSafe: false,
  failures: [{ check: "backing_file", reason: "it has a backing file" }],
});

Deno.test("verdictFor() refuses an unsafe image for every service, whatever is declared", () => {
  for (const consumer of CONSUMERS) {
    for (const declared of ["qcow2", "raw", "ami", undefined]) {
      assertEquals(
        reasonFor(UNSAFE, declared, consumer),
        "the data is not a safe qcow2 image, because it has a backing file (check backing_file); " +
          "copy it to one file, with qemu-img convert for example",
      );
    }
  }
});

Deno.test("verdictFor() names the found and the declared format, and how to proceed", () => {
  assertEquals(
    reasonFor(inspectionOf("raw"), "qcow2", "glance"),
    "the data is raw, and the disk format is qcow2; declare raw, or pass qcow2 data",
  );
  assertStringIncludes(reasonFor(inspectionOf("gpt"), "qcow2", "nova"), "declare raw");
  assertStringIncludes(reasonFor(inspectionOf("vdi"), "vdi", "ironic"), "raw, gpt, qcow2, iso");
  assertStringIncludes(reasonFor(inspectionOf("raw"), "ploop", "nova"), "no inspector");
});

Deno.test("verdictFor() accepts what is in a container for Glance, which does not inspect it", () => {
  const options = { containerFormat: "ova" };
  assertEquals(verdictFor(UNSAFE, "raw", "glance", options), { accepted: true });
  assertEquals(verdictFor(UNSAFE, "qcow2", "nova", options).accepted, false);
});

Deno.test("verdictFor() does not refuse for Cinder what Cinder takes for raw data", () => {
  const failures = [{ check: "mbr", reason: "it has a boot sector and no partitions" }];
  const table = inspectionOf("gpt", { isSafe: false, failures });
  assertEquals(verdictFor(table, "raw", "cinder"), {
    accepted: true,
    warning: "Cinder does not detect that it has a boot sector and no partitions (check mbr)",
  });
  assertEquals(verdictFor(table, "raw", "glance").accepted, false);
  const both = { ...table, formats: ["qcow2", "gpt"] };
  assertEquals(verdictFor(both, "raw", "cinder").accepted, false);
});

Deno.test("verdictFor() warns if a check needs bytes that were not read", () => {
  assertEquals(verdictFor(inspectionOf("vmdk", { unchecked: ["footer"] }), "vmdk", "glance"), {
    accepted: true,
    warning: "some checks need bytes that were not read (footer)",
  });
});

Deno.test("verdictFor() refuses an unknown service", () => {
  for (const consumer of ["swift", "constructor"]) {
    const reason = reasonFor(inspectionOf("raw"), "raw", consumer as ImageConsumer);
    assertStringIncludes(reason, consumer);
  }
});
