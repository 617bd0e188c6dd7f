/** The inspection of an image from the findings of all formats. */
import type { FormatFinding } from "./format_steps.ts";
import type { ImageInspection, InspectionFailure } from "./types.ts";

/** The outcome of the inspector of one format. */
export interface FormatOutcome {
  readonly format: string;
  readonly isMatch: boolean;
  /** Null if the image is not of this format. An inspector that failed has one without a match. */
  readonly finding: FormatFinding | null;
}

const RAW: FormatFinding = { virtualSize: { from: 0n }, failures: [] };

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
  const { size = null, failures = [], unchecked = [] } = isAmbiguous
    ? {}
    : sizeOf(first.finding, imageSize);
  const all = [
    ...(isAmbiguous ? [ambiguity(formats)] : []),
    ...[...counted, ...faulty].flatMap(({ finding }) => finding?.failures ?? []),
    ...failures,
  ];
  return {
    format: first.format,
    formats: formats.length === 0 ? [first.format] : formats,
    virtualSize: size,
    isSafe: all.length === 0,
    failures: all,
    unchecked: [...counted.flatMap(({ finding }) => finding?.unchecked ?? []), ...unchecked],
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
  readonly size?: number | bigint | null;
  readonly failures?: readonly InspectionFailure[];
  readonly unchecked?: readonly string[];
}

const SIZE_CHECK = "virtual_size";

function sizeOf(finding: FormatFinding | null, imageSize: number | null): VirtualSize {
  const size = finding?.virtualSize ?? null;
  if (size === null || typeof size === "bigint") return { size: simplified(size) };
  if (imageSize === null) return { unchecked: size.from > 0n ? [SIZE_CHECK] : [] };
  const length = BigInt(imageSize) - size.from;
  if (length >= 0n) return { size: simplified(length) };
  const reason = `its disk begins at byte ${size.from}, after its end`;
  return { failures: [{ check: SIZE_CHECK, reason }] };
}

function simplified(size: bigint | null): number | bigint | null {
  return size !== null && size <= Number.MAX_SAFE_INTEGER ? Number(size) : size;
}
