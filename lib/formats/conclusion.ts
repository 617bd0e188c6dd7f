/** The inspection of an image from the findings of all formats. */
import { describeException } from "./checks.ts";
import type { FormatFinding } from "./format_steps.ts";
import type { ImageInspection, InspectionFailure } from "./types.ts";

/** What the inspector of one format says. */
export interface FormatOutcome {
  readonly format: string;
  readonly isMatch: boolean;
  /** Null if the image is not of this format. An inspector that failed has one without a match. */
  readonly finding: FormatFinding | null;
}

const RAW: FormatFinding = { virtualSize: (imageSize) => imageSize, failures: [] };

/** `imageSize` is null if the size of the image is unknown. */
export function conclude(
  outcomes: readonly FormatOutcome[],
  imageSize: number | null,
  bytesRead: number,
): ImageInspection {
  const matches = outcomes.filter(({ isMatch }) => isMatch);
  const formats = matches.map(({ format }) => format);
  const [first = { format: "raw", isMatch: true, finding: RAW }] = hybridIso(matches) ?? matches;
  const isAmbiguous = formats.length > 1 && hybridIso(matches) === null;
  const counted = isAmbiguous ? matches : [first];
  const faulty = outcomes.filter(({ isMatch }) => !isMatch);
  const { size, failures } = sizeOf(first.finding, isAmbiguous ? null : imageSize);
  const all = [
    ...(isAmbiguous ? [ambiguity(formats)] : []),
    ...[...counted, ...faulty].flatMap(({ finding }) => finding?.failures ?? []),
    ...failures,
  ];
  return {
    format: first.format,
    formats: formats.length === 0 ? [first.format] : formats,
    virtualSize: isAmbiguous ? null : size,
    isSafe: all.length === 0,
    failures: all,
    unchecked: counted.flatMap(({ finding }) => finding?.unchecked ?? []),
    bytesRead,
  };
}

/** An ISO image that can be written to a disk has a partition table for its boot loader: it counts as iso. */
function hybridIso(matches: readonly FormatOutcome[]): FormatOutcome[] | null {
  const names = matches.map(({ format }) => format);
  const isHybrid = names.length === 2 && names.includes("iso") && names.includes("gpt");
  return isHybrid ? matches.filter(({ format }) => format === "iso") : null;
}

function ambiguity(formats: readonly string[]): InspectionFailure {
  return { check: "formats", reason: `it is ${formats.join(" and ")} at the same time` };
}

interface VirtualSize {
  readonly size: number | bigint | null;
  readonly failures: readonly InspectionFailure[];
}

function sizeOf(finding: FormatFinding | null, imageSize: number | null): VirtualSize {
  const size = finding?.virtualSize ?? null;
  if (typeof size !== "function") return { size: simplified(size), failures: [] };
  if (imageSize === null) return { size: null, failures: [] };
  try {
    return { size: simplified(size(BigInt(imageSize))), failures: [] };
  } catch (error) {
    return { size: null, failures: [{ check: "virtual_size", reason: describeException(error) }] };
  }
}

function simplified(size: bigint | null): number | bigint | null {
  return size !== null && size <= Number.MAX_SAFE_INTEGER ? Number(size) : size;
}
