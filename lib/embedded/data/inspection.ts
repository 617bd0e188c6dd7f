/**
 * What Glance concludes from the format of stored data, as `glance/location.py` does since 2025.1. The formats are
 * recognized by `lib/formats`; the rules are this file's own.
 */

import type { ImageInspection } from "../../formats/types.ts";
import type { EmbeddedCloud } from "../request/embedded_cloud.ts";
import { Failure } from "../http/errors.ts";
import type { ImageRow, WrittenData } from "../storage/image_records.ts";

/** The first version whose Glance refuses data. */
const FIRST_STRICT_MINOR = 17;

/** Formats that Glance recognizes. Data of other formats, such as `ami`, counts as raw. */
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

/** The conclusions. */
export type InspectedData = Pick<WrittenData, "virtualSize" | "refusal">;

const NOT_INSPECTED: InspectedData = { virtualSize: null, refusal: null };

/** Judges the data of an image. Only data in `bare` containers is inspected. */
export function judgeData(
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
    if (!isStrict || !requireImageFormatMatch) return NOT_INSPECTED;
    const refusal = isAmbiguous
      ? `Multiple formats detected: ${formats.join(", ")}`
      : `Image disk_format ${declared} does not match stream data ${format}`;
    return { virtualSize: null, refusal };
  }
  if (isStrict && failures.length > 0) {
    return { virtualSize: null, refusal: "Image failed safety checks" };
  }
  if (format === declared) return { virtualSize: reportable(virtualSize), refusal: null };
  // Anything may be called raw; its size is then that of the data.
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
