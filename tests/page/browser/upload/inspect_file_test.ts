import { assertEquals, assertStringIncludes } from "@std/assert";
import { imageNameFor, inspectFile } from "../../../../lib/page/browser/upload/inspect_file.ts";
import { be, qcow2 } from "../../../formats/image_builder.ts";

function fileOf(bytes: Uint8Array): File {
  return new File([bytes as Uint8Array<ArrayBuffer>], "disk.img");
}

Deno.test("inspectFile() finds the format, and what Glance would refuse", async () => {
  const plain = await inspectFile(fileOf(qcow2()));
  assertEquals(plain, { disk_format: "qcow2", warning: "" });
  const backed = await inspectFile(fileOf(qcow2([[8, be(512, 8)]])));
  assertStringIncludes(backed.warning, "backing file");
  assertEquals(await inspectFile(new File(["text"], "a.qcow2")), {
    disk_format: "raw",
    warning: "",
  });
  assertEquals((await inspectFile(new File([], "a"))).warning, "it is empty");
  const gzip = new Blob(["data"]).stream().pipeThrough(new CompressionStream("gzip"));
  const compressed = new File([await new Response(gzip).blob()], "disk.img.gz");
  assertStringIncludes((await inspectFile(compressed)).warning, "compressed with gzip");
});

Deno.test("imageNameFor() suggests a name without ending and invisible characters", () => {
  const names = {
    "ubuntu-24.04.img": "ubuntu-24.04",
    "debian-13.qcow2": "debian-13",
    "disk.raw.img": "disk",
    "gnp.\u202eexe": "gnp.exe",
    "<img src=x onerror=alert(1)>": "<img src=x onerror=alert(1)>",
    ".img": "",
  };
  for (const [path, name] of Object.entries(names)) assertEquals(imageNameFor(path), name);
  assertEquals(imageNameFor("x".repeat(300)).length, 255);
});
