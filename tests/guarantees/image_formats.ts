/** What an image is, from its bytes. */
import type { Guarantee } from "./guarantee.ts";

export const IMAGE_FORMATS: readonly Guarantee[] = [
  [
    "The inspection of an image does not depend on how its data is cut into chunks, and keeps at most 512 KiB (1.5 MiB of a VMDK).",
    "formats/chunking_property_test.ts: ImageInspector returns the same inspection for every way to split the bytes into chunks",
    "formats/inspectors/vmdk_test.ts: VMDK that is only a descriptor is unsafe, since its data is in other files",
  ],
  [
    "Whatever goes wrong in an inspection is a failure of the image, and an image that ends early is not raw data.",
    "formats/format_run_test.ts: FormatRun makes whatever goes wrong in an inspector a failure",
    "formats/inspectors/recognition_test.ts: ImageInspector refuses an image that ends early, and does not take it for raw data",
    "formats/inspectors/recognition_test.ts: ImageInspector refuses data of several formats",
  ],
  [
    "An image that refers to another file is unsafe.",
    "formats/inspectors/qcow2_test.ts: QCOW2 is unsafe if it refers to a file or has unknown features",
    "formats/inspectors/vmdk_test.ts: VMDK is unsafe if its descriptor is",
    "formats/inspectors/vmdk_test.ts: VMDK is unsafe if it has a parent",
    "formats/inspectors/vmdk_test.ts: VMDK is unsafe if a NUL does not end its descriptor, since QEMU reads on",
  ],
  [
    "An image that the inspectors of OpenStack refuse is refused, also if its header is damaged.",
    "formats/upstream_test.ts: inspectImage() has a case for each test of oslo.utils",
    "formats/mutated_headers_test.ts: ImageInspector returns the verdict of the rules for 5,000 damaged images in any chunks",
    "formats/reported_images_test.ts: verdictFor() is correct for … (…)",
    "live/formats_test.ts: inspectImage() classifies images as the inspectors of Glance and Cinder do",
  ],
  [
    "The format is certain after 256 KiB, and what was not read is named.",
    "formats/chunking_property_test.ts: preview() returns the formats of the whole image once isDecided is true",
    "formats/inspect_image_test.ts: headerOnly stops reading when the format is certain, and names what it did not check",
  ],
  [
    "An unsafe image is refused for every service, and the reason names what helps.",
    "formats/verdict_test.ts: verdictFor() refuses an unsafe image for every service, whatever is declared",
    "formats/verdict_test.ts: verdictFor() names the found and the declared format, and how to proceed",
  ],
];
