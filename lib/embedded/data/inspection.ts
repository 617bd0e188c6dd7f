/**
 * Decides from the format of stored data whether Glance accepts it, and what its virtual size is, as
 * `glance/location.py` does since 2025.1. `lib/formats` detects the formats.
 */

import type { ImageInspection } from "../../formats/types.ts";
import type { EmbeddedCloud } from "../request/embedded_cloud.ts";
import { Failure } from "../http/errors.ts";
import type { ImageRow, WrittenData } from "../storage/image_records.ts";

/** The first minor version whose Glance rejects data. */
const FIRST_STRICT_MINOR = 17;

/** Formats that Glance detects. Data of other formats, such as `ami`, counts as raw. */
const RECOGNIZED: readonly string[] = [
  "raw",
  "qcow2",
  "vhd",
  "vhdx",
  "vmdk",
  "vdi",
  "qed",
  "iso",
  "gpt",
  "luks",
];

/** The virtual size, and the reason to reject the data, if any. */
export type InspectedData = Pick<WrittenData, "virtualSize" | "refusal">;

const NOT_INSPECTED: InspectedData = { virtualSize: null, refusal: null };

/** Evaluates the inspection of an image's data. Only data in `bare` containers is inspected. */
export function evaluateData(
  { minor, requireImageFormatMatch }: EmbeddedCloud,
  { disk_format: declared, container_format: container }: Pick<
    ImageRow,
    "disk_format" | "container_format"
  >,
  { format, formats, failures, virtualSize }: ImageInspection,
  size: number,
): InspectedData {
  if (container !== "bare") return NOT_INSPECTED;
  const isStrict = minor >= FIRST_STRICT_MINOR;
  const isAmbiguous = failures.some(({ check }) => check === "formats");
  const isUninspected = format === "raw" && !RECOGNIZED.includes(declared ?? "");
  const isMatch = !isAmbiguous && (format === declared || declared === "raw" || isUninspected);
  if (!isMatch) {
    if (isStrict && requireImageFormatMatch) {
      const refusal = isAmbiguous
        ? `Multiple formats detected: ${formats.join(", ")}`
        : `Image disk_format ${declared} does not match stream data ${format}`;
      return { virtualSize: null, refusal };
    }
    if (isAmbiguous) return NOT_INSPECTED;
  }
  if (isStrict && failures.length > 0) {
    return { virtualSize: null, refusal: "Image failed safety checks" };
  }
  if (!isMatch) return NOT_INSPECTED;
  if (format === declared) return { virtualSize: reportable(virtualSize), refusal: null };
  // Data of any format may be declared as raw; its virtual size is then the size of the data.
  return { virtualSize: isUninspected ? null : reportable(size), refusal: null };
}

/** Glance leaves out a size of 0. A size above 2^53 cannot be stored. */
function reportable(size: number | bigint | null): number | null {
  return typeof size === "number" && size > 0 ? size : null;
}

/** @throws {Failure} 415 if the data is refused. */
export function checkAccepted({ refusal }: WrittenData): void {
  if (refusal) throw new Failure(415, undefined, { detail: refusal });
}
