import { assertEquals } from "@std/assert";
import { faultOf } from "../../../../lib/cli/commands/inspection/image_faults.ts";
import type { ImageInspection } from "../../../../lib/formats/types.ts";

function inspectionOf(format: string, failures: ImageInspection["failures"] = []): ImageInspection {
  return {
    format,
    formats: [format],
    virtualSize: 1,
    isSafe: failures.length === 0,
    failures,
    unchecked: [],
    bytesRead: 1,
  };
}

Deno.test("faultOf() compares the data with what is declared", () => {
  const cases: readonly (readonly [format: string, claim: object, kind: string | undefined])[] = [
    ["qcow2", { disk_format: "qcow2", container_format: "bare" }, undefined],
    ["qcow2", { disk_format: "raw", container_format: "bare" }, "mismatch"],
    ["raw", { disk_format: "qcow2", container_format: "bare" }, "mismatch"],
    ["raw", { disk_format: "qcow2", container_format: "ovf" }, undefined],
    ["gpt", { disk_format: "raw" }, undefined],
    ["gpt", { disk_format: "qcow2" }, "mismatch"],
    ["iso", { disk_format: "raw" }, "mismatch"],
    ["raw", { disk_format: "ploop" }, undefined],
    ["qcow2", { disk_format: null }, undefined],
    ["qcow2", {}, undefined],
    ["luks", { disk_format: "raw" }, "mismatch"],
    ["luks", { disk_format: "raw", cinder_encryption_key_id: "k" }, undefined],
    ["qcow2", { disk_format: "raw", cinder_encryption_key_id: "k" }, "mismatch"],
  ];
  for (const [format, claim, kind] of cases) {
    assertEquals(faultOf(inspectionOf(format), claim)?.kind, kind, JSON.stringify([format, claim]));
  }
});

Deno.test("faultOf() returns every failed check, whatever is declared", () => {
  const failures = [{ check: "a", reason: "one" }, { check: "b", reason: "two" }];
  for (const claim of [{}, { disk_format: "qcow2" }, { container_format: "ova" }]) {
    const fault = faultOf(inspectionOf("qcow2", failures), claim);
    assertEquals([fault?.kind, fault?.text], ["unsafe", "one (a), and two (b)"]);
  }
});
